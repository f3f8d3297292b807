"""Values of a result as JSON: numpy and pandas become lists and numbers, what is not finite becomes null."""

import datetime
import math
from collections.abc import Mapping
from typing import Any

from heliograph.errors import ArgumentError

_MAX_DEPTH = 50


def to_json_value(name: str, value: Any, depth: int = 0) -> Any:
    """Return a value as JSON can hold it.

    Numbers that are not finite, masked values and None become None.

    Raises
    ------
    ArgumentError
        If a value has a unit, is complex, or is of another type; the message names it.
    """
    if depth > _MAX_DEPTH:
        raise ArgumentError(f"{name[:100]} is nested too deeply; expected at most {_MAX_DEPTH} levels.")
    if str(getattr(value, "unit", None) or ""):
        raise ArgumentError(f"{name} has the unit {value.unit}; give its number (.to_value(…)), as JSON has no units.")
    if value is None:
        return None
    if isinstance(value, bool | int | str):
        return _to_plain(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_check_key(name, key): to_json_value(f"{name}.{key}", item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json_value(f"{name}.{place}", item, depth + 1) for place, item in enumerate(value)]
    return _convert_foreign(name, value, depth)


def _to_plain(value: Any) -> Any:
    """Return the plain value of a subclass, such as an enumeration's."""
    if isinstance(value, str):
        return clean_text(value)
    return bool(value) if isinstance(value, bool) else int(value)


def clean_text(text: str) -> str:
    """Return a text as UTF-8 can hold it: halves of characters become question marks."""
    return str(text).encode(errors="replace").decode()


def _check_key(name: str, key: Any) -> str:
    if isinstance(key, str):
        return clean_text(key)
    if isinstance(key, int) and not isinstance(key, bool):
        return str(key)
    raise ArgumentError(f"{name} has the key {str(key)[:40]!r}; expected names.")


def _convert_foreign(name: str, value: Any, depth: int) -> Any:
    """Convert a date, or a value of numpy, pandas, xarray or astropy."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    if type(value).__name__ in ("MaskedConstant", "NAType", "NaTType"):
        return None
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return to_json_value(name, value.to_dict(orient="list"), depth + 1)
    if hasattr(value, "unit") and hasattr(value, "to_value"):
        # of astropy, without a dimension
        value = value.to_value()
    elif hasattr(value, "to_numpy"):
        # of xarray, such as a mean of a posterior
        value = value.to_numpy()
    if hasattr(value, "tolist"):
        listed = value.tolist()
        if type(listed) is not type(value) and not isinstance(listed, bytes):
            return to_json_value(name, listed, depth + 1)
    raise ArgumentError(
        f"{name} is a {type(value).__name__}, which JSON cannot hold; expected numbers, texts, lists, dicts or arrays."
    )


def to_samples(name: str, value: Any) -> list[Any]:
    """Return samples of a parameter: a flat list, or chains × draws, of finite numbers.

    Raises
    ------
    ArgumentError
        If they are not.
    """
    import numpy as np

    if str(getattr(value, "unit", None) or ""):
        raise ArgumentError(f"posterior_samples.{name} has the unit {value.unit}; give its numbers (.to_value(…)).")
    try:
        samples: Any = np.ma.filled(np.ma.asarray(value, dtype=float), math.nan)
    except (TypeError, ValueError):
        raise ArgumentError(f"posterior_samples.{name} are not numbers.") from None
    if samples.ndim not in (1, 2) or not samples.size:
        raise ArgumentError(
            f"posterior_samples.{name} has the shape {samples.shape}; expected a list of draws, or chains × draws."
        )
    if n_bad := int((~np.isfinite(samples)).sum()):
        raise ArgumentError(
            f"posterior_samples.{name}: {n_bad} of {samples.size} are not finite; leave out such draws."
        )
    return list(samples.tolist())
