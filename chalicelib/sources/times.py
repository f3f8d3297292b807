"""Times in requests, as UTC and as modified Julian dates."""

import re
from datetime import UTC, datetime, timedelta

from chalicelib.errors import InvalidError

_LOST_PLUS = re.compile(r"(\d\d:\d\d\S*) (\d\d(?::?\d\d)?)$")
"""In a query an unquoted ``+`` means a space: that of an offset is put back."""

MJD_ZERO = datetime(1858, 11, 17)


def parse_time(field: str, text: str) -> datetime:
    """Return a time in UTC, without an offset; a time without an offset is in UTC.

    Parameters
    ----------
    field : str
        The field that holds it, for the error message.
    text : str
        ISO 8601: a date, or a date and a time.

    Raises
    ------
    InvalidError
        If it is not a time, or before the year 1 in UTC.
    """
    try:
        time = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", text.strip()))
        return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except (ValueError, OverflowError):
        raise InvalidError(
            f"{field}: {text[:40]!r} is not a time; write it as 2021-05-08T12:00:00 (ISO 8601, UTC)."
        ) from None


def time_to_mjd(time: datetime) -> float:
    """Return a time in UTC as modified Julian date, in days."""
    return (time - MJD_ZERO) / timedelta(days=1)
