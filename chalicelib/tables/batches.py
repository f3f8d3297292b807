"""Batches: one analysis for many sources, and what came of it for each."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.update import Action

from chalicelib.tables.analyses import remember
from chalicelib.tables.base import Registry, id_key, next_id, timestamp, transaction

__all__ = ["BatchItem", "OutcomeItem", "add", "get", "new_id", "note", "outcomes"]


class BatchItem(Registry):
    """A batch (kind ``batch``); the request and the names of its sources lie in a blob."""

    id = NumberAttribute()
    author_id = NumberAttribute()
    service_id = NumberAttribute()
    total = NumberAttribute()
    started = NumberAttribute(default=0)
    refused = NumberAttribute(default=0)
    created_at = UnicodeAttribute(default_for_new=timestamp)


class OutcomeItem(Registry):
    """What came of a batch for one source (kind ``batch#<id>``, by its place in the batch)."""

    obj_id = UnicodeAttribute()
    analysis_id = NumberAttribute(null=True)
    message = UnicodeAttribute(null=True)


def new_id() -> int:
    """Return the id of the batch that is about to be added."""
    return next_id("batch")


def add(number: int, author_id: int, service_id: int, total: int, idempotency_key: str | None) -> None:
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
            remember(write, idempotency_key, number)


def note(number: int, place: int, obj_id: str, analysis_id: int | None, message: str | None) -> None:
    """Keep what came of a batch for one source.

    Raises
    ------
    LostRace
        If that is known already.
    """
    outcome = OutcomeItem(
        f"batch#{number}", id_key(place), obj_id=obj_id, analysis_id=analysis_id, message=message
    )
    count = BatchItem.refused if analysis_id is None else BatchItem.started
    actions: list[Action] = [count.add(1)]
    with transaction() as write:
        write.save(outcome, condition=OutcomeItem.key.does_not_exist())
        write.update(BatchItem("batch", id_key(number)), actions=actions)


def get(number: int) -> BatchItem | None:
    try:
        return BatchItem.get("batch", id_key(number), consistent_read=True)
    except DoesNotExist:
        return None


def outcomes(number: int, first: int, count: int) -> list[OutcomeItem]:
    """Return what is known of some sources of a batch, by their places."""
    places = OutcomeItem.key.between(id_key(first), id_key(first + count - 1))
    return list(OutcomeItem.query(f"batch#{number}", places, consistent_read=True))
