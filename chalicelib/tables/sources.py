"""Sources: the item of each, its entries in listings, and the counts of sources.

All items of a source have its id as their partition: the source itself, its listings, photometry,
spectra and remarks. The groups of a source, its entries in their listings and the counts of sources
change in one transaction. To delete a source, it is hidden first: no request finds it, but its id
stays taken until everything that belongs to it is deleted.
"""

import hashlib
import math
import zlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection

from chalicelib import settings
from chalicelib.tables import base
from chalicelib.tables.source_names import join_names, list_names

GROUPS_PER_TRANSACTION = 90
"""Groups whose listings one transaction changes: it takes at most 100 items."""

HEAD = ("source_id", "part", "listing", "saved", "group_ids")
"""The attributes that say who sees a source, and where it stands in a listing."""

COUNTS = "#counts"
"""The partition of the counts; no source has such an id."""

SHARDS = 16

ZONE_HEIGHT = 0.25
"""Degrees of declination: a search within 5 degrees reads some 40 zones."""

DIGITS = 12
"""Decimals of a degree in the index: DynamoDB's numbers cannot hold every float."""


class SourceMissing(base.ConditionFailed):
    """The source does not exist, or it is being deleted."""


class Part(base.Record):
    """One of the items of a source."""

    class Meta:
        table_name = settings.resource_name("sources")

    source_id = UnicodeAttribute(hash_key=True)
    part = UnicodeAttribute(range_key=True)
    shape = base.IntegerAttribute(default=1)
    created_at = UnicodeAttribute(default_for_new=base.timestamp)
    modified = UnicodeAttribute(default_for_new=base.timestamp)


class ByTime(GlobalSecondaryIndex["ListingItem"]):  # type: ignore[no-untyped-call]
    """The sources of a listing, by the time of their first save."""

    class Meta:
        index_name = "by_time"
        projection = KeysOnlyProjection()

    listing = UnicodeAttribute(hash_key=True)
    saved = UnicodeAttribute(range_key=True)


class ByName(GlobalSecondaryIndex["ListingItem"]):  # type: ignore[no-untyped-call]
    """The sources of a listing, by id."""

    class Meta:
        index_name = "by_name"
        projection = KeysOnlyProjection()

    listing = UnicodeAttribute(hash_key=True)
    source_id = UnicodeAttribute(range_key=True)


class BySearch(GlobalSecondaryIndex["ListingItem"]):  # type: ignore[no-untyped-call]
    """The sources of a listing, by the time of their first save, with their names."""

    class Meta:
        index_name = "by_search"
        projection = IncludeProjection(["names"])

    listing = UnicodeAttribute(hash_key=True)
    saved = UnicodeAttribute(range_key=True)


class ByZone(GlobalSecondaryIndex["SourceItem"]):  # type: ignore[no-untyped-call]
    """The sources of a zone of declination, by right ascension."""

    class Meta:
        index_name = "by_zone"
        projection = IncludeProjection(["dec"])

    zone = base.IntegerAttribute(hash_key=True)
    ra = NumberAttribute(range_key=True)


class ListingItem(Part):
    """The entry of a source in the listing of a group (parts ``listing#…``).

    ``saved`` is that of the source, so that it has the same place in all listings; so are ``names``
    (see `join_names`), which entries lack that were written before there was a search.
    """

    by_time = ByTime()
    by_name = ByName()
    by_search = BySearch()

    listing = UnicodeAttribute()
    saved = UnicodeAttribute()
    names = UnicodeAttribute(null=True)


class SourceItem(Part):
    """The source itself (part ``source``), which is its own entry in the listing `base.EVERYONE`.

    A hidden source, which is being deleted, has no ``listing``. ``saved_at`` holds the time of the last save to each
    group, by the group's id as text.
    """

    by_zone = ByZone()

    listing = UnicodeAttribute(null=True)
    saved = UnicodeAttribute()
    names = UnicodeAttribute(null=True)
    zone = base.IntegerAttribute(null=True)
    ra = NumberAttribute(null=True)
    dec = NumberAttribute(null=True)
    fields = base.JsonAttribute()
    group_ids = base.IntegerSetAttribute()
    saved_at = base.JsonAttribute(null=True)
    owner_id = base.IntegerAttribute()
    photometry_revision = base.IntegerAttribute(default=0)
    revision = base.IntegerAttribute(default=1)


class CountItem(Part):
    """The number of sources of one shard that belong to exactly these groups.

    A requester sees the sources of each set of groups that meets their own, so a total is a sum over
    sets. The shard of a source follows from its id: transactions of different sources seldom conflict.
    """

    group_ids = base.IntegerSetAttribute()
    held = base.IntegerAttribute(default=0)


class SkyPlace(NamedTuple):
    """The place of a source in the index by zones; its position is in degrees."""

    zone: int
    ra: float
    dec: float


def declination_zone(dec: float) -> int:
    """Return the zone that holds a declination (degrees), counted from the south pole."""
    return math.floor((dec + 90) / ZONE_HEIGHT)


def sky_place(fields: dict[str, Any]) -> SkyPlace | None:
    """Return the place of a source with these fields, or None if it has no position."""
    ra, dec = fields.get("ra"), fields.get("dec")
    if ra is None or dec is None:
        return None
    dec = round(dec, DIGITS)
    return SkyPlace(declination_zone(dec), round(ra, DIGITS), dec)


def insert_source(source_id: str, fields: dict[str, Any], group_ids: set[int], owner_id: int) -> None:
    """Add a source.

    Raises
    ------
    AlreadyExists
        If there is a source with this id, even a hidden one.
    """
    first = set(sorted(group_ids)[:GROUPS_PER_TRANSACTION])
    created_at = base.timestamp()
    place = sky_place(fields)
    item = SourceItem(
        source_id,
        "source",
        listing=base.EVERYONE,
        saved=f"{created_at}#{source_id}",
        names=join_names(list_names(source_id, fields)),
        fields=fields,
        group_ids=first,
        saved_at=_mark_saved({}, first, created_at),
        owner_id=owner_id,
        created_at=created_at,
        modified=created_at,
        **(place._asdict() if place else {}),
    )
    with base.transaction() as write:
        write.save(item, condition=SourceItem.part.does_not_exist(), refused=base.AlreadyExists())
        _save_listings(write, item, first)
        _update_counts(write, source_id, set(), first)
    if group_ids - first:
        update_source_item(item, fields, group_ids)


def find_source(source_id: str) -> SourceItem | None:
    """Return a source, or None if there is none or it is hidden."""
    item = find_source_or_hidden(source_id)
    return item if item and item.listing else None


def find_source_or_hidden(source_id: str) -> SourceItem | None:
    """Return a source, even a hidden one, which has no ``listing``."""
    return SourceItem.find(source_id, "source")


def find_sources(source_ids: Iterable[str], *, heads: bool = False) -> dict[str, SourceItem]:
    """Return the sources that exist and are not hidden, by id.

    Parameters
    ----------
    source_ids : iterable of str
        The sources.
    heads : bool
        Read only the attributes in `HEAD`.
    """
    keys = ((source_id, "source") for source_id in source_ids)
    items = SourceItem.find_many(keys, HEAD if heads else None)
    return {item.source_id: item for item in items if item.listing}


def update_source_item(item: SourceItem, fields: dict[str, Any], group_ids: set[int]) -> None:
    """Change the fields of a source, and save it to further groups.

    Parameters
    ----------
    item : SourceItem
        The source as it was read.
    fields : dict
        All fields of the source.
    group_ids : set of int
        Groups to save it to; it stays in those that it is in.

    Raises
    ------
    StateChanged
        If another write changed the source in between.
    """
    names = join_names(list_names(item.source_id, fields))
    new = group_ids - item.group_ids
    # The entries of groups that it stays in change only with the names.
    outdated = new if names == item.names else new | item.group_ids
    actions = [SourceItem.fields.set(fields), SourceItem.names.set(names), *_place_actions(sky_place(fields))]
    item.names = names
    if not outdated:
        item.update_if([*actions, *_touch_actions()], SourceItem.revision == item.revision)
        return
    ordered = sorted(outdated)
    for start in range(0, len(ordered), GROUPS_PER_TRANSACTION):
        _update_with_listings(item, actions, set(ordered[start : start + GROUPS_PER_TRANSACTION]))


def _update_with_listings(item: SourceItem, actions: list[Action], group_ids: set[int]) -> None:
    """Change a source together with its entries in the listings of some groups, old or new ones."""
    after = item.group_ids | group_ids
    saved_at = _mark_saved(item.saved_at or {}, group_ids - item.group_ids, base.timestamp())
    with base.transaction() as write:
        _save_listings(write, item, group_ids)
        write.update(
            SourceItem(item.source_id, "source"),
            [*actions, SourceItem.group_ids.add(group_ids), SourceItem.saved_at.set(saved_at), *_touch_actions()],
            SourceItem.revision == item.revision,
        )
        if after != item.group_ids:
            _update_counts(write, item.source_id, item.group_ids, after)
    item.revision += 1
    item.group_ids = after
    item.saved_at = saved_at


def remove_group(item: SourceItem, group_id: int) -> None:
    """Take a source out of one of its groups.

    Raises
    ------
    StateChanged
        If another write changed the source since it was read.
    """
    with base.transaction() as write:
        write.delete(_listing_item(item, group_id))
        write.update(
            SourceItem(item.source_id, "source"),
            [
                SourceItem.group_ids.delete({group_id}),
                SourceItem.saved_at.set(_mark_saved(item.saved_at or {}, {group_id}, None)),
                *_touch_actions(),
            ],
            SourceItem.revision == item.revision,
        )
        _update_counts(write, item.source_id, item.group_ids, item.group_ids - {group_id})


def hide_source(item: SourceItem) -> None:
    """Hide a source; concurrent writes of its photometry then fail.

    Raises
    ------
    StateChanged
        If another write changed or hid the source since it was read.
    """
    actions = [SourceItem.listing.remove(), SourceItem.photometry_revision.add(1)]
    with base.transaction() as write:
        for group_id in sorted(item.group_ids)[:GROUPS_PER_TRANSACTION]:
            write.delete(_listing_item(item, group_id))
        write.update(
            SourceItem(item.source_id, "source"),
            [*actions, *_place_actions(None), *_touch_actions()],
            (SourceItem.revision == item.revision) & SourceItem.listing.exists(),
        )
        _update_counts(write, item.source_id, item.group_ids, set())


def check_source_exists(write: base.Transaction, source_id: str) -> None:
    """Let a transaction fail with `SourceMissing` if the source is deleted or hidden."""
    write.check(SourceItem, source_id, "source", SourceItem.listing.exists(), SourceMissing())


def find_parts(source_id: str) -> list[str]:
    """Return the parts of a source besides the source itself."""
    items = Part.query(source_id, attributes_to_get=["source_id", "part"], consistent_read=True)
    return [item.part for item in items if item.part != "source"]


def delete_parts(source_id: str, parts: Iterable[str]) -> None:
    """Delete some of the parts of a source."""
    with Part.batch_write() as batch:
        for part in parts:
            batch.delete(Part(source_id, part))


def delete_source_item(item: SourceItem) -> None:
    """Delete a hidden source, so that its id is free again; a source that changed since stays."""
    unchanged = (SourceItem.revision == item.revision) & SourceItem.listing.does_not_exist()
    try:
        with base.transaction() as write:
            write.delete(SourceItem(item.source_id, "source"), condition=unchanged)
    except base.StateChanged:
        return


def get_saved_at(item: SourceItem, group_id: int) -> str:
    """Return when a source was last saved to one of its groups; for old records, when it was first saved."""
    return str((item.saved_at or {}).get(str(group_id), item.created_at))


def _mark_saved(saved_at: dict[str, str], group_ids: Iterable[int], time: str | None) -> dict[str, str]:
    """Return the times of saves with that of some groups changed; None removes them."""
    changed = {**saved_at, **{str(group_id): time for group_id in group_ids}}
    return {group: moment for group, moment in changed.items() if moment is not None}


def _place_actions(place: SkyPlace | None) -> list[Action]:
    values = place._asdict() if place else dict.fromkeys(SkyPlace._fields)
    return base.changes_to_actions(SourceItem, values)


def _touch_actions() -> list[Action]:
    return [SourceItem.modified.set(base.timestamp()), SourceItem.revision.add(1)]


def _listing_item(item: SourceItem, group_id: int) -> ListingItem:
    part = f"listing#{base.id_key(group_id)}"
    listing = base.group_listing(group_id)
    return ListingItem(item.source_id, part, listing=listing, saved=item.saved, names=item.names)


def _save_listings(write: base.Transaction, item: SourceItem, group_ids: set[int]) -> None:
    for group_id in group_ids:
        write.save(_listing_item(item, group_id))


def _update_counts(write: base.Transaction, source_id: str, before: set[int], after: set[int]) -> None:
    """Count a source with the groups that it has after a transaction, no longer with those before.

    The set of groups is empty before the source exists, and after it is hidden.
    """
    for groups, change in ((before, -1), (after, 1)):
        if groups:
            item = CountItem(COUNTS, _count_part(source_id, groups))
            write.update(item, [CountItem.held.add(change), CountItem.group_ids.set(groups)])


def _count_part(source_id: str, groups: set[int]) -> str:
    text = ",".join(map(str, sorted(groups)))
    digest = hashlib.sha256(text.encode()).hexdigest()[:32]
    return f"{zlib.crc32(source_id.encode()) % SHARDS:02d}#{digest}"
