"""PhotStats: a light curve in a few numbers, of the points that the requester may see.

They are computed when they are read, and so never stale. Only whether a source has them is stored:
each write of photometry creates them, as in SkyPortal; deleting them lasts until the next write.

- A *detection* is a point whose flux is more than `magnitudes.DETECTION_SIGMA` times its error; all
  others are non-detections, and count by their limiting magnitude.
- *Forced photometry* has an origin with the word ``fp`` or ``forced`` (``fp``, ``alert_fp``,
  ``ZTF forced photometry``).
- Magnitudes are AB; means and scatter are those of the magnitudes of detections. Of points with equal
  values the earliest counts, and at one time the first that was uploaded.
"""

import hashlib
import math
import re
from collections.abc import Iterable
from itertools import permutations
from statistics import fmean
from typing import Any, NamedTuple

from chalicelib.access import Requester, is_visible
from chalicelib.errors import InvalidError, NotFoundError
from chalicelib.sources.magnitudes import DETECTION_SIGMA, ZERO_POINT, flux_to_magnitude
from chalicelib.sources.photometry import find_visible_points
from chalicelib.sources.photometry_rows import Row, limiting_magnitude
from chalicelib.sources.source_records import get_visible_source
from chalicelib.tables.base import AlreadyExists, StateChanged
from chalicelib.tables.phot_stat import find_phot_stat, mark_computed, mark_removed
from chalicelib.tables.sources import SourceMissing

FORCED = re.compile(r"(?:^|[^a-z0-9])(?:fp|forced)(?:$|[^a-z0-9])", re.IGNORECASE)

Stats = dict[str, Any]


class Point(NamedTuple):
    """A point as PhotStats need it; ``mag`` is NaN unless it is a detection."""

    mjd: float
    band: str
    is_forced: bool
    is_detection: bool
    mag: float
    limit: float


def get_phot_stat(requester: Requester, source_id: str) -> Stats:
    """Return the PhotStats of a source that the requester may see.

    Raises
    ------
    NotFoundError
        If there are none, or the source does not exist or is not visible.
    """
    get_visible_source(requester, source_id)
    stats = compute_phot_stat(requester, source_id)
    if stats is None:
        raise _missing(source_id)
    return stats


def compute_phot_stat(requester: Requester, source_id: str) -> Stats | None:
    """Return the PhotStats of a visible source, or None if there are none."""
    item = find_phot_stat(source_id)
    if item is None or item.removed:
        return None
    changes = item.changes or {}
    times = [time for group_id, time in changes.items() if is_visible(requester, [int(group_id)])]
    if item.full_update:
        times.append(item.full_update)
    if not times:
        return None
    return {
        "id": int.from_bytes(hashlib.sha256(source_id.encode()).digest()[:6]),
        "obj_id": source_id,
        **compute_statistics(find_visible_points(requester, source_id)),
        "last_update": max(times),
        "last_full_update": item.full_update,
    }


def create_phot_stat(requester: Requester, source_id: str, *, again: bool) -> None:
    """Create the PhotStats of a source, or, if `again`, replace them.

    Raises
    ------
    InvalidError
        If there are PhotStats that may not be replaced.
    """
    get_visible_source(requester, source_id)
    try:
        mark_computed(source_id, replace=again)
    except AlreadyExists:
        raise InvalidError(f"{source_id!r} has PhotStats already. PUT computes them again.") from None
    except SourceMissing:
        raise NotFoundError(f"The source {source_id!r} was deleted.") from None


def delete_phot_stat(requester: Requester, source_id: str) -> None:
    """Delete the PhotStats of a source, until a request creates them or photometry is written.

    Raises
    ------
    NotFoundError
        If there are none.
    """
    get_visible_source(requester, source_id)
    try:
        mark_removed(source_id)
    except StateChanged:
        raise _missing(source_id) from None


def _missing(source_id: str) -> NotFoundError:
    return NotFoundError(f"{source_id!r} has no PhotStats: it has no photometry, or they were deleted.")


def compute_statistics(rows: Iterable[Row]) -> Stats:
    """Return the numbers that follow from rows of photometry, which must be in order of time."""
    points = [_to_point(row) for row in rows]
    detections = [point for point in points if point.is_detection]
    unforced = [point for point in detections if not point.is_forced]
    first, last = _find_ends(detections)
    limit_mjds = [p.mjd for p in points if not p.is_detection and (first is None or p.mjd < first.mjd)]
    numbers = _compute_numbers(points)
    means = numbers["mean_mag_per_filter"]
    return {
        **numbers,
        "num_det_no_forced_phot_global": len(unforced),
        "recent_obs_mjd": max((point.mjd for point in points), default=None),
        **_ends_to_json("", detections),
        **_ends_to_json("no_forced_phot_", unforced),
        "predetection_mjds": limit_mjds,
        "last_non_detection_mjd": max(limit_mjds, default=None),
        "time_to_non_detection": first.mjd - max(limit_mjds) if first and limit_mjds else None,
        "mean_color": {f"{one}-{other}": means[one] - means[other] for one, other in permutations(means, 2)},
        "rise_rate": _compute_rate(first, detections),
        "decay_rate": _compute_rate(last, detections),
    }


def _to_point(row: Row) -> Point:
    is_detection = row.flux is not None and row.flux > DETECTION_SIGMA * row.fluxerr
    mag = flux_to_magnitude(row.flux, ZERO_POINT) if row.flux and is_detection else math.nan
    is_forced = FORCED.search(row.origin) is not None
    return Point(row.mjd, row.filter, is_forced, is_detection, mag, limiting_magnitude(row))


def _compute_numbers(points: list[Point]) -> Stats:
    """Return the numbers of `_summarize` of all points, and of those of each filter where not None."""
    bands = sorted({point.band for point in points})
    by_band = {band: _summarize([point for point in points if point.band == band]) for band in bands}
    stats: Stats = {}
    for name, value in _summarize(points).items():
        values = {band: summary[name] for band, summary in by_band.items()}
        stats[f"{name}_global"] = value
        stats[f"{name}_per_filter"] = {band: value for band, value in values.items() if value is not None}
    return stats


def _summarize(points: list[Point]) -> dict[str, float | None]:
    mags = [point.mag for point in points if point.is_detection]
    peak = _find_peak(points)
    mean = fmean(mags) if mags else None
    return {
        "num_obs": len(points),
        "num_det": len(mags),
        "mean_mag": mean,
        "peak_mjd": peak.mjd if peak else None,
        "peak_mag": min(mags, default=None),
        "faintest_mag": max(mags, default=None),
        "deepest_limit": max((point.limit for point in points if not point.is_detection), default=None),
        "mag_rms": None if mean is None else math.sqrt(fmean((mag - mean) ** 2 for mag in mags)),
    }


def _find_peak(points: list[Point]) -> Point | None:
    detections = (point for point in points if point.is_detection)
    return min(detections, key=lambda point: (point.mag, point.mjd), default=None)


def _find_ends(detections: list[Point]) -> tuple[Point | None, Point | None]:
    """Return the first and the last detection; at one time, the first that was uploaded."""
    return next(iter(detections), None), max(detections, key=lambda point: point.mjd, default=None)


def _ends_to_json(infix: str, detections: list[Point]) -> Stats:
    return {
        f"{end}_detected_{infix}{name}": getattr(point, attribute) if point else None
        for end, point in zip(("first", "last"), _find_ends(detections), strict=True)
        for name, attribute in (("mjd", "mjd"), ("mag", "mag"), ("filter", "band"))
    }


def _compute_rate(end: Point | None, detections: list[Point]) -> float | None:
    """Return the rate of brightening to the peak in the filter of an end, or of fading since, in mag/day."""
    peak = _find_peak([point for point in detections if end and point.band == end.band])
    if end is None or peak is None or end.mjd == peak.mjd:
        return None
    return (end.mag - peak.mag) / (peak.mjd - end.mjd)
