"""Batches: one analysis for many sources, and the outcome for each source."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from pynamodb.attributes import UnicodeAttribute

from chalicelib.tables.analyses import IdempotencyKey, save_idempotency_key
from chalicelib.tables.base import AlreadyExists, IntegerAttribute, Registry, id_key, next_id, timestamp, transaction


class BatchItem(Registry):
    """A batch (kind ``batch``); its request and the names of its sources lie in a blob.

    ``refused`` counts the refusals once all outcomes are known.
    """

    id = IntegerAttribute()
    author_id = IntegerAttribute()
    service_id = IntegerAttribute()
    total = IntegerAttribute()
    refused = IntegerAttribute(null=True)
    created_at = UnicodeAttribute(default_for_new=timestamp)


class BatchListingItem(Registry):
    """A batch in the list of its author (kind ``batches_of#<author>``, by the id of the batch)."""

    id = IntegerAttribute()


class OutcomeItem(Registry):
    """The outcome of a batch for one source (kind ``batch#<id>``, by its position in the batch)."""

    obj_id = UnicodeAttribute()
    analysis_id = IntegerAttribute(null=True)
    message = UnicodeAttribute(null=True)


def next_batch_id() -> int:
    """Return the id of the batch that is about to be added."""
    return next_id("batch")


def insert_batch(
    batch_id: int, author_id: int, service_id: int, total: int, idempotency_key: IdempotencyKey | None
) -> None:
    """Add a batch.

    Raises
    ------
    IdempotencyKeyUsed
        If an earlier request had the key.
    """
    item = BatchItem("batch", id_key(batch_id), id=batch_id, author_id=author_id, service_id=service_id, total=total)
    with transaction() as write:
        write.save(item, BatchItem.key.does_not_exist())
        write.save(BatchListingItem(_author_kind(author_id), id_key(batch_id), id=batch_id))
        if idempotency_key:
            save_idempotency_key(write, idempotency_key, batch_id)


def _author_kind(author_id: int) -> str:
    return f"batches_of#{author_id}"


def insert_outcome(batch_id: int, position: int, source_id: str, analysis_id: int | None, message: str | None) -> None:
    """Save the outcome for one source; an outcome that exists is the same and stays."""
    outcome = OutcomeItem(
        f"batch#{batch_id}", id_key(position), obj_id=source_id, analysis_id=analysis_id, message=message
    )
    with suppress(AlreadyExists):
        outcome.save_if(OutcomeItem.key.does_not_exist(), AlreadyExists())


def count_outcomes(batch_id: int) -> tuple[int, int]:
    """Return how many outcomes of a batch are known, and how many of these are refusals."""
    partition = f"batch#{batch_id}"
    is_refusal = OutcomeItem.analysis_id.does_not_exist()
    return (
        OutcomeItem.count(partition, consistent_read=True),
        OutcomeItem.count(partition, filter_condition=is_refusal, consistent_read=True),
    )


def find_batch(batch_id: int) -> BatchItem | None:
    """Return a batch, or None if there is none."""
    return BatchItem.find("batch", id_key(batch_id))


def save_refused_count(item: BatchItem, refused: int) -> None:
    """Save the number of refusals of a batch whose outcomes are all known: lists then need not count them.

    Raises
    ------
    StateChanged
        If the batch does not exist any more.
    """
    item.update_if([BatchItem.refused.set(refused)], BatchItem.key.exists())


def iterate_all_batches(before: int | None, page_size: int) -> Iterator[BatchItem]:
    """Yield the batches of all users, newest first, with ids below `before` if it is set."""
    until = BatchItem.key < id_key(before) if before else None
    return BatchItem.query("batch", until, consistent_read=True, scan_index_forward=False, page_size=page_size)


def iterate_author_batches(author_id: int, before: int | None, page_size: int) -> Iterator[BatchItem]:
    """Yield the batches that a user started, newest first, with ids below `before` if it is set."""
    until = BatchListingItem.key < id_key(before) if before else None
    entries = BatchListingItem.query(
        _author_kind(author_id), until, consistent_read=True, scan_index_forward=False, page_size=page_size
    )
    while keys := [("batch", entry.key) for entry in islice(entries, page_size)]:
        yield from sorted(BatchItem.find_many(keys), key=lambda item: item.id, reverse=True)


def find_outcomes(batch_id: int, first: int, count: int) -> list[OutcomeItem]:
    """Return the known outcomes at `count` positions from `first` on."""
    positions = OutcomeItem.key.between(id_key(first), id_key(first + count - 1))
    return list(OutcomeItem.query(f"batch#{batch_id}", positions, consistent_read=True))
