"""What a source is kept as: the items of its collection that are found by an index, and the indexes.

Every source stands in the listing `EVERYONE` by itself, and in that of each of its groups by a small
`ListingItem`. Its place in the sky stands in the index *by_zone* (see `zones`).
"""

from pynamodb.attributes import JSONAttribute, NumberAttribute, NumberSetAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection

from chalicelib import settings
from chalicelib.tables.base import Record, timestamp

__all__ = ["ByName", "ByTime", "ByZone", "ListingItem", "Part", "SourceItem"]


class Part(Record):
    """One item of a source's collection."""

    class Meta:
        table_name = settings.resource_name("sources")

    source_id = UnicodeAttribute(hash_key=True)
    part = UnicodeAttribute(range_key=True)
    shape = NumberAttribute(default=1)
    created_at = UnicodeAttribute(default_for_new=timestamp)
    modified = UnicodeAttribute(default_for_new=timestamp)


class ByTime(GlobalSecondaryIndex["ListingItem"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_time"
        projection = KeysOnlyProjection()

    listing = UnicodeAttribute(hash_key=True)
    saved = UnicodeAttribute(range_key=True)


class ByName(GlobalSecondaryIndex["ListingItem"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_name"
        projection = KeysOnlyProjection()

    listing = UnicodeAttribute(hash_key=True)
    source_id = UnicodeAttribute(range_key=True)


class ByZone(GlobalSecondaryIndex["SourceItem"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_zone"
        projection = IncludeProjection(["dec"])

    zone = NumberAttribute(hash_key=True)
    ra = NumberAttribute(range_key=True)


class ListingItem(Part):
    """That a source stands in the listing of a group (parts ``listing#…``).

    ``saved`` is the source's, so that all its listings have it at the same place.
    """

    by_time = ByTime()
    by_name = ByName()

    listing = UnicodeAttribute()
    saved = UnicodeAttribute()


class SourceItem(Part):
    """The source itself (part ``source``); a hidden one, which is being deleted, has no ``listing``."""

    by_zone = ByZone()

    listing = UnicodeAttribute(null=True)
    saved = UnicodeAttribute()
    zone = NumberAttribute(null=True)
    ra = NumberAttribute(null=True)
    dec = NumberAttribute(null=True)
    fields = JSONAttribute()
    group_ids = NumberSetAttribute()
    owner_id = NumberAttribute()
    photometry_revision = NumberAttribute(default=0)
    revision = NumberAttribute(default=1)
