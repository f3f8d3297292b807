"""What an analysis is kept as: the items of the table *analyses*, and its indexes."""

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib import settings
from chalicelib.tables.base import EVERYONE, Record, timestamp

__all__ = [
    "AnalysisItem",
    "ByListing",
    "ByService",
    "BySource",
    "ByWatch",
    "CallbackItem",
    "IdempotencyItem",
    "Item",
    "ListingItem",
    "TallyItem",
]


class Item(Record):
    class Meta:
        table_name = settings.resource_name("analyses")

    key = UnicodeAttribute(hash_key=True)
    shape = NumberAttribute(default=1)
    expires_at = NumberAttribute(null=True)


class BySource(GlobalSecondaryIndex["AnalysisItem"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_source"
        projection = AllProjection()

    obj_id = UnicodeAttribute(hash_key=True)
    id = NumberAttribute(range_key=True)


class ByService(GlobalSecondaryIndex["AnalysisItem"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_service"
        projection = AllProjection()

    analysis_service_id = NumberAttribute(hash_key=True)
    id = NumberAttribute(range_key=True)


class ByWatch(GlobalSecondaryIndex["AnalysisItem"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_watch"
        projection = AllProjection()

    watch = UnicodeAttribute(hash_key=True)
    check_at = NumberAttribute(range_key=True)


class ByListing(GlobalSecondaryIndex["ListingItem"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_listing"
        projection = KeysOnlyProjection()

    listing = UnicodeAttribute(hash_key=True)
    id = NumberAttribute(range_key=True)


class ListingItem(Item):
    """That an analysis stands in a listing: that of a group, or of its author."""

    by_listing = ByListing()

    listing = UnicodeAttribute()
    id = NumberAttribute()


class AnalysisItem(Item):
    by_source = BySource()
    by_service = ByService()
    by_watch = ByWatch()

    listing = UnicodeAttribute(default_for_new=EVERYONE)
    id = NumberAttribute()
    obj_id = UnicodeAttribute()
    analysis_service_id = NumberAttribute()
    author_id = NumberAttribute()
    group_ids = NumberSetAttribute()
    status = UnicodeAttribute()
    status_message = UnicodeAttribute(default="")
    progress = NumberAttribute(null=True)
    analysis_parameters = JSONAttribute()
    input_filters = JSONAttribute(null=True)
    show_parameters = BooleanAttribute(default=False)
    show_plots = BooleanAttribute(default=False)
    show_corner = BooleanAttribute(default=False)
    created_at = UnicodeAttribute(default_for_new=timestamp)
    modified = UnicodeAttribute(default_for_new=timestamp)
    last_activity = UnicodeAttribute(default_for_new=timestamp)
    duration = NumberAttribute(null=True)
    invalid_after = UnicodeAttribute(null=True)
    is_summary = BooleanAttribute(default=False)
    timeout = NumberAttribute()
    callback_hash = UnicodeAttribute(null=True)
    public_url = UnicodeAttribute(null=True)
    attempts = NumberAttribute(default=0)
    lease_until = NumberAttribute(default=0)
    watch = UnicodeAttribute(null=True)
    check_at = NumberAttribute(null=True)
    document = UnicodeAttribute(null=True)
    products = JSONAttribute(null=True)


class CallbackItem(Item):
    """To whom a callback token belongs, under the hash of the token."""

    analysis_id = NumberAttribute()
    consumed = BooleanAttribute(default=False)


class TallyItem(Item):
    """How many completed or running analyses an author has of a source."""

    held = NumberAttribute(default=0)


class IdempotencyItem(Item):
    """What a request with this ``Idempotency-Key`` was answered."""

    analysis_id = NumberAttribute()
