"""Sharing points of photometry with more groups.

Their owner and administrators may. So may members of a group of the point who have the right to share
photometry, with groups that they are in themselves.
"""

from collections import defaultdict

from chalicelib.access import Requester, is_owner, is_visible
from chalicelib.errors import ForbiddenError, NotFoundError
from chalicelib.sources.photometry_blocks import change_rows, unpack_rows
from chalicelib.sources.photometry_rows import Row
from chalicelib.sources.photometry_writing import BUSY
from chalicelib.sources.source_records import get_visible_source
from chalicelib.tables import photometry as photometry_table
from chalicelib.tables.base import retry_on_conflict
from chalicelib.tables.id_index import PHOTOMETRY, find_id_place
from chalicelib.tables.memberships import find_memberships
from chalicelib.tables.photometry import BlockItem, PhotometryWrite


def share_points(requester: Requester, numbers: list[int], group_ids: set[int], *, skip_foreign: bool = False) -> int:
    """Share points with groups of the requester; those of one source at once, repeating the request completes it.

    Parameters
    ----------
    requester : Requester
        Who shares them.
    numbers : list of int
        The ids of the points.
    group_ids : set of int
        The groups to share them with.
    skip_foreign : bool
        Leave out points that the requester may not share.

    Returns
    -------
    int
        The number of points left out.

    Raises
    ------
    NotFoundError
        If a point does not exist or is not visible (the same message).
    ForbiddenError
        If the requester may not share one of them, or, with `skip_foreign`, none of them.
    """
    by_source = _group_by_source(numbers)
    foreign: set[int] = set()
    for source_id, ids in by_source.items():
        foreign |= _find_unshareable(requester, _select_rows(requester, source_id, ids)[0])
    if foreign and (not skip_foreign or len(foreign) == len(set(numbers))):
        raise _refusal(min(foreign))
    for source_id, ids in by_source.items():
        own = ids - foreign
        if own:
            retry_on_conflict(lambda: _share(requester, source_id, own, group_ids), BUSY)  # noqa: B023 - called at once
    return len(foreign)


def _group_by_source(numbers: list[int]) -> dict[str, set[int]]:
    by_source: dict[str, set[int]] = defaultdict(set)
    for number in sorted(set(numbers)):
        place = find_id_place(PHOTOMETRY, number)
        if place is None:
            raise _missing(number)
        by_source[place.source_id].add(number)
    return by_source


def _missing(number: int) -> NotFoundError:
    return NotFoundError(f"photometryIDs: there is no point of photometry {number} that you may see.")


def _refusal(number: int) -> ForbiddenError:
    return ForbiddenError(
        f"photometryIDs: only the owner of point {number}, or a member of one of its groups who may share photometry, "
        "may share it."
    )


def _share(requester: Requester, source_id: str, ids: set[int], group_ids: set[int]) -> None:
    source = get_visible_source(requester, source_id, _missing(min(ids)))
    rows, blocks = _select_rows(requester, source_id, ids)
    if foreign := _find_unshareable(requester, rows):
        raise _refusal(min(foreign))

    def add_groups(row: Row) -> Row:
        return row._replace(group_ids=sorted({*row.group_ids, *group_ids})) if row.id in ids else row

    changed = [change_rows(block, add_groups) for block in blocks if ids & set(block.columns["id"])]
    groups = group_ids.union(*(row.group_ids for row in rows))
    photometry_table.write_photometry(source, PhotometryWrite(groups, changed))


def _select_rows(requester: Requester, source_id: str, ids: set[int]) -> tuple[list[Row], list[BlockItem]]:
    """Return the rows to share, and all blocks of their source; require that each is visible."""
    get_visible_source(requester, source_id, _missing(min(ids)))
    blocks = photometry_table.find_blocks(source_id)
    visible = {row.id: row for block in blocks for row in unpack_rows(block) if is_visible(requester, row.group_ids)}
    for number in sorted(ids):
        if number not in visible:
            raise _missing(number)
    return [visible[number] for number in sorted(ids)], blocks


def _find_unshareable(requester: Requester, rows: list[Row]) -> set[int]:
    """Return the ids of the rows that the requester may not share."""
    foreign = [row for row in rows if not is_owner(requester, row.owner_id)]
    if not foreign:
        return set()
    memberships = find_memberships(requester.user_id, {group for row in foreign for group in row.group_ids})
    sharing_groups = {group for group, member in memberships.items() if member.can_share_photometry}
    return {row.id for row in foreign if sharing_groups.isdisjoint(row.group_ids)}
