r"""IPAC tables (IRSA): keywords after ``\``, names between bars, then types, units and words for blanks.

The columns lie under the bars; what stands under a bar itself belongs to no column.
"""

from itertools import pairwise

from chalicelib.errors import InvalidError
from chalicelib.sources.light_curve_files.file_tables import FileTable
from chalicelib.sources.light_curve_files.text_tables import require_distinct, split_lines


def is_ipac_table(text: str) -> bool:
    """Say whether a text is an IPAC table: its first line that is no keyword begins and ends with a bar."""
    lines = (line for line in split_lines(text) if line.strip() and not line.startswith("\\"))
    first = next(lines, "").rstrip()
    second = next(lines, "").rstrip()
    return _is_bar_line(first) and first.count("|") >= 3 and (_is_bar_line(second) or second.startswith(" "))


def read_ipac_table(text: str) -> FileTable:
    """Return an IPAC table.

    Raises
    ------
    InvalidError
        If a line of the header has other columns than the first.
    """
    lines = [line.rstrip("\r\n").expandtabs() for line in split_lines(text) if line.strip()]
    keywords = [line for line in lines if line.startswith("\\")]
    header = [line.rstrip() for line in lines if _is_bar_line(line)]
    bars = [position for position, character in enumerate(header[0]) if character == "|"]
    fields = [_split_at_bars(line, bars) for line in header[:4]]
    names = fields[0]
    units = dict(zip(names, fields[2], strict=True)) if len(fields) > 2 else {}
    nulls = dict(zip(names, fields[3], strict=True)) if len(fields) > 3 else {}
    require_distinct(names)
    body = [line for line in lines if not line.startswith("\\") and not _is_bar_line(line)]
    rows = [_split_row(line, bars, [nulls.get(name, "") for name in names]) for line in body]
    return FileTable("IPAC table", names, rows, {k: v for k, v in units.items() if v}, _parse_keywords(keywords))


def _is_bar_line(line: str) -> bool:
    return line.startswith("|") and line.rstrip().endswith("|")


def _split_at_bars(line: str, bars: list[int]) -> list[str]:
    if [position for position, character in enumerate(line) if character == "|"] != bars:
        raise InvalidError("The lines with bars above the rows do not have the same columns; this is no IPAC table.")
    return [line[left + 1 : right].strip() for left, right in pairwise(bars)]


def _split_row(line: str, bars: list[int], nulls: list[str]) -> list[str]:
    """Return the cells under the bars; blank-separated if a value stands under a bar."""
    padded = line.ljust(bars[-1] + 1)
    if any(not padded[bar].isspace() for bar in bars) or line[bars[-1] + 1 :].strip():
        return line.split()
    cells = [padded[left + 1 : right].strip() for left, right in pairwise(bars)]
    return ["" if null and cell == null else cell for cell, null in zip(cells, nulls, strict=True)]


def _parse_keywords(lines: list[str]) -> dict[str, str]:
    pairs = [line.lstrip("\\ ").partition("=") for line in lines]
    return {name.strip().lower(): value.strip().strip("'\"") for name, mark, value in pairs if mark}
