"""Any plain data as JSON values."""

import base64
import datetime
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from fitter_lambda.errors import RenderError

__all__ = ["to_plain"]

_MOST_VALUES = 3_000_000
_DEEPEST = 60
#: JSON readers choke on integers of more digits than this.
_MOST_BITS = 1024


def to_plain(value: Any) -> Any:
    """Turn plain data into what JSON can hold.

    numpy scalars become numbers, arrays lists, NaN and infinities null, bytes text where they are
    UTF-8 and base64 otherwise, complex numbers [re, im], dates ISO 8601 text, sets lists, keys text.

    Raises
    ------
    RenderError
        Too deep, too many values, or something that is not plain data.
    """
    return _Converter().convert(value, 0)


class _Converter:
    """Counts what it converts: references to references would multiply without end."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES

    def convert(self, value: Any, depth: int) -> Any:
        self._count(1)
        if depth > _DEEPEST:
            raise RenderError(f"The results are nested more than {_DEEPEST} deep; send flatter ones.")
        if isinstance(value, dict):
            return {_key(key): self.convert(item, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return self._list(value, depth)
        if isinstance(value, (set, frozenset)):
            return self._list(sorted(value, key=repr), depth)
        if isinstance(value, np.ndarray):
            return self._array(value, depth)
        return _scalar(value)

    def _list(self, items: Iterable[Any], depth: int) -> list[Any]:
        return [self.convert(item, depth + 1) for item in items]

    def _array(self, array: np.ndarray[Any, Any], depth: int) -> Any:
        if array.dtype.names is not None:
            return {name: self.convert(array[name], depth + 1) for name in array.dtype.names}
        if array.dtype.kind in "fiub" and array.ndim:
            self._count(array.size)
            return _nan_to_none(array)
        return _scalar(array[()]) if array.ndim == 0 else self._list(array, depth)

    def _count(self, number: int) -> None:
        self._left -= number
        if self._left < 0:
            raise RenderError(f"The results hold more than {_MOST_VALUES} values; send a summary.")


def _nan_to_none(array: np.ndarray[Any, Any]) -> Any:
    if array.dtype.kind == "f":
        array = array.astype("f8")  # long doubles would stay numpy's
        finite = np.isfinite(array)
        if not finite.all():
            array = array.astype(object)
            array[~finite] = None
    return array.tolist()


def _key(key: Any) -> str:
    if isinstance(key, (bytes, np.bytes_)):
        return str(_bytes(bytes(key)))
    return str(key.item() if isinstance(key, np.generic) else key)


def _scalar(value: Any) -> Any:
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return None if np.isnat(value) else str(value)
    if isinstance(value, np.void):
        return {name: to_plain(value[name]) for name in value.dtype.names or ()}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if value.bit_length() <= _MOST_BITS else hex(value)[:4000]
    if isinstance(value, (float, np.floating)):  # np.longdouble stays itself under item()
        return float(value) if math.isfinite(value) else None
    if isinstance(value, (complex, np.complexfloating)):
        return [_scalar(float(value.real)), _scalar(float(value.imag))]
    if isinstance(value, (bytes, bytearray)):
        return _bytes(bytes(value))
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    raise RenderError(f"The results hold a {type(value).__name__}, which is not plain data.")


def _bytes(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(value).decode("ascii")
