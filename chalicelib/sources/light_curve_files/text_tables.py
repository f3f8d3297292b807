"""Tables of text with any separator: the header is the last line before the rows that names columns.

The separator is judged by the rows, since a header can be separated otherwise (``# mjd, flux`` over blanks).
"""

import csv
import re
from collections import Counter

from chalicelib.errors import InvalidError
from chalicelib.sources.light_curve_files.cell_values import is_blank, is_numeric
from chalicelib.sources.light_curve_files.column_names import is_field_name, normalize_column
from chalicelib.sources.light_curve_files.file_tables import FileTable
from chalicelib.sources.light_curve_files.flux_units import MAGNITUDE_UNITS, get_zero_point

SEPARATORS = (",", "\t", ";", "|", None)
"""In the order in which they are tried; None stands for blanks."""

FORMATS = {
    ",": "CSV", "\t": "TSV", ";": "table separated by ;", "|": "table separated by |",
    None: "table separated by blanks",
}  # fmt: skip

JUDGED_ROWS = 200
"""Rows that the separator is judged by."""

_COMMENT = re.compile(r"^\s*(#+|%+|//|\\)\s*")
_KEYWORD = re.compile(r"([A-Za-z][\w .-]{0,30}?)\s*[=:]\s*(\S.*)")
_WORDS = re.compile(r'"[^"]*"|\S+')
_RULER = re.compile(r"[\s\-=+|_]*[-=_]{2}[\s\-=+|_]*")
_DAY_UNITS = frozenset(("d", "day", "days", "mjd", "jd"))
_NO_HEADER = (
    "The file has no line of column names above its rows. Write one, with names such as mjd, filter, mag, magerr."
)


def read_text_table(text: str) -> FileTable:
    """Return a table of text.

    Raises
    ------
    InvalidError
        If there are no rows of numbers, or no line of column names that fits them.
    """
    lines = [line for line in split_lines(text) if line.strip()]
    separator, first = _find_rows(lines)
    header, names = _find_header(lines, first, separator)
    units, between = _read_lines_between(lines[header + 1 : first], names, separator)
    kept = [line for line in lines[first:] if not _COMMENT.match(line)]
    rows = [fit_cells(split_cells(line, separator), len(names)) for line in [*between, *kept]]
    require_distinct(names)
    return FileTable(FORMATS[separator], names, rows, units, read_keywords(lines[:first]))


def split_lines(text: str) -> list[str]:
    """Return the lines of a text, by the line ends of any system and by no other sign."""
    return re.split(r"\r\n|\n|\r", text)


def require_distinct(names: list[str]) -> None:
    """Require that no two columns have the same name.

    Raises
    ------
    InvalidError
        Naming the column.
    """
    repeated = [name for name, count in Counter(name.strip() for name in names if name.strip()).items() if count > 1]
    if repeated:
        raise InvalidError(f"The file has several columns with the name {repeated[0][:60]}; give each its own name.")


def read_keywords(lines: list[str]) -> dict[str, str]:
    """Return what comments state of all rows, as in ``# zp = 25``, by lower-case keyword."""
    keywords: dict[str, str] = {}
    for line in lines:
        mark = _COMMENT.match(line)
        statement = _KEYWORD.fullmatch(line[mark.end() :].strip()) if mark else None
        # Longer statements are prose, such as what a column means.
        if statement and len(statement[2].split()) <= 2:
            keywords[statement[1].strip().lower()] = statement[2].strip()
    return keywords


def split_cells(line: str, separator: str | None) -> list[str]:
    """Return the cells of a line; a quoted cell can contain the separator."""
    if separator is None:
        return [word.strip('"') for word in _WORDS.findall(line)]
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator, skipinitialspace=True))]
    except (csv.Error, StopIteration):
        return [cell.strip() for cell in line.split(separator)]


def fit_cells(cells: list[str], count: int) -> list[str]:
    """Return cells without empty ones after the last column: many programs write a separator there."""
    while len(cells) > count and not cells[-1]:
        cells = cells[:-1]
    return cells


def _find_rows(lines: list[str]) -> tuple[str | None, int]:
    """Return the separator of the rows, and the number of the first line that is a row of numbers."""
    candidates = []
    for order, separator in enumerate(SEPARATORS):
        rows = [
            (number, len(split_cells(line, separator)))
            for number, line in enumerate(lines)
            if not _COMMENT.match(line) and _is_row(split_cells(line, separator))
        ][:JUDGED_ROWS]
        if rows:
            width, agreeing = Counter(width for _, width in rows).most_common(1)[0]
            score = (agreeing, _rank_headers(lines, rows[0][0], separator, width), separator is not None, -order)
            candidates.append((score, separator, rows[0][0]))
    if not candidates:
        raise InvalidError(
            "The file has no rows of numbers. Expected a line of column names, then one line for each point with "
            "at least a time and a value."
        )
    _, separator, first = max(candidates, key=lambda candidate: candidate[0])
    return separator, first


def _is_row(cells: list[str]) -> bool:
    """Say whether cells are those of a row: a number, and another number or a blank."""
    numbers = sum(is_numeric(cell) for cell in cells)
    blanks = sum(is_blank(cell) for cell in cells)
    return numbers >= 1 and numbers + blanks >= 2


def _rank_headers(lines: list[str], first: int, separator: str | None, width: int) -> int:
    """Return 2 if a line above the rows has as many names, separated as the rows are; 1 if otherwise separated."""
    texts = [_COMMENT.sub("", line, count=1) for line in lines[:first]]
    if any(len(fit_cells(split_cells(text, separator), width)) == width for text in texts):
        return 2
    return int(any(len(_split_header(text, separator, width)) == width for text in texts))


def _find_header(lines: list[str], first: int, separator: str | None) -> tuple[int, list[str]]:
    """Return the line of column names: the last that names fields, else the last of the right width."""
    width = len(split_cells(lines[first], separator))
    headers = [
        (number, _split_header(lines[number], separator, width))
        for number in range(first - 1, -1, -1)
        if not _RULER.fullmatch(lines[number])
    ]
    naming = [(number, names) for number, names in headers if sum(is_field_name(name) for name in names) >= 2]
    # A line of units, such as "d mag mag", can look like names; the names are then above it.
    naming = [(number, names) for number, names in naming if not _are_units(names)] or naming
    if naming:
        return naming[0]
    for number, names in headers:
        if len(names) == width:
            return number, names
    raise InvalidError(_NO_HEADER)


def _split_header(line: str, separator: str | None, width: int) -> list[str]:
    """Return the names in a line, split as the rows are, or otherwise if only that gives as many names."""
    mark = _COMMENT.match(line)
    text = line[mark.end() :] if mark else line
    for candidate in (*[separator] * (separator is not None), *SEPARATORS):
        names = fit_cells(split_cells(text, candidate), width)
        while names and not names[-1] and len(names) > 1:
            names = names[:-1]
        if len(names) == width or (separator is not None and len(names) == width - 1 and candidate == separator):
            return names
    return fit_cells(split_cells(text, separator), width)


def _read_lines_between(lines: list[str], names: list[str], separator: str | None) -> tuple[dict[str, str], list[str]]:
    """Return the units in the lines between header and first row of numbers, and the rows among these lines."""
    units: dict[str, str] = {}
    rows = []
    for line in lines:
        mark = _COMMENT.match(line)
        cells = fit_cells(split_cells(line[mark.end() :] if mark else line, separator), len(names))
        if _RULER.fullmatch(line):
            continue
        if len(cells) == len(names) and any(map(_is_unit, cells)) and not any(map(is_numeric, cells)):
            units = {name: cell.strip("()[]") for name, cell in zip(names, cells, strict=True) if cell.strip("()[]")}
        elif not mark:
            rows.append(line)
    return units, rows


def _are_units(cells: list[str]) -> bool:
    return all(is_blank(cell) or _is_unit(cell) for cell in cells)


def _is_unit(cell: str) -> bool:
    unit = cell.strip("()[] ")
    name = normalize_column(unit)
    return get_zero_point(unit) is not None or name in MAGNITUDE_UNITS or name in _DAY_UNITS
