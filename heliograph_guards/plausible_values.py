"""The plausible range of each kind of value: one table for the API, the file reader and the fitter.

A value outside its range is refused with a sentence that names the usual cause.
"""

from typing import NamedTuple

JD_MINUS_MJD = 2_400_000.5

SENTINELS = frozenset((99.0, 99.9, 99.99, 99.999, 999.0, 999.9, 9999.0, 99999.0))
"""Numbers that files write for a missing value, with either sign."""

_WITHOUT_SENTINELS = frozenset(("mjd", "wavelength", "wavelengths", "flux", "fluxerr", "ref_flux", "ref_fluxerr"))
"""Fields whose values may be one of `SENTINELS`."""


class Plausible(NamedTuple):
    """The range of a kind of value, with both ends, and what it is."""

    low: float
    high: float
    noun: str


MAGNITUDE = Plausible(-30.0, 40.0, "a magnitude")
UNCERTAINTY = Plausible(1e-30, 1e30, "an error, which is greater than 0")

RANGES = {
    "mjd": Plausible(15_020.0, 100_000.0, "a modified Julian date from 1900 to 2132"),
    "mag": MAGNITUDE,
    "limiting_mag": MAGNITUDE,
    "magref": MAGNITUDE,
    "magerr": Plausible(1e-30, 90.0, "the error of a magnitude, which is greater than 0"),
    "e_magref": Plausible(1e-30, 90.0, "the error of a magnitude, which is greater than 0"),
    "flux": Plausible(-1e30, 1e30, "a flux"),
    "ref_flux": Plausible(-1e30, 1e30, "a flux"),
    "fluxerr": UNCERTAINTY,
    "ref_fluxerr": UNCERTAINTY,
    "zp": Plausible(-60.0, 60.0, "a zero point in magnitudes"),
    "ref_zp": Plausible(-60.0, 60.0, "a zero point in magnitudes"),
    "limiting_mag_nsigma": Plausible(0.1, 100.0, "a number of standard deviations"),
    "wavelength": Plausible(900.0, 3e7, "a wavelength in angstrom"),
    "wavelengths": Plausible(100.0, 1e7, "a wavelength of a spectrum in angstrom"),
}
"""Ranges by the name of the field."""


def explain_implausible(field: str, value: float) -> str | None:
    """Say why a value cannot be meant.

    Parameters
    ----------
    field : str
        One of `RANGES`; other fields have no range.
    value : float
        Not NaN.

    Returns
    -------
    str or None
        A sentence without full stop, that begins with the field; None if the value is plausible.

    Examples
    --------
    >>> explain_implausible("mjd", 8456.7)
    'mjd: 8456.7 looks like JD - 2450000; expected a modified Julian date from 1900 to 2132 (JD - 2400000.5)'
    >>> explain_implausible("mag", 19.2)
    """
    plausible = RANGES.get(field)
    if plausible is None or (plausible.low <= value <= plausible.high and not _is_sentinel(field, value)):
        return None
    if cause := _CAUSES.get(field, _name_no_cause)(value):
        return f"{field}: {value:.12g} {cause}"
    return f"{field}: {value:.12g} is not {plausible.noun}: expected {plausible.low:g} to {plausible.high:g}"


def _is_sentinel(field: str, value: float) -> bool:
    return field not in _WITHOUT_SENTINELS and abs(value) in SENTINELS


def _name_no_cause(value: float) -> str | None:
    return None


def _explain_mjd(value: float) -> str | None:
    expected = "; expected a modified Julian date from 1900 to 2132 (JD - 2400000.5)"
    if RANGES["mjd"].low <= value - JD_MINUS_MJD <= RANGES["mjd"].high:
        return f"is a Julian date; subtract {JD_MINUS_MJD}"
    if 5_000 <= value < RANGES["mjd"].low:
        return "looks like JD - 2450000" + expected
    if 19_000_000 <= value < 21_330_000:
        return "looks like a calendar date without separators" + expected
    if 1e9 <= value < 5e12:
        return "looks like seconds or milliseconds since 1970" + expected
    return None


def _explain_magnitude(value: float) -> str | None:
    if abs(value) in SENTINELS:
        return "stands for a missing value in many files; leave it blank"
    if value > 40:
        return "is no magnitude (expected -30 to 40); it may be a flux"
    return None


def _explain_magnitude_error(value: float) -> str | None:
    if abs(value) in SENTINELS:
        return "stands for a missing value in many files; leave it blank"
    if value <= 0:
        return "is not positive; an unknown error is not 0, leave the point out or give its error"
    return "is no error of a magnitude (expected at most 90); it may be the error of a flux"


def _explain_error(value: float) -> str | None:
    return "is not positive; an unknown error is not 0, leave the point out or give its error" if value <= 0 else None


def _explain_wavelength(value: float) -> str | None:
    if 0.09 <= value < 30:
        return "looks like micrometres; expected angstrom, 10000 to the micrometre"
    if 90 <= value < 900:
        return "looks like nanometres; expected angstrom, 10 to the nanometre"
    return None


def _explain_wavelengths(value: float) -> str | None:
    if 0.01 <= value < 50:
        return "looks like micrometres; expected angstrom, 10000 to the micrometre"
    if 50 <= value < 100:
        return "looks like nanometres; expected angstrom, 10 to the nanometre"
    if value > RANGES["wavelengths"].high:
        return "is above 1e7 angstrom; it may be a frequency in Hz, or a wavelength in another unit"
    return None


_CAUSES = {
    "mjd": _explain_mjd,
    **dict.fromkeys(("mag", "limiting_mag", "magref"), _explain_magnitude),
    **dict.fromkeys(("magerr", "e_magref"), _explain_magnitude_error),
    **dict.fromkeys(("fluxerr", "ref_fluxerr"), _explain_error),
    "wavelength": _explain_wavelength,
    "wavelengths": _explain_wavelengths,
}
