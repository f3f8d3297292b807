"""Where sources are in the sky: an index by zones of declination, in each by right ascension.

The zones algorithm of Gray, Nieto-Santisteban & Szalay (2006, MSR-TR-2006-52): whatever is near a
position stands in a few zones, in each between two right ascensions.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from chalicelib.tables.source_items import ByZone, SourceItem

__all__ = ["Place", "Position", "declination_zone", "iterate_zone", "sky_place"]

HEIGHT = 0.25
"""Height of a zone, in degrees: a search within 5 degrees reads some 40 zones."""

DIGITS = 12
"""Decimals of a degree that the index keeps: what is smaller, DynamoDB's numbers cannot all hold."""


class Place(NamedTuple):
    """What stands in the index of a source; its position in degrees."""

    zone: int
    ra: float
    dec: float


class Position(NamedTuple):
    """Where a source is, in degrees."""

    source_id: str
    ra: float
    dec: float


def declination_zone(dec: float) -> int:
    """Return the zone that a declination (degrees) lies in, counted from the south pole."""
    return math.floor((dec + 90) / HEIGHT)


def sky_place(fields: dict[str, Any]) -> Place | None:
    """Return what stands in the index of a source with these fields: nothing, if it has no position."""
    ra, dec = fields.get("ra"), fields.get("dec")
    if ra is None or dec is None:
        return None
    ra, dec = round(ra, DIGITS), round(dec, DIGITS)
    return Place(declination_zone(dec), ra, dec)


def iterate_zone(zone: int, low: float, high: float) -> Iterator[Position]:
    """Return the sources of a zone between two right ascensions (degrees, both included)."""
    for item in SourceItem.by_zone.query(zone, ByZone.ra.between(low, high)):
        yield Position(item.source_id, float(item.ra or 0), float(item.dec or 0))
