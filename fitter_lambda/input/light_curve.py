"""Rows of photometry: read from CSV text, checked, brought to micro-Jansky, sorted in time."""

import csv
import io
import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fitter_lambda.errors import PayloadError
from fitter_lambda.input.fit_parameters import Parameters
from fitter_lambda.input.templates import load_bandpasses, load_magnitude_systems

__all__ = ["ZERO_POINT", "ExcludedRow", "LightCurve", "Row", "build_light_curve", "read_csv_rows"]

Array = npt.NDArray[np.float64]

#: AB zero point of all fluxes in here: micro-Jansky.
ZERO_POINT = 23.9
#: Rows that are read, and that are fitted: with more a fit would not end in its time.
_MOST_READ, _MOST_FITTED = 20_000, 5_000
_MAX_CSV_CHARACTERS = 20_000_000
_NUMBERS = ("mjd", "flux", "fluxerr", "mag", "magerr", "limiting_mag", "zp")


@dataclass(frozen=True)
class Row:
    """One row as it came: numbers, or None where blank. `number` counts data rows from 1."""

    number: int
    mjd: float | None
    flux: float | None
    fluxerr: float | None
    mag: float | None
    magerr: float | None
    limiting_mag: float | None
    zp: float | None
    band: str
    magsys: str


@dataclass(frozen=True)
class ExcludedRow:
    """A row that is left out, and why."""

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
        Micro-Jansky; for limits, the limit and its error.
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
    limit: npt.NDArray[np.bool_]
    band: npt.NDArray[np.int_]
    bandpasses: list[Any]

    def __len__(self) -> int:
        return len(self.mjd)

    @property
    def bands(self) -> list[str]:
        """Names of the bandpasses."""
        return [str(band.name) for band in self.bandpasses]

    def detected(self, sigma: float) -> npt.NDArray[np.bool_]:
        """Which rows have a flux of at least so many times its error."""
        return ~self.limit & (self.flux >= sigma * self.fluxerr)


def read_csv_rows(text: object) -> list[Row]:
    """Read the CSV text of a payload.

    Raises
    ------
    PayloadError
        No text, no header with the needed columns, or too many rows.
    """
    if not isinstance(text, str) or not text.strip():
        raise PayloadError("inputs.photometry is missing; expected CSV with mjd, flux, fluxerr and filter.")
    if len(text) > _MAX_CSV_CHARACTERS:
        raise PayloadError(f"inputs.photometry is longer than {_MAX_CSV_CHARACTERS} characters; send less.")
    reader = csv.reader(io.StringIO(text.replace("\0", "")))
    try:
        columns = {name: place for place, name in enumerate(next(reader, []))}
        missing = ", ".join(sorted({"mjd", "filter"} - set(columns)))
        if missing:
            raise PayloadError(
                f"inputs.photometry lacks the columns {missing}; its first line has to name them."
            )
        # one by one: of what the sender makes long or wide, little is kept
        cells = itertools.islice(filter(None, reader), _MOST_READ + 1)
        rows = [_row(number, row, columns) for number, row in enumerate(cells, start=1)]
    except csv.Error as error:
        raise PayloadError(f"inputs.photometry is not CSV ({error}); send rows below a header.") from None
    if len(rows) > _MOST_READ:
        raise PayloadError(f"inputs.photometry has more than {_MOST_READ} rows; send fewer.")
    return rows


def _row(number: int, cells: list[str], columns: dict[str, int]) -> Row:
    def text(name: str) -> str:
        place = columns.get(name, len(cells))
        return cells[place].strip() if place < len(cells) else ""

    mjd, flux, fluxerr, mag, magerr, limiting_mag, zp = (_finite(text(name)) for name in _NUMBERS)
    band, magsys = (text(name).lower()[:40] for name in ("filter", "magsys"))
    return Row(number, mjd, flux, fluxerr, mag, magerr, limiting_mag, zp, band, magsys or "ab")


def _finite(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    # 1e30 and more is a fill value or an overflow to come, not a measurement
    return number if math.isfinite(number) and abs(number) < 1e30 else None


class _UnusableError(Exception):
    """Why a row is left out."""


_Usable = tuple[float, float, float, bool, str]


def build_light_curve(rows: Iterable[Row], parameters: Parameters) -> tuple[LightCurve, list[ExcludedRow]]:
    """Part usable rows from others, and bring them to one scale.

    Returns
    -------
    LightCurve
    list of ExcludedRow
        The others, with the reason of each.

    Raises
    ------
    PayloadError
        Too many usable rows.
    """
    rows = list(rows)
    found, missing = load_bandpasses(sorted({row.band for row in rows}))
    systems = load_magnitude_systems({row.magsys for row in rows})
    kept: set[_Usable] = set()
    excluded: list[ExcludedRow] = []
    for row in rows:
        try:
            if row.band in missing:
                raise _UnusableError(missing[row.band])
            usable = _usable(row, parameters, _ratio(found[row.band], systems.get(row.magsys), row.magsys))
            if usable in kept:
                raise _UnusableError("an exact repeat of another row")
            kept.add(usable)
        except _UnusableError as reason:
            excluded.append(ExcludedRow(row.number, row.mjd, row.band, str(reason)))
    if len(kept) > _MOST_FITTED:
        raise PayloadError(
            f"inputs.photometry has {len(kept)} usable rows, at most {_MOST_FITTED} can be fitted; "
            "mjd_min and mjd_max cut them to the time of the supernova."
        )
    order = sorted(kept)
    names = sorted({usable[4] for usable in order}, key=lambda name: float(found[name].wave_eff))
    mjd, flux, fluxerr, limit = (np.array([usable[i] for usable in order]) for i in range(4))
    band = np.array([names.index(usable[4]) for usable in order], dtype=int)
    return LightCurve(mjd, flux, fluxerr, limit.astype(bool), band, [found[name] for name in names]), excluded


def _ratio(band: Any, system: Any, name: str) -> float:
    """Flux of magnitude 0 in a magnitude system, over that in AB."""
    import sncosmo

    if system is None:
        raise _UnusableError(f"magnitude system {name!r} is unknown or not to be had")
    try:
        return float(system.zpbandflux(band) / sncosmo.get_magsystem("ab").zpbandflux(band))
    except ValueError:
        raise _UnusableError(f"magnitude system {name!r} does not reach this band") from None


def _usable(row: Row, parameters: Parameters, ratio: float) -> _Usable:
    if row.mjd is None:
        raise _UnusableError("no date")
    if not parameters.mjd_min <= row.mjd <= parameters.mjd_max:
        raise _UnusableError("outside mjd_min..mjd_max")
    if not 0 <= row.mjd <= 1e6:
        raise _UnusableError("mjd is not a modified Julian date")
    if row.zp is not None and not -50 < row.zp < 100:
        raise _UnusableError("zp is not a zero point in magnitudes")
    flux, fluxerr, limit = _measured(row, parameters)
    flux, fluxerr = flux * ratio, fluxerr * ratio
    if not fluxerr > 0:
        raise _UnusableError("the flux error is not positive")
    if not (1e-15 < fluxerr < 1e15 and abs(flux) < 1e15):
        raise _UnusableError("the flux or its error is no measurement of light")
    return row.mjd, flux, fluxerr, limit, row.band


def _measured(row: Row, parameters: Parameters) -> tuple[float, float, bool]:
    """Flux and error (micro-Jansky, in the row's magnitude system), and whether it is a limit."""
    if row.flux is None and row.mag is not None and row.magerr is not None and -50 < row.mag < 50:
        flux = _flux_of(row.mag)
        return flux, flux * row.magerr * math.log(10) / 2.5, False
    if row.fluxerr is None:
        raise _UnusableError("no flux" if row.flux is None else "no flux error")
    scale = 1.0 if row.zp is None else _flux_of(row.zp)
    if row.flux is not None:
        return row.flux * scale, row.fluxerr * scale, False
    if parameters.limits == "ignore":
        raise _UnusableError("a limit without flux (limits=ignore)")
    if parameters.limits == "gaussian":
        return 0.0, row.fluxerr * scale, False
    if row.limiting_mag is not None and row.zp is not None and -50 < row.limiting_mag < 50:
        return _flux_of(row.limiting_mag), row.fluxerr * scale, True
    return parameters.limit_nsigma * row.fluxerr * scale, row.fluxerr * scale, True


def _flux_of(mag: float) -> float:
    """Micro-Jansky, by Pogson's relation."""
    return float(10 ** (-0.4 * (mag - ZERO_POINT)))
