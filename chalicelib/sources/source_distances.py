"""Distances of sources, measured ones in ``altdata`` first, else from the redshift; galactic coordinates.

The cosmology is Planck18 of astropy (Planck Collaboration 2020, A&A 641, A6, table 2, TT,TE,EE+lowE+lensing+BAO:
flat ΛCDM with radiation and one massive neutrino), as SkyPortal uses it. astropy itself does not fit into the API's
function; a test holds these distances to it.
"""

import math
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple

LIGHT_SPEED = 299_792.458
"""km/s."""

HUBBLE = 67.66
"""km/s/Mpc."""

MATTER = 0.30966
PHOTONS = 5.402015137139353e-05
"""Density parameters of today; that of photons follows from 2.7255 K and the Hubble constant."""

NEUTRINO_FACTOR = 0.22710731766 * 3.046 / 3
"""Energy density of a massless neutrino over that of photons (Komatsu et al. 2011, ApJS 192, 18, eq. 24)."""

NEUTRINO_MASS = 357.9121209673803
"""The mass of the massive neutrino, 0.06 eV, over the neutrinos' temperature of today."""

MASSLESS_NEUTRINOS = 2

HUBBLE_FLOW = 350.0
"""km/s; a redshift of less is mostly peculiar velocity and gives no distance."""

POLE_RA = 192.85948
POLE_DEC = 27.12825
NODE = 32.93192
"""Position of the north galactic pole (ICRS), and galactic longitude of the ascending node, in degrees."""

ORDER = 32
"""Nodes of the quadrature; the error is below 1e-12 for redshifts up to 10."""


class Distances(NamedTuple):
    """Distances of a source: distance modulus (mag), and in Mpc; None where they are not known."""

    dm: float | None = None
    luminosity_distance: float | None = None
    angular_diameter_distance: float | None = None


def compute_distances(redshift: float | None, altdata: object) -> Distances:
    """Return the distances of a source.

    Parameters
    ----------
    redshift : float or None
        The redshift.
    altdata : object
        What else is known of the source; of an object the first of ``dm`` (mag), ``parallax`` (arcsec),
        ``dist_kpc``, ``dist_Mpc``, ``dist_pc`` and ``dist_cm`` is used.

    Returns
    -------
    Distances
        All None if the source is not in the Hubble flow and no distance is measured.
    """
    in_flow = redshift is not None and redshift * LIGHT_SPEED > HUBBLE_FLOW
    distance = _find_measured(altdata) if isinstance(altdata, Mapping) else None
    if distance is None and in_flow:
        distance = luminosity_distance(redshift or 0.0)
    if not distance:
        return Distances()
    angular = distance / (1 + (redshift or 0.0)) ** 2 if in_flow else distance
    return Distances(5 * math.log10(distance * 1e5), distance, angular)


def galactic_coordinates(ra: float | None, dec: float | None) -> tuple[float | None, float | None]:
    """Return galactic longitude and latitude of a position, all in degrees (Perryman et al. 1997, vol. 1, eq. 1.5.10).

    Both are None without a position.
    """
    if ra is None or dec is None:
        return None, None
    distance, dec = math.radians(ra - POLE_RA), math.radians(dec)
    pole = math.radians(POLE_DEC)
    x = math.cos(pole) * math.sin(dec) - math.sin(pole) * math.cos(dec) * math.cos(distance)
    y = math.cos(dec) * math.sin(distance)
    sine = math.sin(pole) * math.sin(dec) + math.cos(pole) * math.cos(dec) * math.cos(distance)
    longitude = (NODE + math.degrees(math.atan2(x, y))) % 360
    return longitude, math.degrees(math.asin(max(-1.0, min(1.0, sine))))


def _find_measured(altdata: Mapping[str, Any]) -> float | None:
    """Return the measured distance in Mpc, or None."""
    modulus, parallax = _get_number(altdata, "dm"), _get_number(altdata, "parallax")
    if modulus is not None:
        return float(10 ** (modulus / 5) * 1e-5) if abs(modulus) < 1000 else None
    if parallax is not None and parallax > 0:
        return 1e-6 / parallax
    for name, unit in (("dist_kpc", 1e-3), ("dist_Mpc", 1.0), ("dist_pc", 1e-6), ("dist_cm", 1 / 3.085677581491367e24)):
        distance = _get_number(altdata, name)
        if distance is not None and distance > 0:
            return distance * unit
    return None


def _get_number(altdata: Mapping[str, Any], name: str) -> float | None:
    try:
        number = float(altdata[name])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


@lru_cache(maxsize=10_000)
def luminosity_distance(redshift: float) -> float:
    """Return the luminosity distance in Mpc, by the integral of Hogg (1999, astro-ph/9905116, eq. 15 and 21)."""
    # In ln(1 + z) the integrand is smooth over all redshifts.
    top = math.log1p(redshift)
    integral = math.fsum(
        weight * math.exp(x) / _expansion(math.exp(x))
        for x, weight in ((top * (1 + node) / 2, top * weight / 2) for node, weight in _quadrature_nodes())
    )
    return float((1 + redshift) * LIGHT_SPEED / HUBBLE * integral)


def _expansion(stretch: float) -> float:
    """Return H/H0 at 1 + z."""
    radiation = PHOTONS * (1 + _neutrinos(stretch))
    dark_energy = 1 - MATTER - PHOTONS * (1 + _neutrinos(1.0))
    return math.sqrt(stretch**3 * (radiation * stretch + MATTER) + dark_energy)


def _neutrinos(stretch: float) -> float:
    """Return the energy density of neutrinos over that of photons (Komatsu et al. 2011, eq. 26)."""
    massive: float = (1 + (0.3173 * NEUTRINO_MASS / stretch) ** 1.83) ** 0.54644808743
    return NEUTRINO_FACTOR * (massive + MASSLESS_NEUTRINOS)


@cache
def _quadrature_nodes() -> list[tuple[float, float]]:
    """Return nodes and weights of Gauss-Legendre quadrature on [-1, 1], by Newton's method."""
    nodes = []
    for number in range(ORDER):
        x = math.cos(math.pi * (number + 0.75) / (ORDER + 0.5))
        for _ in range(10):
            value, slope = _legendre(x)
            x -= value / slope
        nodes.append((x, 2 / ((1 - x * x) * _legendre(x)[1] ** 2)))
    return nodes


def _legendre(x: float) -> tuple[float, float]:
    """Return the Legendre polynomial of degree `ORDER` and its derivative."""
    before, value = 1.0, x
    for degree in range(2, ORDER + 1):
        before, value = value, ((2 * degree - 1) * x * value - (degree - 1) * before) / degree
    return value, ORDER * (x * value - before) / (x * x - 1)
