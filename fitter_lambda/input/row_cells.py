"""Cells of photometry, in CSV and in tables: blank, a number, a name, or none of these; and names of columns.

Nothing that is not blank is taken for blank: a cell that cannot be read is named, with its text.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

#: All texts that mean "no value", in any case.
BLANK_WORDS = frozenset(("", "nan", "none", "null", "-", "--", "masked", "n/a", "na"))
#: Values from here on are fill values or would overflow.
_TOO_LARGE = 1e30
# float() would also take 1_000, digits of other scripts, and infinity
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+", re.ASCII)
_INFINITIES = frozenset(("inf", "infinity"))
#: Types of pandas for a missing value, which this module must not import.
_MISSING_TYPES = frozenset(("NAType", "NaTType", "MaskedConstant"))
#: A byte order mark, also as Latin-1 shows it.
_MARKS = ("\ufeff", "ï»¿")
_MAX_TEXT = 40


def is_blank(cell: object) -> bool:
    """Return whether a cell means "no value": None, NaN, masked, or one of `BLANK_WORDS`."""
    if cell is None or type(cell).__name__ in _MISSING_TYPES:
        return True
    if isinstance(cell, (str, bytes)):
        return _to_text(cell).lower() in BLANK_WORDS
    return isinstance(cell, float) and math.isnan(cell)


def parse_number(field: str, cell: Any) -> tuple[float | None, str]:
    """Parse a number.

    Parameters
    ----------
    field : str
        The column's name, for the reason.
    cell : object
        Text, or a value of a table.

    Returns
    -------
    float or None
        The number; None if the cell is blank or cannot be used.
    str
        Why it cannot be used; empty if it can.

    Examples
    --------
    >>> parse_number("flux", " 243.5 ")
    (243.5, '')
    >>> parse_number("flux", "n/a")
    (None, '')
    >>> parse_number("flux", "243,5")
    (None, "flux: '243,5' is no number; write a decimal point")
    """
    if is_blank(cell):
        return None, ""
    try:
        number = _to_float(cell)
    except (ValueError, TypeError, OverflowError):
        return None, _explain_text(field, cell)
    if not math.isfinite(number):
        return None, f"{field}: {_quote(cell)} is not finite; leave an unknown value blank"
    if abs(number) >= _TOO_LARGE:
        return None, f"{field}: {_quote(cell)} is no measurement; leave an unknown value blank"
    return number, ""


def parse_name(cell: Any) -> str:
    """Return a name in lower case, of a band or a magnitude system; empty if the cell is blank."""
    if is_blank(cell):
        return ""
    return _to_text(getattr(cell, "name", cell)).lower()[:_MAX_TEXT]


def trim_column_names(names: Iterable[object]) -> list[str]:
    """Return the names of columns without blanks around them and without a byte order mark."""
    trimmed = []
    for name in names:
        text = _to_text(name)
        for mark in _MARKS:
            text = text.removeprefix(mark).strip()
        trimmed.append(text)
    return trimmed


def find_repeated_names(names: Iterable[str]) -> list[str]:
    """Return the names that occur twice, whatever their case; columns without a name do not count."""
    counts = Counter(name.lower() for name in names if name)
    return [name for name, number in counts.items() if number > 1]


def _to_float(cell: Any) -> float:
    if isinstance(cell, (str, bytes)):
        text = _to_text(cell)
        if text.lstrip("+-").lower() in _INFINITIES:
            return math.inf
        if _NUMBER.fullmatch(text) is None:
            raise ValueError
        return float(text)
    if isinstance(cell, bool):
        raise TypeError
    return float(cell)


def _explain_text(field: str, cell: Any) -> str:
    text = _to_text(cell)
    hint = ""
    if _DECIMAL_COMMA.fullmatch(text):
        hint = "; write a decimal point"
    elif text.startswith(("<", ">")):
        hint = "; leave it blank for a limit, and give fluxerr, or limiting_mag with fluxerr and zp"
    return f"{field}: {_quote(cell)} is no number{hint}"


def _quote(cell: Any) -> str:
    return repr(_to_text(cell)[:_MAX_TEXT])


def _to_text(cell: Any) -> str:
    text = cell.decode(errors="replace") if isinstance(cell, bytes) else str(cell)
    return text.strip()
