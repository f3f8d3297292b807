"""Sources near a position: candidates from the index by zones, then the exact distance."""

import math
from collections.abc import Iterator
from itertools import chain, islice

from chalicelib.errors import InvalidError
from chalicelib.tables.source_listings import iterate_zone
from chalicelib.tables.sources import declination_zone

LARGEST_RADIUS = 5.0
"""Degrees."""

MAX_SOURCES_READ = 5000
"""Sources in the zones around a cone that one search reads."""

MARGIN = 1e-9
"""Degrees by which the strips are widened, since their borders are rounded."""

NEAR_POLE = 89.9
"""Degrees of declination beyond which a strip holds all right ascensions."""

Strip = tuple[int, float, float]
"""A zone, and the lowest and highest right ascension (degrees) to read of it."""


def search_cone(ra: float, dec: float, radius: float) -> list[str]:
    """Return the sources within `radius` of a position, all in degrees.

    Raises
    ------
    InvalidError
        If the cone is too large, or too many sources are near it.
    """
    if radius > LARGEST_RADIUS:
        raise InvalidError(f"radius: at most {LARGEST_RADIUS:g} degrees; search in several smaller cones.")
    near = chain.from_iterable(iterate_zone(*strip) for strip in iterate_strips(ra, dec, radius))
    positions = list(islice(near, MAX_SOURCES_READ + 1))
    if len(positions) > MAX_SOURCES_READ:
        raise InvalidError(f"radius: more than {MAX_SOURCES_READ} sources are near this cone; choose a smaller one.")
    return [p.source_id for p in positions if angular_separation(ra, dec, p.ra, p.dec) <= radius]


def iterate_strips(ra: float, dec: float, radius: float) -> Iterator[Strip]:
    """Return the strips that cover a cone: for each zone one, or two around 0 h."""
    wide = radius + MARGIN
    first = declination_zone(max(dec - wide, -90.0))
    last = declination_zone(min(dec + wide, 90.0))
    ranges = _ra_ranges(ra, _half_width(dec, wide))
    for zone in range(first, last + 1):
        for low, high in ranges:
            yield zone, low, high


def _half_width(dec: float, radius: float) -> float:
    """Return how far a cone reaches in right ascension (Gray et al. 2006), in degrees."""
    if abs(dec) + radius > NEAR_POLE:
        return 180.0
    product = math.cos(math.radians(dec - radius)) * math.cos(math.radians(dec + radius))
    return math.degrees(math.atan(math.sin(math.radians(radius)) / math.sqrt(product))) + MARGIN


def _ra_ranges(ra: float, half_width: float) -> list[tuple[float, float]]:
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

    The formula of Vincenty (1975, Survey Review 23, 88) for a sphere, which is exact for small
    distances, antipodes and the poles.
    """
    delta_ra = math.radians(other_ra - ra)
    dec1 = math.radians(dec)
    dec2 = math.radians(other_dec)
    east = math.cos(dec2) * math.sin(delta_ra)
    north = math.cos(dec1) * math.sin(dec2) - math.sin(dec1) * math.cos(dec2) * math.cos(delta_ra)
    along = math.sin(dec1) * math.sin(dec2) + math.cos(dec1) * math.cos(dec2) * math.cos(delta_ra)
    return math.degrees(math.atan2(math.hypot(east, north), along))
