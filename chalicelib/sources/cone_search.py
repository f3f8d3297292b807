"""Which sources are near a position: candidates from the zones of the index, then the exact distance."""

import math
from collections.abc import Iterator
from itertools import chain, islice

from chalicelib.errors import InvalidError
from chalicelib.tables import sky_zones

__all__ = ["LARGEST_RADIUS", "MOST_READ", "angular_separation", "iterate_strips", "search_cone"]

LARGEST_RADIUS = 5.0
"""Degrees."""

MOST_READ = 5000
"""Sources in the zones around a cone that one search looks at."""

MARGIN = 1e-9
"""Degrees by which the strips are wider than they have to be: their borders are rounded."""

NEAR_POLE = 89.9
"""Degrees of declination beyond which right ascensions are not told apart."""

Strip = tuple[int, float, float]
"""A zone, and two right ascensions (degrees) between which it is read."""


def search_cone(ra: float, dec: float, radius: float) -> list[str]:
    """Return the sources within `radius` of a position, all in degrees.

    Raises
    ------
    InvalidError
        If the cone is too large, or too many sources are near it.
    """
    if radius > LARGEST_RADIUS:
        raise InvalidError(f"radius: at most {LARGEST_RADIUS:g} degrees; search in several smaller cones.")
    near = chain.from_iterable(sky_zones.iterate_zone(*strip) for strip in iterate_strips(ra, dec, radius))
    read = list(islice(near, MOST_READ + 1))
    if len(read) > MOST_READ:
        raise InvalidError(f"radius: more than {MOST_READ} sources are near this cone; choose a smaller one.")
    return [place.source_id for place in read if angular_separation(ra, dec, place.ra, place.dec) <= radius]


def iterate_strips(ra: float, dec: float, radius: float) -> Iterator[Strip]:
    """Return what holds a cone: for each zone one range of right ascension, or two around 0 h."""
    wide = radius + MARGIN
    first, last = (
        sky_zones.declination_zone(max(dec - wide, -90.0)),
        sky_zones.declination_zone(min(dec + wide, 90.0)),
    )
    ranges = _ranges(ra, _half_width(dec, wide))
    for zone in range(first, last + 1):
        for low, high in ranges:
            yield zone, low, high


def _half_width(dec: float, radius: float) -> float:
    """Return how far a cone reaches in right ascension (Gray et al. 2006), in degrees."""
    if abs(dec) + radius > NEAR_POLE:
        return 180.0
    both = math.cos(math.radians(dec - radius)) * math.cos(math.radians(dec + radius))
    return math.degrees(math.atan(math.sin(math.radians(radius)) / math.sqrt(both))) + MARGIN


def _ranges(ra: float, half_width: float) -> list[tuple[float, float]]:
    low, high = ra - half_width, ra + half_width
    if half_width >= 180:
        return [(0.0, 360.0)]
    if low <= 0:
        return [(0.0, high), (low + 360, 360.0)]
    if high >= 360:
        return [(0.0, high - 360), (low, 360.0)]
    return [(low, high)]


def angular_separation(ra: float, dec: float, other_ra: float, other_dec: float) -> float:
    """Return the distance of two positions on the sphere, all in degrees.

    By the formula of Vincenty (1975, Survey Review 23, 88) for a sphere, which is exact for small
    distances, opposite points and the poles alike.
    """
    difference = math.radians(other_ra - ra)
    here, there = math.radians(dec), math.radians(other_dec)
    east = math.cos(there) * math.sin(difference)
    north = math.cos(here) * math.sin(there) - math.sin(here) * math.cos(there) * math.cos(difference)
    along = math.sin(here) * math.sin(there) + math.cos(here) * math.cos(there) * math.cos(difference)
    return math.degrees(math.atan2(math.hypot(east, north), along))
