"""What PhotStats keep of a light curve besides its points: whether they are there, and since when."""

from collections.abc import Iterable

from pynamodb.attributes import BooleanAttribute, JSONAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.update import Action

from chalicelib.tables.base import StateChanged, Transaction, timestamp, transaction, write_conditionally
from chalicelib.tables.sources import Part, SourceItem

__all__ = ["PhotStatItem", "find_phot_stat", "mark_made", "mark_removed", "save_photometry_change"]

PART = "phot_stat"


class PhotStatItem(Part):
    """That a source has PhotStats (part ``phot_stat``).

    Attributes
    ----------
    removed : bool
        Whether they were deleted, and nothing was written since.
    changes : dict
        When what each group sees of the light curve changed last, by the id of the group.
    full_update : str, optional
        When they were made, or made again, by request.
    """

    removed = BooleanAttribute(null=True)
    changes = JSONAttribute(null=True)
    full_update = UnicodeAttribute(null=True)


def find_phot_stat(source_id: str) -> PhotStatItem | None:
    try:
        return PhotStatItem.get(source_id, PART, consistent_read=True)
    except DoesNotExist:
        return None


def save_photometry_change(
    write: Transaction, source_id: str, item: PhotStatItem | None, group_ids: Iterable[int]
) -> None:
    """Note that what some groups see of a light curve changes, in the transaction that changes it.

    Parameters
    ----------
    write : Transaction
        It refuses a light curve that was changed since `item` was read.
    source_id : str
        The source.
    item : PhotStatItem or None
        What was noted before.
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
    write.update(PhotStatItem(source_id, PART), actions=actions)


def mark_made(source_id: str, *, again: bool) -> None:
    """Make the PhotStats of a source.

    Parameters
    ----------
    source_id : str
        The source.
    again : bool
        Whether they may be there already.

    Raises
    ------
    LostRace
        If they are there already, or the source is not.
    """
    now = timestamp()
    absent = PhotStatItem.part.does_not_exist() | (PhotStatItem.removed == True)  # noqa: E712
    with transaction() as write:
        write.check(SourceItem, source_id, "source", SourceItem.listing.exists(), StateChanged())
        write.update(
            PhotStatItem(source_id, PART),
            actions=[
                PhotStatItem.full_update.set(now),
                PhotStatItem.removed.set(False),
                PhotStatItem.modified.set(now),
            ],
            condition=None if again else absent,
        )


def mark_removed(source_id: str) -> None:
    """Take the PhotStats of a source away, until they are made again or its photometry is written.

    Raises
    ------
    LostRace
        If there are none.
    """
    actions: list[Action] = [PhotStatItem.removed.set(True), PhotStatItem.full_update.remove()]
    there = PhotStatItem.part.exists() & (PhotStatItem.removed == False)  # noqa: E712
    write_conditionally(lambda: PhotStatItem(source_id, PART).update(actions=actions, condition=there))
