"""The items of the table *analyses*, its indexes, and the keys of both.

A record that waits for something has ``watch`` and ``check_at``, which place it in the index *by_watch*, where the
sweep finds it. One that waits for its service has ``line`` and ``place``, which place it in the index *by_line*. Beside
an analysis stand its *callback* (under the hash of the one-time token), the *tally* of its author's analyses of the
source, an *idempotency* record if the request had a key, and a *listing* item for its author and for each of its
groups.
"""

import zlib
from typing import Any

import msgspec
from pynamodb.attributes import Attribute, BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.constants import BINARY
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib import settings
from chalicelib.json_text import cut_deep_parts
from chalicelib.tables import base

WAITING = ("queued", "pending")
"""The states in which an analysis waits for its service."""

COUNTED = (*WAITING, "completed")
"""The states that count against an author's cap."""

WATCH_SHARDS = 4
"""Partitions of the index *by_watch* for each state that waits for something: so none of them is hot, and a crowd in
one state does not hold up the checks of another."""

WATCHED_LINES = "lines"
"""The partition of the index *by_watch* with the services for which analyses wait in line."""

WATCHED_BEFORE = "open"
"""The one partition of older versions; a check moves a record to the partition of its state."""

SHAPE = 2
"""The shape of new records; `migrations` changes older ones."""


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
        Whether the service's model describes the data (``describes_data``), in one word (``word``, of `VERDICT_WORDS`)
        and in a sentence (``message``).
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


VERDICT_WORDS = {True: ("good", "doubtful"), False: ("refuted",)}
"""The words of a verdict, by whether the model describes the data; the first is meant where none is said."""


class ProductsAttribute(Attribute[Products]):
    """Products as compressed JSON: light curves become a third, and each write of the record counts its size."""

    attr_type = BINARY

    def serialize(self, value: Products) -> bytes:
        return zlib.compress(msgspec.json.encode(value), 6)

    def deserialize(self, value: bytes) -> Products:
        return msgspec.json.decode(cut_deep_parts(zlib.decompress(value).decode()), type=Products)


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
        projection = KeysOnlyProjection()

    obj_id = UnicodeAttribute(hash_key=True)
    id = base.IntegerAttribute(range_key=True)


class ByService(GlobalSecondaryIndex["AnalysisItem"]):  # type: ignore[no-untyped-call]
    """Analyses by their service."""

    class Meta:
        index_name = "by_service"
        projection = KeysOnlyProjection()

    analysis_service_id = base.IntegerAttribute(hash_key=True)
    id = base.IntegerAttribute(range_key=True)


class ByWatch(GlobalSecondaryIndex["AnalysisItem"]):  # type: ignore[no-untyped-call]
    """Running analyses by the time they are to be checked."""

    class Meta:
        index_name = "by_watch"
        projection = KeysOnlyProjection()

    watch = UnicodeAttribute(hash_key=True)
    check_at = NumberAttribute(range_key=True)


class ByLine(GlobalSecondaryIndex["AnalysisItem"]):  # type: ignore[no-untyped-call]
    """Analyses that wait for their service, in the order in which it is sent them."""

    class Meta:
        index_name = "by_line"
        projection = KeysOnlyProjection()

    line = base.IntegerAttribute(hash_key=True)
    place = NumberAttribute(range_key=True)


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
    """An analysis.

    Attributes
    ----------
    attempts, uncounted : int
        How many attempts to send it were begun, and how many of these the service asked to repeat later.
    lease_until : float
        Until when one invocation alone may send it.
    give_up_at : float, optional
        After this time no attempt begins; set by the first one.
    line, place : optional
        The service for which it waits in line, and where; of a smaller place first.
    waits_since : float, optional
        When it joined the line.
    unanswered : bool, optional
        Whether it was sent and the service gave no answer, so that a callback tells more of the service.
    batch_id : int, optional
        The batch that it belongs to, if its service is told of it.
    document : str, optional
        The prefix of its stored document.
    """

    by_source = BySource()
    by_service = ByService()
    by_watch = ByWatch()
    by_line = ByLine()

    shape = base.IntegerAttribute(default_for_new=SHAPE)
    listing = UnicodeAttribute(default_for_new=base.EVERYONE)
    id = base.IntegerAttribute()
    obj_id = UnicodeAttribute()
    analysis_service_id = base.IntegerAttribute()
    author_id = base.IntegerAttribute()
    group_ids = base.IntegerSetAttribute()
    status = UnicodeAttribute()
    status_message = UnicodeAttribute(default="")
    progress = NumberAttribute(null=True)
    analysis_parameters = base.JsonAttribute()
    sealed_parameters = base.JsonAttribute(null=True)
    input_filters = base.JsonAttribute(null=True)
    show_parameters = BooleanAttribute(default=False)
    show_plots = BooleanAttribute(default=False)
    show_corner = BooleanAttribute(default=False)
    created_at = UnicodeAttribute(default_for_new=base.timestamp)
    modified = UnicodeAttribute(default_for_new=base.timestamp)
    last_activity = UnicodeAttribute(default_for_new=base.timestamp)
    duration = NumberAttribute(null=True)
    invalid_after = UnicodeAttribute(null=True)
    is_summary = BooleanAttribute(default=False)
    may_annotate = BooleanAttribute(default=False)
    timeout = NumberAttribute()
    callback_hash = UnicodeAttribute(null=True)
    public_url = UnicodeAttribute(null=True)
    attempts = base.IntegerAttribute(default=0)
    uncounted = base.IntegerAttribute(default=0)
    lease_until = NumberAttribute(default=0)
    give_up_at = NumberAttribute(null=True)
    line = base.IntegerAttribute(null=True)
    place = NumberAttribute(null=True)
    waits_since = NumberAttribute(null=True)
    unanswered = BooleanAttribute(null=True)
    watch = UnicodeAttribute(null=True)
    check_at = NumberAttribute(null=True)
    batch_id = base.IntegerAttribute(null=True)
    document = UnicodeAttribute(null=True)
    stored_products = ProductsAttribute(null=True, attr_name="packed_products")
    unpacked_products = base.StructAttribute(Products, null=True, attr_name="products")

    @property
    def products(self) -> Products:
        """What the record says of its document; empty while there is none."""
        return self.stored_products or self.unpacked_products or Products()

    @property
    def counted_attempts(self) -> int:
        """The number of attempts that were begun, besides those that the service asked to repeat later."""
        return self.attempts - self.uncounted


class CallbackItem(AnalysesTableItem):
    """The analysis of a callback token, under the hash of the token."""

    analysis_id = base.IntegerAttribute()
    consumed = BooleanAttribute(default=False)


class TallyItem(AnalysesTableItem):
    """A counter: an author's completed or running analyses of a source, or a default analysis' of a day."""

    held = base.IntegerAttribute(default=0)


class IdempotencyItem(AnalysesTableItem):
    """The id that a request with this ``Idempotency-Key`` was answered with, and a hash of the request."""

    analysis_id = base.IntegerAttribute()
    subject = UnicodeAttribute(null=True)


def choose_watch(status: str, analysis_id: int) -> str:
    """Return the partition of the index *by_watch* for an analysis in a state."""
    return f"{status}#{analysis_id % WATCH_SHARDS}"


def list_watches() -> list[str]:
    """Return the partitions of the index *by_watch* that hold analyses."""
    states = (*COUNTED, "deleted")
    return [f"{status}#{shard}" for status in states for shard in range(WATCH_SHARDS)] + [WATCHED_BEFORE]


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
