"""A file of a light curve to its points, and to what is wrong with each of its rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.errors import InvalidError, TooLargeError
from chalicelib.sources.light_curve_files.aavso_files import is_aavso_file, read_aavso_file
from chalicelib.sources.light_curve_files.column_plans import ColumnPlan, ReadOptions, plan_columns
from chalicelib.sources.light_curve_files.file_bytes import decode_text, find_library_format
from chalicelib.sources.light_curve_files.file_tables import LARGEST_COLUMNS, FileTable
from chalicelib.sources.light_curve_files.instrument_choice import Instruments
from chalicelib.sources.light_curve_files.ipac_tables import is_ipac_table, read_ipac_table
from chalicelib.sources.light_curve_files.json_tables import is_json, read_json_table
from chalicelib.sources.light_curve_files.keyword_tables import find_keyword_format, read_keyword_table
from chalicelib.sources.light_curve_files.point_values import read_point
from chalicelib.sources.light_curve_files.text_tables import read_text_table
from chalicelib.sources.photometry_rows import MAX_ROWS, Row

LONGEST_PROBLEM = 400
"""Characters of a problem: ten thousand of them fit into an answer."""

OpenTable = Callable[[bytes, str], FileTable]
"""Opens a file of one of `file_bytes.LIBRARY_FORMATS`."""


class Problem(NamedTuple):
    """What is wrong with a row, counted from 1 over the rows of data."""

    row: int
    message: str


@dataclass(frozen=True)
class LightCurveFile:
    """What was understood of a file.

    Attributes
    ----------
    format : str
        The name of the format.
    columns : dict
        The column of each field that is used, as written in the file.
    n_rows : int
        The rows of data in the file.
    rows : list of Row
        The rows that can be stored, as they would be.
    problems : list of Problem
        All other rows, and why.
    """

    format: str
    columns: dict[str, str]
    n_rows: int
    rows: list[Row]
    problems: list[Problem]


def read_light_curve_file(
    data: bytes, options: ReadOptions, instruments: Instruments, open_table: OpenTable
) -> LightCurveFile:
    """Return the points in a file.

    Parameters
    ----------
    data : bytes
        The file as it lies on disk.
    options : ReadOptions
        What the request says of it.
    instruments : dict
        All instruments, by id.
    open_table : callable
        Opens files that the standard library cannot (see `OpenTable`).

    Raises
    ------
    InvalidError
        If the file as a whole cannot be read: no table, no header, no scale of its fluxes.
    TooLargeError
        If it has more rows than a request may write.
    """
    if options.instrument_id is not None and options.instrument_id not in instruments:
        raise InvalidError(f"instrument_id: there is no instrument {options.instrument_id}.")
    content = open_file_table(data, open_table)
    if not content.rows:
        raise InvalidError("The file has no rows below its line of column names.")
    if len(content.rows) > MAX_ROWS:
        raise TooLargeError(f"The file has {len(content.rows)} rows; at most {MAX_ROWS} can be sent at once. Split it.")
    if len(content.names) > LARGEST_COLUMNS:
        raise InvalidError(f"The file has {len(content.names)} columns; a light curve has at most {LARGEST_COLUMNS}.")
    plan = plan_columns(content, options)
    rows, problems = _read_rows(content, plan, options, instruments)
    return LightCurveFile(plan.survey.name or content.format, plan.columns, len(content.rows), rows, problems)


def open_file_table(data: bytes, open_table: OpenTable) -> FileTable:
    """Return the table in a file, of whatever format.

    Raises
    ------
    InvalidError
        If it holds none.
    """
    library_format = find_library_format(data)
    if library_format:
        return open_table(data, library_format)
    text = decode_text(data)
    if is_json(text):
        return read_json_table(text)
    if is_aavso_file(text):
        return read_aavso_file(text)
    if is_ipac_table(text):
        return read_ipac_table(text)
    keyword_format = find_keyword_format(text)
    return read_keyword_table(text, keyword_format) if keyword_format else read_text_table(text)


def _read_rows(
    content: FileTable, plan: ColumnPlan, options: ReadOptions, instruments: Instruments
) -> tuple[list[Row], list[Problem]]:
    rows: list[Row] = []
    problems: list[Problem] = []
    for number, cells in enumerate(content.rows, start=1):
        try:
            named = dict(zip(content.names, _require_width(cells, len(content.names)), strict=True))
            rows.append(read_point(named, plan, options.instrument_id, instruments))
        except (ValueError, InvalidError) as error:
            problems.append(Problem(number, str(error)[:LONGEST_PROBLEM]))
    return rows, problems


def _require_width(cells: list[str], count: int) -> list[str]:
    if len(cells) != count:
        raise ValueError(
            f"the row has {len(cells)} cells for {count} columns; an empty cell, a decimal comma or a separator "
            "within a cell can be the cause"
        )
    return cells
