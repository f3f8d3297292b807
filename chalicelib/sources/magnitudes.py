"""Magnitudes and fluxes, on the AB and the Vega system.

Fluxes are stored in µJy on the AB system, for which the zero point is
23.9 mag = 2.5 log10(3631 Jy / 1 µJy) (Oke & Gunn 1983, ApJ 266, 713):
``flux = 10 ** ((23.9 - mag) / 2.5)`` and ``fluxerr = magerr * flux * ln(10) / 2.5``.

Vega has magnitude 0 in every bandpass of its own system. Its AB magnitudes are in ``vega.json``, by
sncosmo's names of bandpasses; ``infra/vega_offsets.py`` computes them.
"""

import json
import math
from collections.abc import Iterable
from pathlib import Path

from chalicelib.errors import InvalidError

ZERO_POINT = 23.9
POGSON = 2.5 / math.log(10)

DETECTION_SIGMA = 3.0
"""Errors: a larger flux is a detection, and a flux of this has the limiting magnitude (SkyPortal's
``photometry_detection_threshold_nsigma``)."""

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
    return zero_points_by_band(system, [band])[band]


def zero_points_by_band(system: str, bands: Iterable[str]) -> dict[str, float]:
    """Return the magnitude of 1 µJy in each of several bandpasses.

    Raises
    ------
    InvalidError
        Naming those in which Vega's magnitude is not known.
    """
    bands = set(bands)
    if system == "ab":
        return dict.fromkeys(bands, ZERO_POINT)
    unknown = sorted(band for band in bands if band.lower() not in VEGA)
    if unknown:
        raise InvalidError(
            f"magsys: Vega's magnitude in {', '.join(unknown)} is not known here; use AB magnitudes ('ab')."
        )
    return {band: ZERO_POINT - VEGA[band.lower()] for band in bands}


def magnitude_to_flux(magnitude: float, zero: float) -> float:
    """Return the flux (µJy) of a magnitude, given the magnitude of 1 µJy.

    Raises
    ------
    ValueError
        If the magnitude is not between -50 and 100.
    """
    if not -50 <= magnitude <= 100:
        raise ValueError(f"{magnitude} is not a magnitude")
    return float(10 ** ((zero - magnitude) / 2.5))


def flux_to_magnitude(flux: float, zero: float) -> float:
    """Return the magnitude of a flux (µJy, positive), given the magnitude of 1 µJy."""
    return zero - 2.5 * math.log10(flux)
