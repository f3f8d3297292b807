"""Whether a source has PhotStats, and since when; the numbers are computed when they are read."""

from collections.abc import Iterable

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib.tables.base import AlreadyExists, JsonAttribute, Transaction, timestamp, transaction
from chalicelib.tables.sources import Part, check_source_exists

PART = "phot_stat"


class PhotStatItem(Part):
    """The PhotStats of a source (part ``phot_stat``).

    Attributes
    ----------
    removed : bool
        Whether they were deleted, and no photometry was written since.
    changes : dict
        When the view that each group has of the light curve changed last, by the id of the group.
    full_update : str, optional
        When a request computed them last.
    """

    removed = BooleanAttribute(null=True)
    changes = JsonAttribute(null=True)
    full_update = UnicodeAttribute(null=True)


def find_phot_stat(source_id: str) -> PhotStatItem | None:
    """Return what is stored of the PhotStats of a source, or None."""
    return PhotStatItem.find(source_id, PART)


def save_photometry_change(
    write: Transaction, source_id: str, item: PhotStatItem | None, group_ids: Iterable[int]
) -> None:
    """Note that the view of some groups changes, in the transaction that changes the light curve.

    Parameters
    ----------
    write : Transaction
        Its conditions must fail if the light curve changed since `item` was read.
    source_id : str
        The source.
    item : PhotStatItem or None
        What was stored before.
    group_ids : iterable of int
        The groups.
    """
    now = timestamp()
    before = (item.changes if item else None) or {}
    changes = before | {str(group_id): now for group_id in group_ids}
    actions: list[Action] = [
        PhotStatItem.changes.set(changes),
        PhotStatItem.removed.set(False),
        PhotStatItem.modified.set(now),
    ]
    write.update(PhotStatItem(source_id, PART), actions)


def mark_computed(source_id: str, *, replace: bool) -> None:
    """Note that the PhotStats of a source were computed by request.

    Parameters
    ----------
    source_id : str
        The source.
    replace : bool
        Whether the source may have PhotStats.

    Raises
    ------
    SourceMissing
        If the source was deleted.
    AlreadyExists
        If the source has PhotStats that may not be replaced.
    """
    now = timestamp()
    absent = PhotStatItem.part.does_not_exist() | (PhotStatItem.removed == True)  # noqa: E712
    actions: list[Action] = [
        PhotStatItem.full_update.set(now),
        PhotStatItem.removed.set(False),
        PhotStatItem.modified.set(now),
    ]
    with transaction() as write:
        check_source_exists(write, source_id)
        write.update(PhotStatItem(source_id, PART), actions, None if replace else absent, AlreadyExists())


def mark_removed(source_id: str) -> None:
    """Mark the PhotStats of a source removed, until they are computed or photometry is written.

    Raises
    ------
    StateChanged
        If there are none.
    """
    actions: list[Action] = [PhotStatItem.removed.set(True), PhotStatItem.full_update.remove()]
    exists = PhotStatItem.part.exists() & (PhotStatItem.removed == False)  # noqa: E712
    PhotStatItem(source_id, PART).update_if(actions, exists)
