"""Magnitudes and the fluxes that they stand for, on the AB and the Vega system.

Fluxes are kept in µJy on the AB system, for which the zero point is
23.9 mag = 2.5 log10(3631 Jy / 1 µJy) (Oke & Gunn 1983, ApJ 266, 713):
``flux = 10 ** ((23.9 - mag) / 2.5)`` and ``fluxerr = magerr * flux * ln(10) / 2.5``.

Vega has magnitude 0 in every bandpass of its own system. Its AB magnitudes are in ``vega.json``, by
sncosmo's names of bandpasses; ``infra/vega_offsets.py`` says where they come from.
"""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from chalicelib.errors import InvalidError

__all__ = [
    "DETECTION_SIGMA",
    "POGSON",
    "SYSTEMS",
    "ZERO_POINT",
    "flux_to_magnitude",
    "limiting_magnitude",
    "magnitude_to_flux",
    "row_magnitudes",
    "zero_point",
    "zero_points",
]  # fmt: skip

ZERO_POINT = 23.9
POGSON = 2.5 / math.log(10)

DETECTION_SIGMA = 3.0
"""A point is a detection if its flux is more than so many errors; a limiting magnitude is that of such a
flux. It is SkyPortal's ``photometry_detection_threshold_nsigma``."""

SYSTEMS = ("ab", "vega")

VEGA: dict[str, float] = json.loads(Path(__file__).with_name("vega.json").read_text())


def zero_point(system: str, band: str) -> float:
    """Return the magnitude of 1 µJy.

    Parameters
    ----------
    system : {'ab', 'vega'}
        The magnitude system.
    band : str
        The bandpass, by sncosmo's name, in upper or lower case.

    Raises
    ------
    InvalidError
        If Vega's magnitude in this bandpass is not known.
    """
    return zero_points(system, [band])[band]


def zero_points(system: str, bands: Iterable[str]) -> dict[str, float]:
    """Return the magnitude of 1 µJy in each of several bandpasses.

    Raises
    ------
    InvalidError
        Naming those in which Vega's magnitude is not known.
    """
    if system == "ab":
        return dict.fromkeys(bands, ZERO_POINT)
    named = set(bands)
    unknown = sorted(band for band in named if band.lower() not in VEGA)
    if unknown:
        raise InvalidError(
            f"magsys: Vega's magnitude in {', '.join(unknown)} is not known here; use AB magnitudes ('ab')."
        )
    return {band: ZERO_POINT - VEGA[band.lower()] for band in named}


def magnitude_to_flux(magnitude: float, zero: float) -> float:
    """Return the flux (µJy) of a magnitude, given that of 1 µJy.

    Raises
    ------
    ValueError
        If nothing has this magnitude.
    """
    if not -50 <= magnitude <= 100:
        raise ValueError(f"{magnitude} is not a magnitude")
    return float(10 ** ((zero - magnitude) / 2.5))


def flux_to_magnitude(flux: float, zero: float) -> float:
    """Return the magnitude of a flux (µJy, positive), given that of 1 µJy."""
    return zero - 2.5 * math.log10(flux)


def row_magnitudes(row: dict[str, Any], zero: float = ZERO_POINT) -> dict[str, float | None]:
    """Return ``mag``, ``magerr`` and ``limiting_mag`` of a row of photometry.

    Parameters
    ----------
    row : dict
        With ``flux`` (None for a non-detection) and ``fluxerr``, both in µJy, and the
        ``limiting_mag`` (AB) that it was posted with, if it was.
    zero : float
        The magnitude of 1 µJy, on the system that is wanted.

    Returns
    -------
    dict
        ``mag`` and ``magerr`` are None where the flux is not positive.
    """
    flux, fluxerr = row["flux"], row["fluxerr"]
    positive = flux is not None and flux > 0
    return {
        "mag": flux_to_magnitude(flux, zero) if positive else None,
        "magerr": POGSON * fluxerr / flux if positive else None,
        "limiting_mag": limiting_magnitude(row) - (ZERO_POINT - zero),
    }


def limiting_magnitude(row: dict[str, Any]) -> float:
    """Return the limiting magnitude (AB) of a row: that posted, else that of `DETECTION_SIGMA` errors."""
    posted: float | None = row["limiting_mag"]
    return flux_to_magnitude(DETECTION_SIGMA * row["fluxerr"], ZERO_POINT) if posted is None else posted
