"""The usable rows of a light curve: checked, in microjansky, sorted in time."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fitter_lambda.arrays import Array, Indices, Mask
from fitter_lambda.errors import PayloadError
from fitter_lambda.input.fit_parameters import Parameters
from fitter_lambda.input.light_curve_rows import Row
from fitter_lambda.input.templates import load_bandpasses, load_magnitude_systems
from heliograph_guards.plausible_values import explain_implausible

#: AB zero point of all fluxes of the fitter: microjansky.
ZERO_POINT = 23.9
#: With more rows a fit would not end in its time.
_MAX_ROWS = 5_000


@dataclass(frozen=True)
class ExcludedRow:
    """A row that is left out of the fit, and why."""

    row: int
    mjd: float | None
    filter: str
    reason: str


@dataclass(frozen=True)
class LightCurve:
    """Usable rows, sorted in time.

    Attributes
    ----------
    mjd : ndarray, shape (n,)
        Days.
    flux, fluxerr : ndarray, shape (n,)
        Microjansky; for limits, the limit and its error.
    limit : ndarray of bool, shape (n,)
        Which rows are limits, without flux.
    band : ndarray of int, shape (n,)
        Indices into `bandpasses`.
    bandpasses : list of sncosmo.Bandpass
        From blue to red.
    """

    mjd: Array
    flux: Array
    fluxerr: Array
    limit: Mask
    band: Indices
    bandpasses: list[Any]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.mjd)

    @property
    def bands(self) -> list[str]:
        """The names of the bandpasses."""
        return [str(band.name) for band in self.bandpasses]

    def detections(self, sigma: float) -> Mask:
        """Return which rows have a flux of at least `sigma` times its error."""
        return ~self.limit & (self.flux >= sigma * self.fluxerr)


class _UnusableRowError(Exception):
    """Why a row is left out."""


class _UsableRow(NamedTuple):
    """A row in microjansky; `is_limit` says whether it has no flux."""

    mjd: float
    flux: float
    fluxerr: float
    is_limit: bool
    band: str


def build_light_curve(rows: Sequence[Row], parameters: Parameters) -> tuple[LightCurve, list[ExcludedRow]]:
    """Select the usable rows and bring them to one scale.

    The light curve is a set of rows: their order decides nothing.

    Returns
    -------
    LightCurve
    list of ExcludedRow
        All other rows, with the reason of each.

    Raises
    ------
    PayloadError
        There are too many usable rows.
    """
    bandpasses, missing_bands = load_bandpasses(sorted({row.band for row in rows if row.band}))
    systems, missing_systems = load_magnitude_systems(sorted({row.magsys for row in rows}))
    candidates: list[tuple[Row, _UsableRow]] = []
    excluded: list[ExcludedRow] = []
    for row in rows:
        try:
            if reason := row.problem or _explain_names(row, missing_bands, missing_systems):
                raise _UnusableRowError(reason)
            scale = _flux_ratio_to_ab(bandpasses[row.band], systems[row.magsys], row.magsys)
            candidates.append((row, _scale_row(row, parameters, scale)))
        except _UnusableRowError as error:
            excluded.append(_exclude(row, str(error)))
    usable_rows, repeats = _select_distinct(candidates)
    excluded = sorted([*excluded, *repeats], key=lambda item: item.row)
    if len(usable_rows) > _MAX_ROWS:
        raise PayloadError(
            f"The photometry has {len(usable_rows)} usable rows, at most {_MAX_ROWS} can be fitted; "
            "mjd_min and mjd_max cut them to the time of the supernova."
        )
    return _assemble(usable_rows, bandpasses), excluded


def _explain_names(row: Row, missing_bands: Mapping[str, str], missing_systems: Mapping[str, str]) -> str | None:
    if not row.band:
        return "no filter"
    return missing_bands.get(row.band) or missing_systems.get(row.magsys)


def _exclude(row: Row, reason: str) -> ExcludedRow:
    return ExcludedRow(row.number, row.mjd, row.band, reason)


def _select_distinct(candidates: Sequence[tuple[Row, _UsableRow]]) -> tuple[list[_UsableRow], list[ExcludedRow]]:
    """Return each usable row once, sorted, without limits at the time and band of a measured flux."""
    measured = {(usable.mjd, usable.band) for row, usable in candidates if not _is_blank_limit(row)}
    distinct: set[_UsableRow] = set()
    excluded = []
    for row, usable in candidates:
        if _is_blank_limit(row) and (usable.mjd, usable.band) in measured:
            excluded.append(_exclude(row, "a limit at the time and band of a measured flux"))
        elif usable in distinct:
            excluded.append(_exclude(row, "an exact repeat of another row"))
        else:
            distinct.add(usable)
    return sorted(distinct), excluded


def _is_blank_limit(row: Row) -> bool:
    """Return whether a row measures nothing, also where it enters the fit as a flux of 0."""
    return row.flux is None and row.mag is None


def _assemble(usable_rows: Sequence[_UsableRow], bandpasses: Mapping[str, Any]) -> LightCurve:
    names = sorted({row.band for row in usable_rows}, key=lambda name: (float(bandpasses[name].wave_eff), name))
    mjd, flux, fluxerr, limit = (np.array([row[i] for row in usable_rows]) for i in range(4))
    band = np.array([names.index(row.band) for row in usable_rows], dtype=int)
    return LightCurve(mjd, flux, fluxerr, limit.astype(bool), band, [bandpasses[name] for name in names])


def _flux_ratio_to_ab(band: Any, system: Any, name: str) -> float:
    """Return the flux of magnitude 0 in a magnitude system over that in AB."""
    import sncosmo

    try:
        return float(system.zpbandflux(band) / sncosmo.get_magsystem("ab").zpbandflux(band))
    except ValueError:
        raise _UnusableRowError(f"magnitude system {name!r} does not reach this band") from None


def _scale_row(row: Row, parameters: Parameters, scale: float) -> _UsableRow:
    if row.mjd is None:
        raise _UnusableRowError("no date")
    _require_plausible(row, ("mjd", *_list_used_fields(row)))
    if not parameters.mjd_min <= row.mjd <= parameters.mjd_max:
        raise _UnusableRowError("outside mjd_min..mjd_max")
    flux, fluxerr, is_limit = _get_flux(row, parameters)
    flux, fluxerr = flux * scale, fluxerr * scale
    if not fluxerr > 0:
        raise _UnusableRowError("the flux error is not positive")
    if not (1e-15 < fluxerr < 1e15 and abs(flux) < 1e15):
        raise _UnusableRowError("the flux or its error is no measurement of light")
    # adding 0.0 turns -0.0 into 0.0, which would be another row
    return _UsableRow(row.mjd, flux + 0.0, fluxerr, is_limit, row.band)


def _require_plausible(row: Row, fields: Sequence[str]) -> None:
    for name in fields:
        value = getattr(row, name)
        if value is not None and (reason := explain_implausible(name, value)):
            raise _UnusableRowError(reason)


def _list_used_fields(row: Row) -> tuple[str, ...]:
    """List the fields that a row's flux or limit comes from.

    Others do not matter: at a flux near zero the magnitude's error, which follows from it, has no bound.
    """
    if row.flux is not None:
        return ("flux", "fluxerr", "zp")
    if row.mag is not None:
        return ("mag", "magerr")
    return ("fluxerr", "zp", "limiting_mag")


def _get_flux(row: Row, parameters: Parameters) -> tuple[float, float, bool]:
    """Return flux and error (microjansky, in the row's magnitude system), and whether it is a limit."""
    if row.flux is None and row.mag is not None:
        # beside a flux error alone, the row would pass for a limit
        if row.magerr is None:
            raise _UnusableRowError("a magnitude without its error")
        flux = _mag_to_flux(row.mag)
        return flux, flux * row.magerr * math.log(10) / 2.5, False
    if row.fluxerr is None:
        raise _UnusableRowError("no flux" if row.flux is None else "no flux error")
    scale = 1.0 if row.zp is None else _mag_to_flux(row.zp)
    if row.flux is not None:
        return row.flux * scale, row.fluxerr * scale, False
    if parameters.limits == "ignore":
        raise _UnusableRowError("a limit without flux (limits=ignore)")
    if parameters.limits == "gaussian":
        return 0.0, row.fluxerr * scale, False
    if row.limiting_mag is not None and row.zp is not None:
        return _mag_to_flux(row.limiting_mag), row.fluxerr * scale, True
    return parameters.limit_nsigma * row.fluxerr * scale, row.fluxerr * scale, True


def _mag_to_flux(mag: float) -> float:
    return float(10 ** (-0.4 * (mag - ZERO_POINT)))
