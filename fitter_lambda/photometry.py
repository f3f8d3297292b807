"""Rows of photometry: read from CSV text, checked, brought to one flux scale, sorted in time."""

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fitter_lambda.errors import PayloadError

__all__ = ["ZERO_POINT", "Excluded", "Photometry", "Row", "read_rows", "split_rows"]

#: AB zero point of the flux scale in here: micro-Jansky.
ZERO_POINT = 23.9
#: More rows than any survey has of one source; beyond it a fit would not end in its time.
MAX_ROWS = 5_000
_MAX_CSV_CHARACTERS = 20_000_000


@dataclass(frozen=True)
class Row:
    """One row as it came: numbers, or None where blank. `number` counts data rows from 1."""

    number: int
    mjd: float | None
    flux: float | None
    fluxerr: float | None
    mag: float | None
    magerr: float | None
    zp: float | None
    band: str
    magsys: str


@dataclass(frozen=True)
class Excluded:
    """A row that is left out, and why."""

    row: int
    mjd: float | None
    filter: str
    reason: str


@dataclass(frozen=True)
class Photometry:
    """Usable rows, sorted in time.

    Attributes
    ----------
    mjd : ndarray, shape (n,)
        Days.
    flux, fluxerr : ndarray, shape (n,)
        On the scale of each row's `zp` and `magsys`.
    zp : ndarray, shape (n,)
        Zero points (mag).
    band, magsys : ndarray of str, shape (n,)
        Names of sncosmo's bandpasses and magnitude systems.
    number : ndarray of int, shape (n,)
        The rows' numbers in the payload, from 1.
    """

    mjd: npt.NDArray[np.float64]
    flux: npt.NDArray[np.float64]
    fluxerr: npt.NDArray[np.float64]
    zp: npt.NDArray[np.float64]
    band: npt.NDArray[np.str_]
    magsys: npt.NDArray[np.str_]
    number: npt.NDArray[np.int_]

    def __len__(self) -> int:
        return len(self.mjd)

    def take(self, keep: npt.NDArray[np.bool_]) -> "Photometry":
        """The rows where `keep` (shape (n,)) is true."""
        return Photometry(*(getattr(self, name)[keep] for name in self.__dataclass_fields__))

    def exclude(self, drop: npt.NDArray[np.bool_], reason: str) -> tuple["Photometry", list[Excluded]]:
        """Split off the rows where `drop` (shape (n,)) is true, each with the same reason."""
        rows = zip(self.number[drop], self.mjd[drop], self.band[drop], strict=True)
        return self.take(~drop), [Excluded(int(n), float(t), str(b), reason) for n, t, b in rows]


def read_rows(text: str) -> list[Row]:
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
    try:
        records = list(csv.DictReader(io.StringIO(text.replace("\0", "")), restkey="_rest"))
    except csv.Error as error:
        raise PayloadError(f"inputs.photometry is not CSV ({error}); send rows below a header.") from None
    missing = {"mjd", "filter"} - set(records[0] if records else _header(text))
    if missing:
        names = ", ".join(sorted(missing))
        raise PayloadError(f"inputs.photometry lacks the columns {names}; its first line has to name them.")
    if len(records) > MAX_ROWS:
        raise PayloadError(f"inputs.photometry has {len(records)} rows, at most {MAX_ROWS} can be fitted.")
    return [_row(number, record) for number, record in enumerate(records, start=1)]


def _header(text: str) -> list[str]:
    return next(csv.reader(io.StringIO(text)), [])


def _row(number: int, record: dict[str, str | None]) -> Row:
    def value(name: str) -> float | None:
        return _finite(record.get(name))

    return Row(
        number, value("mjd"), value("flux"), value("fluxerr"), value("mag"), value("magerr"), value("zp"),
        band=(record.get("filter") or "").strip().lower()[:40],
        magsys=(record.get("magsys") or "ab").strip().lower()[:40] or "ab",
    )  # fmt: skip


def _finite(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    # 1e30 and more is a fill value or an overflow to come, not a measurement
    return number if math.isfinite(number) and abs(number) < 1e30 else None


def split_rows(rows: Iterable[Row], mjd_min: float, mjd_max: float) -> tuple[Photometry, list[Excluded]]:
    """Part usable rows from others.

    Parameters
    ----------
    rows : iterable of Row
    mjd_min, mjd_max : float
        Window to keep (days).

    Returns
    -------
    Photometry
        Usable rows; fluxes are made from magnitudes where only those were given.
    list of Excluded
        The others, with the reason of each.
    """
    kept: list[tuple[float, float, float, float, str, str, int]] = []
    excluded: list[Excluded] = []
    seen: set[tuple[float, float, float, float, str, str]] = set()
    for row in rows:
        flux, fluxerr, zp = _flux_of(row)
        reason = _why_not(row, flux, fluxerr, mjd_min, mjd_max)
        if reason is not None or row.mjd is None or flux is None or fluxerr is None:
            excluded.append(Excluded(row.number, row.mjd, row.band, reason or "incomplete"))
            continue
        columns = (row.mjd, flux, fluxerr, zp, row.band, row.magsys)
        if columns in seen:
            excluded.append(Excluded(row.number, row.mjd, row.band, "an exact repeat of another row"))
            continue
        seen.add(columns)
        kept.append((*columns, row.number))
    kept.sort(key=lambda row: row[0])
    table = list(zip(*kept, strict=True)) or [()] * 7
    mjd, fluxes, errors, zps = (np.array(column, dtype=float) for column in table[:4])
    bands, systems = (np.array(column, dtype=str) for column in table[4:6])
    return Photometry(mjd, fluxes, errors, zps, bands, systems, np.array(table[6], dtype=int)), excluded


def _flux_of(row: Row) -> tuple[float | None, float | None, float]:
    """Flux, its error and zero point; from the magnitude (Pogson's relation) where there is no flux."""
    if row.flux is None and row.mag is not None and row.magerr is not None and -50 < row.mag < 50:
        flux = 10 ** (-0.4 * (row.mag - ZERO_POINT))
        return flux, flux * row.magerr * math.log(10) / 2.5, ZERO_POINT
    return row.flux, row.fluxerr, ZERO_POINT if row.zp is None else row.zp


def _why_not(
    row: Row, flux: float | None, fluxerr: float | None, mjd_min: float, mjd_max: float
) -> str | None:
    if row.mjd is None:
        return "no date"
    if not mjd_min <= row.mjd <= mjd_max:
        return "outside mjd_min..mjd_max"
    if not 0 <= row.mjd <= 1e6:
        return "mjd is not a modified Julian date"
    if row.zp is not None and not -50 < row.zp < 100:
        return "zp is not a zero point in magnitudes"
    if flux is None and fluxerr is not None:
        return "a limit without flux; this version of the fitter uses measured fluxes only"
    if flux is None:
        return "no flux"
    if fluxerr is None:
        return "no flux error"
    if fluxerr <= 0:
        return "the flux error is not positive"
    return None
