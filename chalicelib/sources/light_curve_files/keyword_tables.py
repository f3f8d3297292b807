"""Tables of supernova fitters: keywords, then rows (SNANA, SALT2's lc2fit, sncosmo's ASCII)."""

import re

from chalicelib.errors import InvalidError
from chalicelib.sources.light_curve_files.file_tables import FileTable
from chalicelib.sources.light_curve_files.text_tables import require_distinct, split_lines

SNANA = "SNANA"
SALT2 = "SALT2 lc2fit"
SNCOSMO = "sncosmo ASCII"

_SNANA_NAMES = re.compile(r"^\s*(?:VARLIST|VARNAMES):\s*(.+)$", re.MULTILINE)
_SALT2_NAME = re.compile(r"^#\s*(\w+)\s*:")
_KEYWORD = re.compile(r"([A-Za-z]\w*):\s*(\S+)")
_SNCOSMO_COLUMNS = frozenset(("band", "flux", "fluxerr", "zp", "zpsys"))


def find_keyword_format(text: str) -> str | None:
    """Return which of these formats a text has, or None."""
    if _SNANA_NAMES.search(text) and re.search(r"^\s*OBS:\s", text, re.MULTILINE):
        return SNANA
    lines = [line.strip() for line in split_lines(text) if line.strip()]
    columns = [match[1].lower() for line in lines if (match := _SALT2_NAME.match(line))]
    if {"flux", "fluxerr"} <= set(columns) or {"mag", "magerr"} <= set(columns):
        return SALT2
    header = next((line for line in lines if line[0] not in "@#"), "").lower().split()
    return SNCOSMO if lines[0].startswith("@") or set(header) >= _SNCOSMO_COLUMNS else None


def read_keyword_table(text: str, kind: str) -> FileTable:
    """Return a table of one of these formats.

    Raises
    ------
    InvalidError
        If a line that is needed is missing.
    """
    readers = {SNANA: _read_snana, SALT2: _read_salt2, SNCOSMO: _read_sncosmo}
    content = readers[kind](text)
    require_distinct(content.names)
    return content


def _read_snana(text: str) -> FileTable:
    lists = {match[1].split("#")[0].strip() for match in _SNANA_NAMES.finditer(text)}
    if len(lists) != 1:
        raise InvalidError("The file has several lists of variables (VARLIST); send one light curve at a time.")
    names = lists.pop().split()
    lines = [line.strip() for line in split_lines(text)]
    rows = [line.removeprefix("OBS:").split("#")[0].split() for line in lines if line.startswith("OBS:")]
    head = _SNANA_NAMES.split(text, maxsplit=1)[0]
    keywords = {match[1].lower(): match[2] for match in _KEYWORD.finditer(head)}
    return FileTable(SNANA, names, rows, {}, keywords)


def _read_salt2(text: str) -> FileTable:
    names: list[str] = []
    rows: list[list[str]] = []
    keywords: dict[str, str] = {}
    for line in filter(None, map(str.strip, split_lines(text))):
        column = _SALT2_NAME.match(line)
        if line.startswith("@"):
            keywords |= _parse_keyword(line)
        elif column and column[1].lower() != "end" and not rows:
            names.append(column[1])
        elif not line.startswith("#"):
            rows.append(line.split("#")[0].split())
    return FileTable(SALT2, names, rows, {}, keywords)


def _read_sncosmo(text: str) -> FileTable:
    lines = [line.split("#")[0].strip() for line in split_lines(text)]
    keywords: dict[str, str] = {}
    body: list[list[str]] = []
    for line in filter(None, lines):
        if line.startswith("@") and not body:
            keywords |= _parse_keyword(line)
        else:
            body.append(line.split())
    if len(body) < 2:
        raise InvalidError("The file has no rows. Expected keywords after @, a line of column names, then the rows.")
    return FileTable(SNCOSMO, body[0], body[1:], {}, keywords)


def _parse_keyword(line: str) -> dict[str, str]:
    name, _, value = line[1:].partition(" ")
    return {name.strip().lower(): value.strip()}
