"""Cells of a table: numbers, blanks, limits and dates. What is none of these is refused, never skipped."""

import re
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from chalicelib.sources.times import time_to_mjd
from heliograph_guards.plausible_values import JD_MINUS_MJD, RANGES, explain_implausible

BLANKS = frozenset(
    ("", "nan", "none", "null", "-", "--", "---", "...", "…", "n/a", "na", "<na>", "nd", "indef", "masked")
)
"""The words that mean that there is no value."""

TRUE_FLAGS = frozenset(("1", "1.0", "true", "t", "yes", "y", "<", ">", "u", "ul"))
FALSE_FLAGS = frozenset(("0", "0.0", "false", "f", "no", "n", "="))

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eEdD][+-]?[0-9]{1,4})?"
_NUMBER_CELL = re.compile(_NUMBER)
_LIMIT_CELL = re.compile(rf"(?:[<>]=?|[≤≥])\s*({_NUMBER})")
_DECIMAL_COMMA = re.compile(r"[<>]?\s*[+-]?[0-9]+,[0-9]+")
_DAY = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})(\.[0-9]+)?")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?( ?(Z|UTC?|\+00:?00))?")
_OFFSET_NAME = re.compile(r"([hbm]?)jd[a-z_ ()]*[-–−]\s*([0-9]{4,7}(?:\.[0-9]+)?)", re.IGNORECASE)
_JULIAN_NAME = re.compile(r"(^|_)[hb]?jd(_|$)")
_JD_ZERO = Decimal(str(JD_MINUS_MJD))


class Cell(NamedTuple):
    """The value of a cell of numbers: a number, or the limit that it states."""

    number: float
    is_limit: bool = False


def is_blank(text: str) -> bool:
    """Say whether a cell is empty, or holds a word for it."""
    return text.strip().lower() in BLANKS


def is_numeric(text: str) -> bool:
    """Say whether a cell holds a number, a limit, a date, or a number with a decimal comma."""
    text = _normalize_sign(text)
    return any(pattern.fullmatch(text) for pattern in (_NUMBER_CELL, _LIMIT_CELL, _DAY, _MOMENT, _DECIMAL_COMMA))


def is_number(text: str) -> bool:
    """Say whether a cell holds a number and nothing else."""
    return _NUMBER_CELL.fullmatch(_normalize_sign(text)) is not None


def parse_cell(field: str, text: str, sentinels: frozenset[float] = frozenset()) -> Cell | None:
    """Return the number or limit in a cell; None if it is blank.

    Parameters
    ----------
    field : str
        What the cell holds, for the message.
    text : str
        The cell.
    sentinels : frozenset of float
        Numbers by which this kind of file marks a missing value.

    Raises
    ------
    ValueError
        If the cell is neither blank nor a number.
    """
    if is_blank(text):
        return None
    text = _normalize_sign(text)
    limit = _LIMIT_CELL.fullmatch(text)
    if limit:
        return Cell(_to_float(limit[1]), is_limit=True)
    if not _NUMBER_CELL.fullmatch(text):
        raise ValueError(_explain_unreadable(field, text))
    number = _to_float(text)
    return None if number in sentinels else Cell(number)


def parse_plain_number(field: str, text: str, sentinels: frozenset[float] = frozenset()) -> float | None:
    """Return the number in a cell that cannot be a limit, or None; it is in the plausible range of the field.

    Raises
    ------
    ValueError
        If the cell is neither blank nor a plausible number.
    """
    cell = parse_cell(field, text, sentinels)
    if cell is None:
        return None
    if cell.is_limit:
        raise ValueError(
            f"{field}: “{text.strip()[:40]}” is a limit, not a measured value; give the value or leave it blank"
        )
    require_plausible(field, cell.number)
    return cell.number


def require_plausible(field: str, value: float) -> None:
    """Require a value in the plausible range of its field.

    Raises
    ------
    ValueError
        With the usual cause.
    """
    reason = explain_implausible(field, value)
    if reason:
        raise ValueError(reason)


def parse_flag(field: str, text: str) -> bool | None:
    """Return a flag, or None if the cell is blank.

    Raises
    ------
    ValueError
        If the cell is neither a flag nor blank.
    """
    word = text.strip().lower()
    if word in TRUE_FLAGS:
        return True
    if word in FALSE_FLAGS:
        return False
    if word in BLANKS:
        return None
    raise ValueError(f"{field}: “{text.strip()[:40]}” is neither true nor false")


def parse_mjd(column: str, text: str) -> float:
    """Return a time as modified Julian date.

    Parameters
    ----------
    column : str
        The name of its column: ``JD - 2450000`` names an offset.
    text : str
        A Julian date, a modified one, or a date in ISO 8601 (UTC).

    Raises
    ------
    ValueError
        If it is no time, or can be read in two ways.
    """
    text = _normalize_sign(text)
    if is_blank(text):
        raise ValueError("mjd: missing")
    mjd = _parse_day_number(column, text) if _NUMBER_CELL.fullmatch(text) else _parse_date(text)
    require_plausible("mjd", mjd)
    return mjd


def _parse_day_number(column: str, text: str) -> float:
    """Return a number of days as MJD. Decimals keep digits that a difference of floats would lose."""
    number = _to_float(text)
    if abs(number) > 1e9:
        return number
    days = Decimal(text.replace("d", "e").replace("D", "e"))
    offset = _OFFSET_NAME.search(column)
    if offset:
        total = days + Decimal(offset[2])
        return float(total if offset[1].lower() == "m" else total - _JD_ZERO)
    low, high, _ = RANGES["mjd"]
    if low <= number - JD_MINUS_MJD <= high:
        return float(days - _JD_ZERO)
    if low <= number <= high and _JULIAN_NAME.search(normalize_name(column)):
        raise ValueError(
            f"mjd: {text} in the column {column} is no Julian date; MJD and JD − 2400000 differ by half a day. "
            "Write the offset into the name, as in JD-2400000, or name the column mjd"
        )
    return number


def _parse_date(text: str) -> float:
    try:
        day = _DAY.fullmatch(text)
        if day:
            date = datetime(int(day[1]), int(day[2]), int(day[3]))
            return time_to_mjd(date) + float(day[4] or 0)
        moment = _MOMENT.fullmatch(text)
        if moment:
            return time_to_mjd(datetime.fromisoformat(text[: -len(moment[3])] if moment[3] else text))
    except ValueError:
        pass
    raise ValueError(
        _explain_unreadable("mjd", text) + "; expected MJD, JD or a date such as 2021-05-08T12:00:00 in UTC"
    )


def normalize_name(name: str) -> str:
    """Return the name of a column in lower case, with underscores for all that is no letter or digit."""
    text = name.strip().lower().replace("μ", "u").replace("µ", "u")
    return re.sub(r"[^0-9a-z]+", "_", text).strip("_")


def _normalize_sign(text: str) -> str:
    return text.strip().replace("−", "-")


def _to_float(text: str) -> float:
    return float(text.replace("d", "e").replace("D", "e"))


def _explain_unreadable(field: str, text: str) -> str:
    if _DECIMAL_COMMA.fullmatch(text):
        return f"{field}: “{text[:40]}” has a decimal comma; write a point"
    return f"{field}: “{text[:40]}” is not a number"
