"""Rows of photometry as they were sent: parsed from CSV text or from a table, not yet checked or scaled."""

import csv
import io
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fitter_lambda.errors import PayloadError
from fitter_lambda.input.row_cells import find_repeated_names, parse_name, parse_number, trim_column_names
from fitter_lambda.input.sncosmo_registries import find_columns

if TYPE_CHECKING:
    from astropy.table import Table


#: With more rows a fit would not end in its time.
_MAX_ROWS = 20_000
_MAX_CSV_CHARACTERS = 20_000_000
#: Of the columns that are not used, so many are named, with so many characters.
_MAX_UNUSED = 100
_MAX_COLUMN_NAME = 60
_NUMBERS = ("mjd", "flux", "fluxerr", "mag", "magerr", "limiting_mag", "zp")
_NAMES = ("filter", "magsys")
_COLUMNS = (*_NUMBERS, *_NAMES)
#: Columns that a fit has no use for and portals always send: they need no mention in a summary.
EXPECTED_UNUSED = frozenset(("instrument_name", "predicted_mag"))
#: The columns of a payload by sncosmo's names of them; others have one name everywhere.
_PAYLOAD_COLUMNS = {"time": "mjd", "band": "filter", "zpsys": "magsys"}
_WITHOUT_ALIASES = ("mag", "magerr", "limiting_mag")


@dataclass(frozen=True)
class Row:
    """One row as it was sent: numbers, or None where blank.

    Attributes
    ----------
    number : int
        Counts data rows from 1.
    mjd, flux, fluxerr, mag, magerr, limiting_mag, zp : float or None
    band, magsys : str
        The band is empty where blank, the magnitude system then "ab".
    problem : str
        Why the row cannot be used, if one of its cells cannot be read.
    """

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
    problem: str = ""


@dataclass(frozen=True)
class SentPhotometry:
    """Photometry as it was sent.

    Attributes
    ----------
    rows : list of Row
    unused_columns : list of str
        The names of the columns that mean nothing to the fitter.
    """

    rows: list[Row]
    unused_columns: list[str]


def parse_csv_rows(text: object) -> SentPhotometry:
    """Parse the CSV text of a payload.

    Blanks around names and values, a byte order mark and the case of names are ignored. A cell that is no
    number makes its row a row with a `problem`.

    Raises
    ------
    PayloadError
        The text is missing or has no header with mjd and filter, a column occurs twice, or there are too
        many rows.
    """
    if not isinstance(text, str) or not text.strip():
        raise PayloadError("inputs.photometry is missing; expected CSV with mjd, flux, fluxerr and filter.")
    if len(text) > _MAX_CSV_CHARACTERS:
        raise PayloadError(f"inputs.photometry is longer than {_MAX_CSV_CHARACTERS} characters; send less.")
    reader = csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), skipinitialspace=True)
    try:
        names = trim_column_names(next(reader, []))
        places = _locate_columns(names)
        # row by row, so that long and wide tables take little memory
        lines = itertools.islice(filter(None, reader), _MAX_ROWS + 1)
        rows = [_make_csv_row(i, cells, places, len(names)) for i, cells in enumerate(lines, start=1)]
    except csv.Error as error:
        raise PayloadError(f"inputs.photometry is not CSV ({error}); send rows below a header.") from None
    if len(rows) > _MAX_ROWS:
        raise PayloadError(f"inputs.photometry has more than {_MAX_ROWS} rows; send fewer.")
    return SentPhotometry(rows, _list_unused(names, set(places.values())))


def _locate_columns(names: Sequence[str]) -> dict[str, int]:
    """Return the place of each known column of a CSV header."""
    if repeated := find_repeated_names(names):
        raise PayloadError(
            f"inputs.photometry has two columns with the name {repeated[0][:_MAX_COLUMN_NAME]!r}; "
            "expected each once: rename or remove one."
        )
    places = {name.lower(): i for i, name in enumerate(names) if name.lower() in _COLUMNS}
    if missing := sorted({"mjd", "filter"} - set(places)):
        raise PayloadError(f"inputs.photometry has no header with the columns {', '.join(missing)}; add them.")
    return places


def _make_csv_row(number: int, cells: Sequence[str], places: Mapping[str, int], n_columns: int) -> Row:
    known = {name: cells[place] for name, place in places.items() if place < len(cells)}
    row = _make_row(number, known)
    if len(cells) == n_columns:
        return row
    # the values of such a row may belong to other columns
    values = "value" if len(cells) == 1 else "values"
    return replace(row, problem=f"{len(cells)} {values} for {n_columns} columns")


def _list_unused(names: Sequence[str], used_places: set[int]) -> list[str]:
    """Return the columns that are not used, by their names or, without a name, by their place."""
    unused = [name[:_MAX_COLUMN_NAME] or f"(column {i + 1})" for i, name in enumerate(names) if i not in used_places]
    return unused[:_MAX_UNUSED]


def parse_table_rows(photometry: "Table | Mapping[str, Any]") -> SentPhotometry:
    """Parse a table with the column names that sncosmo accepts.

    Parameters
    ----------
    photometry : astropy Table, pandas DataFrame or dict of columns
        Modified Julian dates or an astropy `Time`; bands; flux and fluxerr in microjansky (AB), or with zp
        and zpsys, or in units of astropy. Without flux: mag and magerr; for a limit, fluxerr alone, or
        limiting_mag with fluxerr and zp. Masked, NaN, None and the words for them are blank.

    Raises
    ------
    PayloadError
        Columns are missing, ambiguous, of different lengths or in impossible units; or too many rows.
    """
    keys = list(getattr(photometry, "columns", photometry))
    names = trim_column_names(keys)
    places = _locate_table_columns(names)
    try:
        columns = {
            name: _list_values(photometry[keys[place]], name.startswith("flux"), "zp" in places)
            for name, place in places.items()
        }
    except (ValueError, TypeError) as error:
        raise PayloadError(f"The table cannot be used: {error}.") from None
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1 or max(lengths) > _MAX_ROWS:
        raise PayloadError(f"The table's columns have to be of one length, at most {_MAX_ROWS} rows.")
    cells = zip(*columns.values(), strict=True)
    rows = [_make_row(i, dict(zip(columns, values, strict=True))) for i, values in enumerate(cells, 1)]
    return SentPhotometry(rows, _list_unused(names, set(places.values())))


def _locate_table_columns(names: Sequence[str]) -> dict[str, int]:
    """Return the place of each known column of a table, by its name in a payload."""
    if repeated := find_repeated_names(names):
        raise PayloadError(f"The table's columns are ambiguous: {repeated[0][:_MAX_COLUMN_NAME]!r} occurs twice.")
    try:
        aliases = find_columns(names)
    except ValueError as error:
        raise PayloadError(f"The table's columns are ambiguous: {error}.") from None
    if not {"time", "band"} <= set(aliases) or "fluxcov" in aliases:
        raise PayloadError(
            f"The table has the columns {', '.join(names)[:400]}; expected time, band, flux and fluxerr, by any "
            "name that sncosmo knows, and no covariance of fluxes."
        )
    places = {_PAYLOAD_COLUMNS.get(key, key): names.index(name) for key, name in aliases.items()}
    return places | {name.lower(): i for i, name in enumerate(names) if name.lower() in _WITHOUT_ALIASES}


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
    values: dict[str, float | None] = {}
    problems: list[str] = []
    for name in _NUMBERS:
        values[name], problem = parse_number(name, cells.get(name))
        if problem:
            problems.append(problem)
    band, magsys = (parse_name(cells.get(name)) for name in _NAMES)
    return Row(number, **values, band=band, magsys=magsys or "ab", problem=problems[0] if problems else "")
