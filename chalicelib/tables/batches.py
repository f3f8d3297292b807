"""Batches: one analysis for many sources, and what came of it for each."""

from contextlib import suppress

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist

from chalicelib.tables.analyses import save_idempotency_key
from chalicelib.tables.base import (
    ConditionFailed,
    Registry,
    id_key,
    next_id,
    timestamp,
    transaction,
    write_conditionally,
)

__all__ = [
    "BatchItem",
    "OutcomeItem",
    "count_outcomes",
    "find_batch",
    "find_outcomes",
    "insert_batch",
    "insert_outcome",
    "next_batch_id",
]


class BatchItem(Registry):
    """A batch (kind ``batch``); the request and the names of its sources lie in a blob."""

    id = NumberAttribute()
    author_id = NumberAttribute()
    service_id = NumberAttribute()
    total = NumberAttribute()
    created_at = UnicodeAttribute(default_for_new=timestamp)


class OutcomeItem(Registry):
    """What came of a batch for one source (kind ``batch#<id>``, by its place in the batch)."""

    obj_id = UnicodeAttribute()
    analysis_id = NumberAttribute(null=True)
    message = UnicodeAttribute(null=True)


def next_batch_id() -> int:
    """Return the id of the batch that is about to be added."""
    return next_id("batch")


def insert_batch(
    number: int, author_id: int, service_id: int, total: int, idempotency_key: str | None
) -> None:
    """Add a batch.

    Raises
    ------
    LostRace
        If the idempotency key is known.
    """
    item = BatchItem(
        "batch", id_key(number), id=number, author_id=author_id, service_id=service_id, total=total
    )
    with transaction() as write:
        write.save(item, condition=BatchItem.key.does_not_exist())
        if idempotency_key:
            save_idempotency_key(write, idempotency_key, number)


def insert_outcome(
    number: int, place: int, obj_id: str, analysis_id: int | None, message: str | None
) -> None:
    """Keep what came of a batch for one source; what is known of it already is the same."""
    outcome = OutcomeItem(
        f"batch#{number}", id_key(place), obj_id=obj_id, analysis_id=analysis_id, message=message
    )
    with suppress(ConditionFailed):
        write_conditionally(lambda: outcome.save(condition=OutcomeItem.key.does_not_exist()))


def count_outcomes(number: int) -> tuple[int, int]:
    """Return for how many sources of a batch something is known, and how many of these were refused."""
    partition = f"batch#{number}"
    refused = OutcomeItem.analysis_id.does_not_exist()
    return (
        OutcomeItem.count(partition, consistent_read=True),
        OutcomeItem.count(partition, filter_condition=refused, consistent_read=True),
    )


def find_batch(number: int) -> BatchItem | None:
    try:
        return BatchItem.get("batch", id_key(number), consistent_read=True)
    except DoesNotExist:
        return None


def find_outcomes(number: int, first: int, count: int) -> list[OutcomeItem]:
    """Return what is known of some sources of a batch, by their places."""
    places = OutcomeItem.key.between(id_key(first), id_key(first + count - 1))
    return list(OutcomeItem.query(f"batch#{number}", places, consistent_read=True))
