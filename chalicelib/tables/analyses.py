"""The records of analyses: adding them, finding them.

What they consist of is in `analysis_items`; how an analysis changes its state is in `analysis_transitions`.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import groupby, islice

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.tables import base
from chalicelib.tables.analysis_items import (
    AnalysisItem,
    ByListing,
    ByService,
    BySource,
    ByWatch,
    CallbackItem,
    IdempotencyItem,
    ListingItem,
    TallyItem,
    listing_items,
)

LISTINGS_PER_TRANSACTION = 80
"""A transaction takes 100 items; an analysis with more listings writes the rest before."""

RECORDS_PER_READ = 100
"""The most records that one BatchGetItem returns."""


@dataclass(frozen=True)
class IdempotencyKey:
    """An ``Idempotency-Key``, scoped to its user.

    Attributes
    ----------
    key : str
        The key.
    subject : str
        A hash of the request that it stands for.
    seconds : int
        How long it is stored.
    """

    key: str
    subject: str
    seconds: int


@dataclass(frozen=True)
class CountLimit:
    """A number of analyses that may not exceed a limit.

    Attributes
    ----------
    key : str
        What is counted.
    limit : int
        The highest value allowed.
    expires_at : int, optional
        When the count is deleted (seconds since 1970).
    """

    key: str
    limit: int
    expires_at: int | None = None


class CountLimitReached(base.ConditionFailed):
    """A count has reached its limit."""

    def __init__(self, count: CountLimit) -> None:
        super().__init__(f"{count.key} has reached {count.limit}")
        self.count = count


class IdempotencyKeyUsed(base.ConditionFailed):
    """An earlier request had the same ``Idempotency-Key``.

    Attributes
    ----------
    earlier_id : int
        What that request was answered with.
    subject : str or None
        The hash of that request.
    """

    def __init__(self, item: IdempotencyItem) -> None:
        super().__init__(f"the key was used for {item.analysis_id}")
        self.earlier_id = item.analysis_id
        self.subject = item.subject


def insert_analysis(item: AnalysisItem, idempotency_key: IdempotencyKey | None, counts: list[CountLimit]) -> None:
    """Add an analysis with its callback and its listings, if no count has reached its limit.

    Parameters
    ----------
    item : AnalysisItem
        The new record; its ``callback_hash`` is None if no callback is expected.
    idempotency_key : IdempotencyKey or None
        The key of the request.
    counts : list of CountLimit
        The counts that the analysis increases.

    Raises
    ------
    CountLimitReached
        If a count has reached its limit.
    IdempotencyKeyUsed
        If an earlier request had the key.
    """
    entries = listing_items(item)
    if entries[LISTINGS_PER_TRANSACTION:]:
        # Before the record: readers skip a listing item without a record.
        with ListingItem.batch_write() as batch:
            for entry in entries[LISTINGS_PER_TRANSACTION:]:
                batch.save(entry)
    with base.transaction() as write:
        write.save(item, AnalysisItem.key.does_not_exist())
        for entry in entries[:LISTINGS_PER_TRANSACTION]:
            write.save(entry)
        if item.callback_hash:
            write.save(CallbackItem(f"callback#{item.callback_hash}", analysis_id=item.id))
        if idempotency_key:
            save_idempotency_key(write, idempotency_key, item.id)
        for count in counts:
            has_room = (TallyItem.held < count.limit) | TallyItem.held.does_not_exist()
            write.update(TallyItem(count.key), _increment(count), has_room, CountLimitReached(count))


def _increment(count: CountLimit) -> list[Action]:
    actions: list[Action] = [TallyItem.held.add(1)]
    return [*actions, TallyItem.expires_at.set(count.expires_at)] if count.expires_at else actions


def save_idempotency_key(write: base.Transaction, key: IdempotencyKey, answered_id: int) -> None:
    """Save what a request with this key is answered with; the transaction fails if the key was used."""
    current_time = int(time.time())
    item = IdempotencyItem(
        f"idempotency#{key.key}", analysis_id=answered_id, subject=key.subject, expires_at=current_time + key.seconds
    )
    unused: Condition = IdempotencyItem.key.does_not_exist() | (IdempotencyItem.expires_at < current_time)
    write.save(item, unused, lambda raw: IdempotencyKeyUsed(IdempotencyItem.from_raw_data(raw)))


def find_idempotency_item(key: str) -> IdempotencyItem | None:
    """Return what an earlier request with this key was answered with, or None."""
    item = IdempotencyItem.find(f"idempotency#{key}")
    return item if item and (item.expires_at or 0) >= time.time() else None


def read_counts(keys: list[str]) -> dict[str, int]:
    """Return the values of counts by key, without those that never began."""
    return {item.key: item.held for item in TallyItem.find_many(keys)}


def find_analysis(analysis_id: int) -> AnalysisItem | None:
    """Return an analysis, or None if it does not exist or is marked deleted."""
    item = AnalysisItem.find(f"analysis#{analysis_id}")
    return item if item and item.status != "deleted" else None


def find_analyses(analysis_ids: Iterable[int]) -> dict[int, AnalysisItem]:
    """Return the analyses that exist, by id."""
    items = AnalysisItem.find_many(f"analysis#{analysis_id}" for analysis_id in analysis_ids)
    return {item.id: item for item in items if item.status != "deleted"}


def find_by_callback(token_hash: str) -> AnalysisItem | None:
    """Return the analysis of a callback token, used or not."""
    callback = CallbackItem.find(f"callback#{token_hash}")
    return find_analysis(callback.analysis_id) if callback else None


def iterate_source_analyses(source_id: str, before: int | None = None) -> Iterator[AnalysisItem]:
    """Yield the analyses of a source, newest first, with ids below `before` if it is set."""
    until = BySource.id < before if before else None
    return _iterate_records(AnalysisItem.by_source.query(source_id, until, scan_index_forward=False))


def iterate_service_analyses(service_id: int, before: int | None = None) -> Iterator[AnalysisItem]:
    """Yield the analyses of a service, newest first, with ids below `before` if it is set."""
    until = ByService.id < before if before else None
    return _iterate_records(AnalysisItem.by_service.query(service_id, until, scan_index_forward=False))


def _iterate_records(entries: Iterator[AnalysisItem]) -> Iterator[AnalysisItem]:
    """Yield the records of an index' entries, which hold keys only."""
    yield from _iterate_by_ids((entry.id for entry in entries), RECORDS_PER_READ)


def find_some_of_service(service_id: int, limit: int) -> list[AnalysisItem]:
    """Return some analyses of a service, those marked deleted included."""
    return AnalysisItem.find_many(entry.key for entry in AnalysisItem.by_service.query(service_id, limit=limit))


def find_some_of_source(source_id: str, limit: int) -> list[AnalysisItem]:
    """Return some analyses of a source, those marked deleted included."""
    return AnalysisItem.find_many(entry.key for entry in AnalysisItem.by_source.query(source_id, limit=limit))


def iterate_overdue(watch: str) -> Iterator[str]:
    """Yield the keys of the records in a partition of *by_watch* that are to be checked, the longest overdue first."""
    due = ByWatch.check_at <= time.time()
    return (item.key for item in AnalysisItem.by_watch.query(watch, due, page_size=RECORDS_PER_READ))


def find_watched(keys: Iterable[str]) -> list[AnalysisItem]:
    """Return the records with these keys, those marked deleted included."""
    return AnalysisItem.find_many(keys)


def iterate_line(service_id: int, page_size: int) -> Iterator[int]:
    """Yield the ids of the analyses that wait for a service, in order; some may have left the line meanwhile."""
    entries = AnalysisItem.by_line.query(service_id, page_size=page_size)
    return (int(entry.key.partition("#")[2]) for entry in entries)


def count_line(service_id: int, most: int) -> int:
    """Return how many analyses wait for a service; `most` if there are more."""
    return sum(1 for _ in islice(iterate_line(service_id, most), most))


def iterate_newest(listings: Iterable[str], before: int | None, page_size: int) -> Iterator[AnalysisItem]:
    """Yield the analyses of several listings, newest first, each once.

    Parameters
    ----------
    listings : iterable of str
        The keys of the listings.
    before : int or None
        Only analyses with smaller ids.
    page_size : int
        The most entries to read of a listing at a time.
    """
    ids = merge(*(_iterate_ids(listing, before, page_size) for listing in listings), reverse=True)
    distinct = (analysis_id for analysis_id, _ in groupby(ids))
    yield from _iterate_by_ids(distinct, min(page_size, RECORDS_PER_READ))


def _iterate_by_ids(ids: Iterator[int], per_read: int) -> Iterator[AnalysisItem]:
    while chunk := list(islice(ids, per_read)):
        items = find_analyses(chunk)
        yield from (items[analysis_id] for analysis_id in chunk if analysis_id in items)


def _iterate_ids(listing: str, before: int | None, page_size: int) -> Iterator[int]:
    until = ByListing.id < before if before else None
    entries = ListingItem.by_listing.query(listing, until, scan_index_forward=False, page_size=page_size)
    return (entry.id for entry in entries)
