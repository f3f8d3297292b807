"""Values of numpy, pandas and astropy as plain JSON; what JSON cannot say is refused, never changed."""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from heliograph.errors import ArgumentError


def to_plain(value: Any, name: str = "") -> Any:
    """Return a value as JSON can hold it.

    Parameters
    ----------
    value : object
        Text, numbers, mappings, sequences, arrays and scalars of numpy, dates, times of astropy.
    name : str
        Where the value stands, for error messages.

    Raises
    ------
    ArgumentError
        If a number is NaN or infinite, a value is masked, or its type has no JSON.
    """
    if value is None or type(value) in (str, bool, int):
        return value
    if isinstance(value, float):
        return _check_finite(float(value), name)
    if isinstance(value, Mapping):
        return {str(key): to_plain(item, _join_names(name, key)) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_plain(item, _join_names(name, number)) for number, item in enumerate(value)]
    if isinstance(value, datetime | date) or hasattr(value, "isot"):
        return format_time(value, name)
    if str(getattr(value, "unit", None) or ""):
        raise ArgumentError(
            f"{name or 'value'}: has the unit {value.unit}, which is not expected here; give the number."
        )
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        check_array(value, name)
        return to_plain(value.tolist(), name)
    if isinstance(value, str | int):
        return str(value) if isinstance(value, str) else int(value)
    raise ArgumentError(
        f"{name or 'value'}: {type(value).__name__} is not expected here; give text, numbers, lists or a dict of them."
    )


def format_time(moment: Any, name: str) -> str:
    """Return a time in UTC as ISO 8601 without offset; a `datetime` without time zone is in UTC.

    Raises
    ------
    ArgumentError
        If it is no text, `datetime`, or `Time` of astropy, or not a single one.
    """
    if isinstance(moment, str):
        return moment
    if hasattr(moment, "isot") and getattr(moment, "shape", None) == ():
        return str(moment.utc.isot)
    if isinstance(moment, datetime) and moment == moment:
        return (moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment).isoformat()
    if isinstance(moment, date) and moment == moment:
        return moment.isoformat()
    raise ArgumentError(f"{name}: expected a time such as '2026-11-22T03:14:15', a datetime, or a Time of astropy.")


def to_degrees(angle: Any, name: str) -> float | None:
    """Return an angle in degrees; a bare number is in degrees already.

    Raises
    ------
    ArgumentError
        If it is no number or angle, has another unit, or is NaN.
    """
    return _to_number_in(angle, "deg", name, "degrees; for 12:18:20 use a SkyCoord of astropy")


def to_arcsec(angle: Any, name: str) -> float | None:
    """Return an angle in arcseconds; a bare number is in arcseconds already."""
    return _to_number_in(angle, "arcsec", name, "arcseconds")


def check_array(value: Any, name: str) -> None:
    """Refuse an array of numpy or pandas whose values would change as plain JSON.

    Raises
    ------
    ArgumentError
        If a value is masked, or they are times.
    """
    if getattr(value.dtype, "kind", None) in ("m", "M"):
        raise ArgumentError(f"{name or 'value'}: holds times of numpy; give numbers or texts, such as .astype(str).")
    if _is_masked(value):
        raise ArgumentError(f"{name or 'value'}: a value is masked; leave it out, or give None where it is unknown.")


def _to_number_in(value: Any, unit: str, name: str, expected: str) -> float | None:
    if value is None:
        return None
    if getattr(value, "unit", None) is not None:
        try:
            value = value.to_value(unit)
        except Exception:
            raise ArgumentError(f"{name}: has the unit {value.unit}; expected {expected}.") from None
    plain = to_plain(value, name)
    if isinstance(plain, bool) or not isinstance(plain, int | float):
        raise ArgumentError(f"{name}: {str(plain)[:60]!r} is not a number; expected {expected}.")
    return float(plain)


def _check_finite(number: float, name: str) -> float:
    if not math.isfinite(number):
        raise ArgumentError(
            f"{name or 'value'}: {number} cannot be sent; leave it out, or give None where it is unknown."
        )
    return number


def _is_masked(value: Any) -> bool:
    mask = getattr(value, "mask", None)
    # of pandas' objects it is a method
    return mask is not None and hasattr(mask, "dtype") and bool(mask.any())


def _join_names(name: str, key: Any) -> str:
    return f"{name}.{key}" if name else str(key)
