"""Rows of photometry as they were sent: parsed from CSV text or from a table, not yet checked or scaled."""

import csv
import io
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fitter_lambda.errors import PayloadError
from fitter_lambda.input.sncosmo_registries import find_columns

if TYPE_CHECKING:
    from astropy.table import Table


#: With more rows a fit would not end in its time.
_MAX_ROWS = 20_000
_MAX_CSV_CHARACTERS = 20_000_000
_NUMBERS = ("mjd", "flux", "fluxerr", "mag", "magerr", "limiting_mag", "zp")
#: The columns of a payload by sncosmo's names of them; others have one name everywhere.
_PAYLOAD_COLUMNS = {"time": "mjd", "band": "filter", "zpsys": "magsys"}


@dataclass(frozen=True)
class Row:
    """One row as it was sent: numbers, or None where blank. `number` counts data rows from 1."""

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


def parse_csv_rows(text: object) -> list[Row]:
    """Parse the CSV text of a payload.

    Raises
    ------
    PayloadError
        The text is missing or has no header with mjd and filter, or there are too many rows.
    """
    if not isinstance(text, str) or not text.strip():
        raise PayloadError("inputs.photometry is missing; expected CSV with mjd, flux, fluxerr and filter.")
    if len(text) > _MAX_CSV_CHARACTERS:
        raise PayloadError(f"inputs.photometry is longer than {_MAX_CSV_CHARACTERS} characters; send less.")
    reader = csv.reader(io.StringIO(text.replace("\0", "")))
    try:
        header = next(reader, [])
        if not {"mjd", "filter"} <= set(header):
            missing = ", ".join(sorted({"mjd", "filter"} - set(header)))
            raise PayloadError(f"inputs.photometry has no header with the columns {missing}; add them.")
        # row by row, so that long and wide tables take little memory
        lines = itertools.islice(filter(None, reader), _MAX_ROWS + 1)
        rows = [_make_row(i, dict(zip(header, cells, strict=False))) for i, cells in enumerate(lines, start=1)]
    except csv.Error as error:
        raise PayloadError(f"inputs.photometry is not CSV ({error}); send rows below a header.") from None
    if len(rows) > _MAX_ROWS:
        raise PayloadError(f"inputs.photometry has more than {_MAX_ROWS} rows; send fewer.")
    return rows


def parse_table_rows(photometry: "Table | Mapping[str, Any]") -> list[Row]:
    """Parse a table with the column names that sncosmo accepts.

    Parameters
    ----------
    photometry : astropy Table, pandas DataFrame or dict of columns
        Modified Julian dates or an astropy `Time`; bands; flux and fluxerr in microjansky (AB), or with zp
        and zpsys, or in units of astropy. Without flux: mag and magerr; for a limit, fluxerr alone, or
        limiting_mag with fluxerr and zp. Masked, NaN and None are blank.

    Raises
    ------
    PayloadError
        Columns are missing, ambiguous, of different lengths or in impossible units; or too many rows.
    """
    names = [str(name) for name in getattr(photometry, "columns", photometry)]
    try:
        aliases = find_columns(names)
    except ValueError as error:
        raise PayloadError(f"The table's columns are ambiguous: {error}.") from None
    if not {"time", "band"} <= set(aliases) or "fluxcov" in aliases:
        raise PayloadError(
            f"The table has the columns {', '.join(names)}; expected time, band, flux and fluxerr, by any "
            "name that sncosmo knows, and no covariance of fluxes."
        )
    aliases |= {name: name for name in ("mag", "magerr", "limiting_mag") if name in names}
    try:
        columns = {
            _PAYLOAD_COLUMNS.get(key, key): _list_values(photometry[name], key.startswith("flux"), "zp" in aliases)
            for key, name in aliases.items()
        }
    except (ValueError, TypeError) as error:
        raise PayloadError(f"The table cannot be used: {error}.") from None
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1 or max(lengths) > _MAX_ROWS:
        raise PayloadError(f"The table's columns have to be of one length, at most {_MAX_ROWS} rows.")
    rows = zip(*columns.values(), strict=True)
    return [_make_row(i, dict(zip(columns, cells, strict=True))) for i, cells in enumerate(rows, 1)]


def _list_values(column: Any, is_flux: bool, has_zero_points: bool) -> list[Any]:
    """Return a column as a list, None where masked; times as MJD, a flux with a unit in microjansky."""
    unit = getattr(column, "unit", None)
    column = getattr(column, "mjd", column)  # of an astropy Time
    values = np.ma.asarray(getattr(column, "value", column))
    if is_flux and unit is not None and not has_zero_points:
        from astropy.units import Unit

        values = values * Unit(unit).to("uJy")
    return list(values.tolist())


def _make_row(number: int, cells: Mapping[str, Any]) -> Row:
    mjd, flux, fluxerr, mag, magerr, limiting_mag, zp = (_parse_number(cells.get(name)) for name in _NUMBERS)
    band, magsys = (_parse_name(cells.get(name)) for name in ("filter", "magsys"))
    return Row(number, mjd, flux, fluxerr, mag, magerr, limiting_mag, zp, band, magsys or "ab")


def _parse_number(cell: Any) -> float | None:
    try:
        number = float(cell)
    except (ValueError, TypeError):
        return None
    # 1e30 and more is a fill value or would overflow
    return number if math.isfinite(number) and abs(number) < 1e30 else None


def _parse_name(cell: Any) -> str:
    text = cell.decode(errors="replace") if isinstance(cell, bytes) else getattr(cell, "name", cell)
    return str("" if text is None else text).strip().lower()[:40]
