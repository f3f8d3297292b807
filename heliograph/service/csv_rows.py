"""CSV texts of a payload as columns: bounded, each cell checked, blanks as they are meant."""

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import NoReturn

from heliograph.errors import InputError

MAX_ROWS = 200_000
MAX_CHARACTERS = 64_000_000
BLANK_WORDS = frozenset(("", "nan", "none", "null", "nat", "<na>"))
"""Texts that mean "no value", in any case, as pandas and others write them."""

_TOO_LARGE = 1e300
_MAX_COLUMNS = 1000
_MAX_COMMAS = 5_000_000
_MAX_CELL = 60
_FIELD_LIMIT = 32_000_000
# float() would also take 1_000 and digits of other scripts
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


class CsvColumns:
    """The columns of a CSV text.

    Parameters
    ----------
    input_type : str
        The kind of data, for messages.
    names : sequence of str
        The header.
    rows : list of list of str
    """

    def __init__(self, input_type: str, names: Sequence[str], rows: list[list[str]]) -> None:
        self._input_type = input_type
        self._places = {name: place for place, name in enumerate(names) if name}
        self._rows = rows
        self._cells: dict[str, list[str]] = {}

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return list(self._places)

    def require(self, *names: str) -> None:
        """Raise unless the columns are there.

        Raises
        ------
        InputError
            If one is missing; with no rows, none needs to be there.
        """
        missing = [name for name in names if name not in self._places]
        if missing and self._rows:
            raise InputError(
                f"inputs.{self._input_type} has no column {', '.join(missing)}; its columns are: "
                f"{', '.join(self._places)[:400] or 'none'}."
            )

    def get_cells(self, name: str) -> list[str]:
        """Return a column as it was written, without blanks around; empty texts where there is no such column."""
        if name not in self._cells:
            place = self._places.get(name)
            self._cells[name] = ["" if place is None else row[place].strip() for row in self._rows]
        return self._cells[name]

    def get_texts(self, name: str) -> list[str]:
        """Return a column as texts, empty where a word says that there is no value."""
        return ["" if cell.lower() in BLANK_WORDS else cell for cell in self.get_cells(name)]

    def get_numbers(self, name: str) -> list[float]:
        """Return a column as numbers, NaN where blank.

        Raises
        ------
        InputError
            If a cell is no finite number; the message names its row.
        """
        return [self._parse_number(name, row, cell) for row, cell in enumerate(self.get_texts(name), start=1)]

    def _parse_number(self, name: str, row: int, cell: str) -> float:
        if not cell:
            return math.nan
        number = float(cell) if len(cell) < _MAX_CELL and _NUMBER.fullmatch(cell) else math.inf
        if not abs(number) < _TOO_LARGE:
            self.refuse(row, f"{name} is {cell[:_MAX_CELL]!r}; expected a number")
        return number

    def refuse(self, row: int, problem: str) -> NoReturn:
        """Raise an error about a row, which is counted from 1.

        Raises
        ------
        InputError
            Always.
        """
        raise InputError(f"inputs.{self._input_type}, row {row}: {problem}.")


def parse_csv(input_type: str, text: object) -> CsvColumns:
    """Parse the CSV text of an input; a text without a line has no columns and no rows.

    Raises
    ------
    InputError
        If it is no text, is too long, is no CSV, repeats a column, or has rows of another length than its header.
    """
    if not isinstance(text, str):
        raise InputError(f"inputs.{input_type} is missing; expected CSV text with a header line.")
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"inputs.{input_type} has more than {MAX_CHARACTERS:,} characters; send less.")
    lines = io.StringIO(text.lstrip("\ufeff\r\n"), newline="")
    reader = csv.reader(_check_lines(input_type, lines))
    try:
        with _allow_long_cells():
            names = [name.strip() for name in next(reader, [])]
            _check_header(input_type, names)
            rows = list(islice(_iterate_rows(input_type, reader, len(names)), MAX_ROWS + 1))
    except csv.Error as error:
        raise InputError(f"inputs.{input_type} is not CSV ({error}); expected rows below a header.") from None
    if len(rows) > MAX_ROWS:
        raise InputError(f"inputs.{input_type} has more than {MAX_ROWS:,} rows; send fewer.")
    return CsvColumns(input_type, names, rows)


@contextmanager
def _allow_long_cells() -> Iterator[None]:
    """Let a cell hold a whole spectrum, here and nowhere else: the limit is one of the process."""
    limit = csv.field_size_limit(_FIELD_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _check_lines(input_type: str, lines: Iterator[str]) -> Iterator[str]:
    """Pass on lines, none of which has so many cells that they do not fit in memory."""
    for line in lines:
        if line.count(",") > _MAX_COMMAS:
            raise InputError(f"inputs.{input_type} has a line with more than {_MAX_COMMAS:,} commas; send less.")
        yield line


def _check_header(input_type: str, names: list[str]) -> None:
    repeated = sorted({name for name in names if name and names.count(name) > 1}) if len(names) <= _MAX_COLUMNS else []
    if repeated:
        raise InputError(f"inputs.{input_type} has two columns {repeated[0][:_MAX_CELL]!r}; expected each once.")
    if len(names) > _MAX_COLUMNS:
        raise InputError(f"inputs.{input_type} has {len(names)} columns; expected at most {_MAX_COLUMNS}.")


def _iterate_rows(input_type: str, reader: Iterator[list[str]], n_columns: int) -> Iterator[list[str]]:
    for number, row in enumerate(filter(None, reader), start=1):
        if len(row) != n_columns:
            # its values may belong to other columns
            raise InputError(f"inputs.{input_type}, row {number}: {len(row)} values for {n_columns} columns.")
        yield row
