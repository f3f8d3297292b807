"""How many sources there are, counted as they are written: one count for each *set of groups*.

Whoever is in some groups sees the sources of all sets that meet these, so that a total is a sum
over sets, however many sources there are. A set has several counts (shards), one of which every
source keeps to by its id: transactions of different sources seldom meet.
"""

import hashlib
import zlib
from collections.abc import Iterable

from pynamodb.attributes import NumberAttribute, NumberSetAttribute
from pynamodb.expressions.update import Action

from chalicelib.tables.base import Transaction
from chalicelib.tables.source_items import Part

__all__ = ["CountItem", "count_sources", "save_count_change"]

COLLECTION = "#counts"
"""No source has such an id."""

SHARDS = 16


class CountItem(Part):
    """How many sources of one shard belong to exactly these groups."""

    group_ids = NumberSetAttribute()
    held = NumberAttribute(default=0)


def save_count_change(
    write: Transaction, source_id: str, before: Iterable[float], after: Iterable[float]
) -> None:
    """Let a transaction count a source among those of other groups than before: two updates at most.

    Parameters
    ----------
    write : Transaction
        The transaction that changes the groups of the source.
    source_id : str
        The source.
    before, after : iterable of int
        Its groups; none for a source that is not there.
    """
    for groups, more in ((set(before), -1), (set(after), 1)):
        if groups:
            actions: list[Action] = [CountItem.held.add(more), CountItem.group_ids.set(groups)]
            write.update(CountItem(COLLECTION, _part(source_id, groups)), actions=actions)


def _part(source_id: str, groups: Iterable[float]) -> str:
    text = ",".join(str(int(group)) for group in sorted(groups))
    digest = hashlib.sha256(text.encode()).hexdigest()[:32]
    return f"{zlib.crc32(source_id.encode()) % SHARDS:02d}#{digest}"


def count_sources(groups: frozenset[int] | None) -> int:
    """Return how many sources belong to at least one of these groups; None counts all sources."""
    counts = CountItem.query(COLLECTION, consistent_read=True)
    return sum(
        int(count.held)
        for count in counts
        if groups is None or not groups.isdisjoint(map(int, count.group_ids))
    )
