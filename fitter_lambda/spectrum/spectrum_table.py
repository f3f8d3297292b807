"""A spectrum as it was sent, of any usual columns and units, as flux per wavelength."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.errors import PayloadError, TooLittleDataError

_MAX_PIXELS = 200_000
_FEWEST_PIXELS = 40
_LARGEST = 1e30
#: Names of columns, in lower case.
_NAMES = {
    "wave": ("wavelengths", "wavelength", "wave", "waves", "lambda", "lam", "wl", "wav", "spectral_axis", "col1"),
    "flux": ("fluxes", "flux", "f_lambda", "flam", "fluxdensity", "flux_density", "spec", "intensity", "fnu", "col2"),
    "error": ("errors", "error", "fluxerr", "flux_err", "flux_error", "err", "e_flux", "sigma", "std", "uncertainty",
              "flux_unc", "noise", "col3"),
    "variance": ("variance", "var"),
    "ivar": ("ivar", "inverse_variance"),
}  # fmt: skip
_PER_FREQUENCY = ("jy", "fnu", "hz")
_MAGNITUDES = ("ab", "mag")
#: Largest wavelength in micrometers, and in nanometers, if no unit is said.
_MICROMETERS = 30.0
_NANOMETERS = 2000.0


@dataclass(frozen=True, eq=False)
class SentSpectrum:
    """A spectrum by rising wavelength.

    Attributes
    ----------
    wave : ndarray
        Angstrom, in vacuum.
    flux : ndarray
        Per wavelength, in any unit; NaN where unknown.
    error : ndarray or None
        None where there are none.
    remarks : list of str
        How it was read.
    """

    wave: Array
    flux: Array
    error: Array | None
    remarks: list[str]


def parse_spectrum_table(spectrum: Any, flux_unit: str = "", is_air: bool = True) -> SentSpectrum:
    """Read a spectrum.

    Parameters
    ----------
    spectrum : astropy Table, pandas DataFrame, or mapping of columns
        A mapping may name the unit of its flux as "units".
    flux_unit : str
        Instead of the column's own: per wavelength (the default), Jy and its kin (per frequency), or AB (magnitudes).
    is_air : bool
        Whether wavelengths are in air.

    Raises
    ------
    PayloadError
        A column is missing or no numbers, or columns differ in length.
    """
    columns = _find_columns(spectrum)
    wave, wave_unit = _read_column(columns, "wave")
    flux, own_unit = _read_column(columns, "flux")
    if len(wave) != len(flux) or wave.ndim != 1 or flux.ndim != 1:
        raise PayloadError("The spectrum's columns are not lists of one length; expected wavelength and flux.")
    if len(wave) > _MAX_PIXELS:
        raise PayloadError(f"The spectrum has {len(wave):,} pixels; expected at most {_MAX_PIXELS:,}.")
    error = _read_error(columns, len(flux))
    order, wave, remarks = _sort(wave)
    wave = _to_angstrom(wave, wave_unit, remarks)
    flux = flux[order]
    error = None if error is None else error[order]
    named = spectrum.get("units") if isinstance(spectrum, Mapping) else None
    own_unit = own_unit or (named if isinstance(named, str) else "")
    unit = flux_unit or own_unit or ("jy" if columns["flux"][0].lower() == "fnu" else "")
    flux, error = _to_flux_per_wavelength(wave, flux, error, unit.lower())
    if is_air:
        wave = to_vacuum(wave)
    return SentSpectrum(wave, flux, error, remarks)


def _find_columns(spectrum: Any) -> dict[str, tuple[str, Any]]:
    names = [
        str(name) for name in (spectrum.keys() if isinstance(spectrum, Mapping) else getattr(spectrum, "columns", ()))
    ]
    lower = {name.strip().lower(): name for name in names}
    columns: dict[str, tuple[str, Any]] = {}
    for kind, aliases in _NAMES.items():
        name = next((lower[alias] for alias in aliases if alias in lower), None)
        if name is not None:
            columns[kind] = (name, spectrum[name])
    if missing := [kind for kind in ("wave", "flux") if kind not in columns]:
        expected = " and ".join({"wave": "wavelength", "flux": "flux"}[kind] for kind in missing)
        raise PayloadError(f"The spectrum has no column {expected}; it has {', '.join(names)[:200] or 'none'}.")
    return columns


def _read_column(columns: Mapping[str, tuple[str, Any]], kind: str) -> tuple[Array, str]:
    name, column = columns[kind]
    unit = str(getattr(column, "unit", "") or "")
    values = getattr(column, "value", column)
    try:
        numbers: Array = np.ma.filled(np.ma.asarray(values, dtype=float), np.nan)
    except (TypeError, ValueError):
        raise PayloadError(f"The spectrum's column {name} holds something that is no number.") from None
    return np.where(np.abs(numbers) < _LARGEST, numbers, np.nan), "" if unit == "None" else unit


def _read_error(columns: Mapping[str, tuple[str, Any]], number: int) -> Array | None:
    kind = next((kind for kind in ("error", "variance", "ivar") if kind in columns), None)
    if kind is None:
        return None
    error = _read_column(columns, kind)[0]
    if error.shape != (number,):
        raise PayloadError("The spectrum's errors are not as many as its fluxes.")
    with np.errstate(invalid="ignore", divide="ignore"):
        error = {"error": error, "variance": np.sqrt(error), "ivar": 1 / np.sqrt(error)}[kind]
    error = np.where(np.isfinite(error) & (error > 0), error, np.nan)
    return error if np.isfinite(error).any() else None


def _sort(wave: Array) -> tuple[Any, Array, list[str]]:
    """Return the order of usable wavelengths, these, and remarks."""
    usable = np.flatnonzero(np.isfinite(wave) & (wave > 0))
    order = usable[np.argsort(wave[usable], kind="stable")]
    keep = np.concatenate([[True], np.diff(wave[order]) > 0]) if len(order) else np.empty(0, bool)
    order = order[keep]
    if len(order) < _FEWEST_PIXELS:
        raise TooLittleDataError(f"The spectrum has {len(order)} usable pixels; at least {_FEWEST_PIXELS} are needed.")
    left = len(wave) - len(order)
    return order, wave[order], [f"{left} pixels without a wavelength of their own were left out"] if left else []


def _to_angstrom(wave: Array, unit: str, remarks: list[str]) -> Array:
    if unit:
        from astropy import units

        try:
            return np.asarray(wave * units.Unit(unit).to("angstrom"))
        except (ValueError, units.UnitConversionError):
            raise PayloadError(f"The wavelengths' unit {unit[:40]!r} is no length; expected angstrom.") from None
    if wave[-1] < _MICROMETERS:
        remarks.append("wavelengths were taken for micrometers")
        return np.asarray(wave * 1e4)
    if wave[-1] < _NANOMETERS:
        remarks.append("wavelengths were taken for nanometers")
        return np.asarray(wave * 10.0)
    return wave


def _to_flux_per_wavelength(wave: Array, flux: Array, error: Array | None, unit: str) -> tuple[Array, Array | None]:
    if unit.startswith(_MAGNITUDES) or "mag" in unit:
        with np.errstate(over="ignore"):
            flux = 10 ** (-0.4 * (flux - np.nanmedian(flux)))
        error = None if error is None else flux * 0.4 * np.log(10) * error
    if unit.startswith(_MAGNITUDES) or any(word in unit for word in (*_PER_FREQUENCY, "mag")):
        factor = (wave[0] / wave) ** 2
        flux = flux * factor
        error = None if error is None else error * factor
    return np.where(np.isfinite(flux), flux, np.nan), error


def to_vacuum(wave: Array) -> Array:
    """Return wavelengths in vacuum of those in air (angstrom).

    The inverse of Morton's (2000, ApJS 130, 403) formula by N. Piskunov, as the VALD database gives it.
    """
    s = (1e4 / np.maximum(wave, 2000.0)) ** 2
    n = 1 + 8.336624212083e-5 + 2.408926869968e-2 / (130.1065924522 - s) + 1.599740894897e-4 / (38.92568793293 - s)
    return np.where(wave >= 2000.0, wave * n, wave)
