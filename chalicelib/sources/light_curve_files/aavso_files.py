"""AAVSO's extended format (https://www.aavso.org/aavso-extended-file-format)."""

import re

from chalicelib.errors import InvalidError
from chalicelib.sources.light_curve_files.file_tables import FileTable
from chalicelib.sources.light_curve_files.text_tables import fit_cells, split_cells, split_lines

AAVSO = "AAVSO extended"

COLUMNS = (
    "NAME", "DATE", "MAG", "MERR", "FILT", "TRANS", "MTYPE", "CNAME", "CMAG", "KNAME", "KMAG", "AMASS", "GROUP",
    "CHART", "NOTES",
)  # fmt: skip
"""The columns in the order that the format fixes."""

DATES = {"JD": "JD", "HJD": "HJD", "BJD": "BJD", "MJD": "MJD"}
"""What the keyword DATE may say, and the name that the column gets."""

_TYPE = re.compile(r"^#\s*TYPE\s*=\s*EXTENDED\b", re.IGNORECASE | re.MULTILINE)
_DELIMITERS = {"comma": ",", "tab": "\t", "\\t": "\t", "semicolon": ";", "pipe": "|", "": ","}


def is_aavso_file(text: str) -> bool:
    """Say whether a text is of this format."""
    return _TYPE.search(text) is not None


def read_aavso_file(text: str) -> FileTable:
    """Return the table of an AAVSO report; its columns are named by the format, not by the file.

    Raises
    ------
    InvalidError
        If the delimiter or the kind of date is not one that can be read.
    """
    lines = [line for line in split_lines(text) if line.strip()]
    keywords = _read_keywords(lines)
    delimiter = _parse_delimiter(keywords.get("delim", ","))
    date = keywords.get("date", "JD").upper()
    if date not in DATES:
        raise InvalidError(f"The keyword DATE is {date[:20]}; expected {', '.join(DATES)}. Convert the dates.")
    names = [DATES[date] if name == "DATE" else name for name in COLUMNS]
    rows = [fit_cells(split_cells(line, delimiter), len(names)) for line in lines if not line.startswith("#")]
    # Old reports end before the chart or the notes.
    filled = [[*row, *[""] * (len(names) - len(row))] if len(row) >= 7 else row for row in rows]
    return FileTable(AAVSO, names, filled, {}, keywords)


def _read_keywords(lines: list[str]) -> dict[str, str]:
    pairs = [line.lstrip("# ").partition("=") for line in lines if line.startswith("#")]
    return {name.strip().lower(): value.strip() for name, mark, value in pairs if mark}


def _parse_delimiter(text: str) -> str:
    delimiter = _DELIMITERS.get(text.lower(), chr(int(text)) if re.fullmatch(r"[0-9]{2,3}", text) else text)
    if len(delimiter) != 1 or delimiter.isalnum() or delimiter in '.-+"\r\n':
        raise InvalidError(f"The keyword DELIM is {text[:20]!r}; expected a character such as a comma.")
    return delimiter
