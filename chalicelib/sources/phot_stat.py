"""PhotStats: what a light curve amounts to, in a few numbers, as the asker sees it.

They are computed when they are read, from the points that may be seen, and so are always what a
computation from scratch would give. Kept is only whether they are there: every write of photometry
makes them, as in SkyPortal, and who deletes them takes them away until the next.

- A *detection* is a point whose flux is more than `magnitudes.DETECTION_SIGMA` times its error; all
  others are non-detections, and count by their limiting magnitude.
- *Forced photometry* is what an origin names ``fp`` or ``forced`` among its words (``fp``,
  ``alert_fp``, ``ZTF forced photometry``).
- Magnitudes are AB; means and scatter are those of the magnitudes of detections. Of points that are
  equal in what is looked for, the earliest counts, and of one time the first that was uploaded.
"""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import permutations
from statistics import fmean
from typing import Any

from chalicelib.access import Requester, is_visible
from chalicelib.errors import InvalidError, NotFoundError
from chalicelib.sources import photometry, source_records
from chalicelib.sources.magnitudes import DETECTION_SIGMA, ZERO_POINT, flux_to_magnitude, limiting_magnitude
from chalicelib.sources.photometry_rows import Row
from chalicelib.tables import phot_stat as phot_stat_table
from chalicelib.tables.base import ConditionFailed

__all__ = ["compute_phot_stat", "compute_statistics", "create_phot_stat", "delete_phot_stat", "get_phot_stat"]

FORCED = re.compile(r"(?:^|[^a-z0-9])(?:fp|forced)(?:$|[^a-z0-9])", re.IGNORECASE)

Stats = dict[str, Any]


@dataclass(frozen=True)
class Point:
    """What PhotStats look at of a point: a detection has a magnitude, all others a limit."""

    mjd: float
    band: str
    forced: bool
    mag: float | None
    limit: float


def compute_phot_stat(requester: Requester, source_id: str) -> Stats | None:
    """Return the PhotStats of a source, or None if there are none."""
    item = phot_stat_table.find_phot_stat(source_id)
    if item is None or item.removed:
        return None
    changes = item.changes or {}
    times = [when for group_id, when in changes.items() if is_visible(requester, [int(group_id)])]
    if item.full_update:
        times.append(item.full_update)
    if not times:
        return None
    return {
        "obj_id": source_id,
        **compute_statistics(photometry.find_visible_points(requester, source_id)),
        "last_update": max(times),
        "last_full_update": item.full_update,
    }


def get_phot_stat(requester: Requester, source_id: str) -> Stats:
    """Return the PhotStats of a source that the requester may see.

    Raises
    ------
    NotFoundError
        If there are none, or there is no such source.
    """
    source_records.get_visible_source(requester, source_id)
    found = compute_phot_stat(requester, source_id)
    if found is None:
        raise _missing(source_id)
    return found


def create_phot_stat(requester: Requester, source_id: str, *, again: bool) -> None:
    """Make the PhotStats of a source, or make them again.

    Raises
    ------
    InvalidError
        If they are there already, and not to be made again.
    """
    source_records.get_visible_source(requester, source_id)
    try:
        phot_stat_table.mark_made(source_id, again=again)
    except ConditionFailed:
        source_records.get_visible_source(requester, source_id)
        raise InvalidError(f"{source_id!r} has PhotStats already; PUT makes them again.") from None


def delete_phot_stat(requester: Requester, source_id: str) -> None:
    """Take the PhotStats of a source away, until they are made again or its photometry is written.

    Raises
    ------
    NotFoundError
        If there are none.
    """
    source_records.get_visible_source(requester, source_id)
    try:
        phot_stat_table.mark_removed(source_id)
    except ConditionFailed:
        raise _missing(source_id) from None


def _missing(source_id: str) -> NotFoundError:
    return NotFoundError(f"{source_id!r} has no PhotStats: there is no photometry, or they were deleted.")


def compute_statistics(rows: Iterable[Row]) -> Stats:
    """Return what rows of photometry amount to.

    Parameters
    ----------
    rows : iterable of dict
        Rows as `photometry.points` returns them, in order of time.
    """
    points = [_point(row) for row in rows]
    found = [point for point in points if point.mag is not None]
    first = min((point.mjd for point in found), default=None)
    before = [point.mjd for point in points if point.mag is None and (first is None or point.mjd < first)]
    last_before = max(before, default=None)
    return {
        **_everywhere_and_by_filter(points),
        "num_det_no_forced_phot_global": sum(not point.forced for point in found),
        "recent_obs_mjd": max((point.mjd for point in points), default=None),
        **_ends("", found),
        **_ends("no_forced_phot_", [point for point in found if not point.forced]),
        "predetection_mjds": before,
        "last_non_detection_mjd": last_before,
        "time_to_non_detection": None if first is None or last_before is None else first - last_before,
        "mean_color": _colors(found),
        "rise_rate": _rate(_first(found), _peak(found)),
        "decay_rate": _rate(_last(found), _peak(found)),
    }


def _point(row: Row) -> Point:
    detected = row["flux"] is not None and row["flux"] > DETECTION_SIGMA * row["fluxerr"]
    forced = FORCED.search(row["origin"]) is not None
    mag = flux_to_magnitude(row["flux"], ZERO_POINT) if detected else None
    return Point(row["mjd"], row["filter"], forced, mag, limiting_magnitude(row))


def _mags(points: Iterable[Point]) -> list[float]:
    return [point.mag for point in points if point.mag is not None]


def _peak(points: Iterable[Point]) -> Point | None:
    return min((p for p in points if p.mag is not None), key=lambda p: (p.mag, p.mjd), default=None)


def _peak_mjd(points: list[Point]) -> float | None:
    peak = _peak(points)
    return peak.mjd if peak else None


def _mean(points: list[Point]) -> float | None:
    mags = _mags(points)
    return fmean(mags) if mags else None


def _scatter(points: list[Point]) -> float | None:
    mags = _mags(points)
    mean = fmean(mags) if mags else 0.0
    return math.sqrt(fmean((mag - mean) ** 2 for mag in mags)) if mags else None


NUMBERS: dict[str, Callable[[list[Point]], float | None]] = {
    "num_obs": len,
    "num_det": lambda points: len(_mags(points)),
    "mean_mag": _mean,
    "peak_mjd": _peak_mjd,
    "peak_mag": lambda points: min(_mags(points), default=None),
    "faintest_mag": lambda points: max(_mags(points), default=None),
    "deepest_limit": lambda points: max((p.limit for p in points if p.mag is None), default=None),
    "mag_rms": _scatter,
}


def _everywhere_and_by_filter(points: list[Point]) -> Stats:
    """Return the numbers that there are of all points, and of those of each filter that has them."""
    bands = {band: [p for p in points if p.band == band] for band in sorted({p.band for p in points})}
    stats: Stats = {}
    for name, number in NUMBERS.items():
        each = {band: number(own) for band, own in bands.items()}
        stats[f"{name}_global"] = number(points)
        stats[f"{name}_per_filter"] = {band: value for band, value in each.items() if value is not None}
    return stats


def _ends(which: str, found: list[Point]) -> Stats:
    """Return the first and the last of some detections."""
    first, last = _first(found), _last(found)
    return {
        f"{end}_detected_{which}{name}": getattr(point, attribute) if point else None
        for end, point in (("first", first), ("last", last))
        for name, attribute in (("mjd", "mjd"), ("mag", "mag"), ("filter", "band"))
    }


def _first(found: list[Point]) -> Point | None:
    return min(found, key=lambda point: point.mjd, default=None)


def _last(found: list[Point]) -> Point | None:
    return max(found, key=lambda point: point.mjd, default=None)


def _colors(found: list[Point]) -> dict[str, float]:
    """Return the difference of the mean magnitudes of any two filters, in either order."""
    bands = sorted({point.band for point in found})
    means = {band: fmean(_mags(p for p in found if p.band == band)) for band in bands}
    return {f"{one}-{other}": means[one] - means[other] for one, other in permutations(bands, 2)}


def _rate(end: Point | None, peak: Point | None) -> float | None:
    """Return how fast it brightened up to its peak (positive), or faded since (negative), in mag/day."""
    if end is None or peak is None or end.mag is None or peak.mag is None or end.mjd == peak.mjd:
        return None
    return (end.mag - peak.mag) / (peak.mjd - end.mjd)
