"""Times that people write, as this API counts them: in UTC, and in days."""

from datetime import UTC, datetime, timedelta

from chalicelib.errors import InvalidError

__all__ = ["parse_time", "time_to_mjd"]

MJD_ZERO = datetime(1858, 11, 17)


def parse_time(field: str, text: str) -> datetime:
    """Return a time in UTC, without an offset; one without an offset is in UTC already.

    Parameters
    ----------
    field : str
        Which field it stands in, for the error.
    text : str
        ISO 8601: a date, or a date and a time.

    Raises
    ------
    InvalidError
        If it is no time, or the calendar ends before it.
    """
    try:
        when = datetime.fromisoformat(text)
        return when.astimezone(UTC).replace(tzinfo=None) if when.tzinfo else when
    except (ValueError, OverflowError):
        raise InvalidError(
            f"{field}: {text[:40]!r} is no time; write it as 2021-05-08T12:00:00 (ISO 8601, UTC)."
        ) from None


def time_to_mjd(when: datetime) -> float:
    """Return a time in UTC as modified Julian date, in days."""
    return (when - MJD_ZERO) / timedelta(days=1)
