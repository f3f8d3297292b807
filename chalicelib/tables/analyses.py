"""The records of analyses: their items and indexes, adding them, finding them.

A record that waits for something has ``watch`` and ``check_at``, which place it in the index
*by_watch*, where the sweep finds it. Beside an analysis stand its *callback* (under the hash of the
one-time token), the *tally* of its author's analyses of the source, an *idempotency* record if the
request had a key, and a *listing* item for its author and for each of its groups. How an analysis
changes its state is in `analysis_transitions`.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import groupby, islice
from typing import Any

import msgspec
from pynamodb.attributes import Attribute, BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.constants import STRING
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib import settings
from chalicelib.tables import base

WAITING = ("queued", "pending")
"""The states in which an analysis waits for its service."""

COUNTED = (*WAITING, "completed")
"""The states that count against an author's cap."""

WATCHED = "open"
"""The one partition of the index *by_watch*: what the sweep has to check, by time."""

LISTINGS_PER_TRANSACTION = 80
"""A transaction takes 100 items; an analysis with more listings writes the rest before."""

RECORDS_PER_READ = 100
"""The most records that one BatchGetItem returns."""


class PlotPart(msgspec.Struct):
    """A plot of a stored document: its format, and its key below the document's prefix."""

    format: str
    key: str


class Products(msgspec.Struct, omit_defaults=True):
    """What a record says of its stored document.

    Attributes
    ----------
    plots : list of PlotPart
        The plots, in order.
    inference_data, results : str, optional
        Their formats, if the document has them.
    samples : str, optional
        The name under which the document has posterior samples.
    annotations : list of dict
        Annotations to write to the source.
    curves : dict
        The fields that lists of a source's analyses show, if they are small.
    scalars : dict, optional
        Scalars of the results by dotted name; None while nobody has read them (joblib).
    summary : str, optional
        The summary in the results.
    hash : str, optional
        MD5 of the document.
    verdict : dict, optional
        Whether the service's model describes the data (``describes_data``), in words (``message``).
    """

    plots: list[PlotPart] = []
    inference_data: str | None = None
    results: str | None = None
    samples: str | None = None
    annotations: list[dict[str, Any]] = []
    curves: dict[str, Any] = {}
    scalars: dict[str, int | float | str | bool] | None = None
    summary: str | None = None
    verdict: dict[str, Any] | None = None
    hash: str | None = None


class ProductsAttribute(Attribute[Products]):
    """Products as JSON text."""

    attr_type = STRING

    def serialize(self, value: Products) -> str:
        return msgspec.json.encode(value).decode()

    def deserialize(self, value: str) -> Products:
        return msgspec.json.decode(value, type=Products)


class AnalysesTableItem(base.Record):
    """Any item of the table *analyses*."""

    class Meta:
        table_name = settings.resource_name("analyses")

    key = UnicodeAttribute(hash_key=True)
    shape = base.IntegerAttribute(default=1)
    expires_at = base.IntegerAttribute(null=True)


class BySource(GlobalSecondaryIndex["AnalysisItem"]):  # type: ignore[no-untyped-call]
    """Analyses by their source."""

    class Meta:
        index_name = "by_source"
        projection = AllProjection()

    obj_id = UnicodeAttribute(hash_key=True)
    id = base.IntegerAttribute(range_key=True)


class ByService(GlobalSecondaryIndex["AnalysisItem"]):  # type: ignore[no-untyped-call]
    """Analyses by their service."""

    class Meta:
        index_name = "by_service"
        projection = AllProjection()

    analysis_service_id = base.IntegerAttribute(hash_key=True)
    id = base.IntegerAttribute(range_key=True)


class ByWatch(GlobalSecondaryIndex["AnalysisItem"]):  # type: ignore[no-untyped-call]
    """Running analyses by the time they are to be checked."""

    class Meta:
        index_name = "by_watch"
        projection = AllProjection()

    watch = UnicodeAttribute(hash_key=True)
    check_at = NumberAttribute(range_key=True)


class ByListing(GlobalSecondaryIndex["ListingItem"]):  # type: ignore[no-untyped-call]
    """Listed analyses, newest last."""

    class Meta:
        index_name = "by_listing"
        projection = KeysOnlyProjection()

    listing = UnicodeAttribute(hash_key=True)
    id = base.IntegerAttribute(range_key=True)


class ListingItem(AnalysesTableItem):
    """An analysis in a listing: that of a group, or of its author."""

    by_listing = ByListing()

    listing = UnicodeAttribute()
    id = base.IntegerAttribute()


class AnalysisItem(AnalysesTableItem):
    """An analysis; ``document`` is the prefix of its stored document."""

    by_source = BySource()
    by_service = ByService()
    by_watch = ByWatch()

    listing = UnicodeAttribute(default_for_new=base.EVERYONE)
    id = base.IntegerAttribute()
    obj_id = UnicodeAttribute()
    analysis_service_id = base.IntegerAttribute()
    author_id = base.IntegerAttribute()
    group_ids = base.IntegerSetAttribute()
    status = UnicodeAttribute()
    status_message = UnicodeAttribute(default="")
    progress = NumberAttribute(null=True)
    analysis_parameters = JSONAttribute()
    sealed_parameters = JSONAttribute(null=True)
    input_filters = JSONAttribute(null=True)
    show_parameters = BooleanAttribute(default=False)
    show_plots = BooleanAttribute(default=False)
    show_corner = BooleanAttribute(default=False)
    created_at = UnicodeAttribute(default_for_new=base.timestamp)
    modified = UnicodeAttribute(default_for_new=base.timestamp)
    last_activity = UnicodeAttribute(default_for_new=base.timestamp)
    duration = NumberAttribute(null=True)
    invalid_after = UnicodeAttribute(null=True)
    is_summary = BooleanAttribute(default=False)
    timeout = NumberAttribute()
    callback_hash = UnicodeAttribute(null=True)
    public_url = UnicodeAttribute(null=True)
    attempts = base.IntegerAttribute(default=0)
    lease_until = NumberAttribute(default=0)
    watch = UnicodeAttribute(null=True)
    check_at = NumberAttribute(null=True)
    document = UnicodeAttribute(null=True)
    stored_products = ProductsAttribute(null=True, attr_name="products")

    @property
    def products(self) -> Products:
        """What the record says of its document; empty while there is none."""
        return self.stored_products or Products()


class CallbackItem(AnalysesTableItem):
    """The analysis of a callback token, under the hash of the token."""

    analysis_id = base.IntegerAttribute()
    consumed = BooleanAttribute(default=False)


class TallyItem(AnalysesTableItem):
    """A counter: an author's completed or running analyses of a source, or a default analysis' of a day."""

    held = base.IntegerAttribute(default=0)


class IdempotencyItem(AnalysesTableItem):
    """The id that a request with this ``Idempotency-Key`` was answered with."""

    analysis_id = base.IntegerAttribute()


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
    """

    def __init__(self, earlier_id: int) -> None:
        super().__init__(f"the key was used for {earlier_id}")
        self.earlier_id = earlier_id


def analysis_key(analysis_id: int) -> AnalysisItem:
    """Return an item that has nothing but the key of an analysis."""
    return AnalysisItem(f"analysis#{analysis_id}")


def tally_key(item: AnalysisItem) -> TallyItem:
    """Return an item that has nothing but the key of the tally of an analysis' author and source."""
    return TallyItem(f"tally#{item.author_id}#{item.obj_id}")


def author_listing(user_id: int) -> str:
    """Return the key of the listing of a user's own analyses."""
    return f"author#{user_id}"


def listing_items(item: AnalysisItem) -> list[ListingItem]:
    """Return the listing items of an analysis: one for its author, one for each of its groups."""
    listings = [author_listing(item.author_id), *map(base.group_listing, item.group_ids)]
    return [listing_item(item.id, listing) for listing in listings]


def listing_item(analysis_id: int, listing: str) -> ListingItem:
    """Return the item of an analysis in one listing."""
    return ListingItem(f"{listing}#{analysis_id}", listing=listing, id=analysis_id)


def insert_analysis(item: AnalysisItem, idempotency_key: str | None, counts: list[CountLimit]) -> None:
    """Add an analysis with its callback and its listings, if no count has reached its limit.

    Parameters
    ----------
    item : AnalysisItem
        The new record; its ``callback_hash`` is None if no callback is expected.
    idempotency_key : str or None
        The key of the request, scoped to its user.
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


def save_idempotency_key(write: base.Transaction, key: str, answered_id: int) -> None:
    """Save what a request with this key is answered with; the transaction fails if the key was used."""
    current_time = int(time.time())
    item = IdempotencyItem(
        f"idempotency#{key}", analysis_id=answered_id, expires_at=current_time + settings.IDEMPOTENCY_SECONDS
    )
    unused: Condition = IdempotencyItem.key.does_not_exist() | (IdempotencyItem.expires_at < current_time)
    write.save(item, unused, lambda raw: IdempotencyKeyUsed(IdempotencyItem.from_raw_data(raw).analysis_id))


def find_earlier_id(idempotency_key: str) -> int | None:
    """Return the id that an earlier request with this key was answered with, or None."""
    item = IdempotencyItem.find(f"idempotency#{idempotency_key}")
    return item.analysis_id if item and (item.expires_at or 0) >= time.time() else None


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
    return _skip_deleted(AnalysisItem.by_source.query(source_id, until, scan_index_forward=False))


def iterate_service_analyses(service_id: int, before: int | None = None) -> Iterator[AnalysisItem]:
    """Yield the analyses of a service, newest first, with ids below `before` if it is set."""
    until = ByService.id < before if before else None
    return _skip_deleted(AnalysisItem.by_service.query(service_id, until, scan_index_forward=False))


def find_some_of_service(service_id: int, limit: int) -> list[AnalysisItem]:
    """Return some analyses of a service, those marked deleted included."""
    return list(AnalysisItem.by_service.query(service_id, limit=limit))


def find_some_of_source(source_id: str, limit: int) -> list[AnalysisItem]:
    """Return some analyses of a source, those marked deleted included."""
    return list(AnalysisItem.by_source.query(source_id, limit=limit))


def find_overdue(limit: int) -> list[AnalysisItem]:
    """Return the records that the sweep has to check now, the longest waiting first."""
    due = ByWatch.check_at <= time.time()
    return list(AnalysisItem.by_watch.query(WATCHED, due, limit=limit))


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
    while chunk := list(islice(distinct, min(page_size, RECORDS_PER_READ))):
        items = find_analyses(chunk)
        yield from (items[analysis_id] for analysis_id in chunk if analysis_id in items)


def _iterate_ids(listing: str, before: int | None, page_size: int) -> Iterator[int]:
    until = ByListing.id < before if before else None
    entries = ListingItem.by_listing.query(listing, until, scan_index_forward=False, page_size=page_size)
    return (entry.id for entry in entries)


def _skip_deleted(items: Iterator[AnalysisItem]) -> Iterator[AnalysisItem]:
    return (item for item in items if item.status != "deleted")
