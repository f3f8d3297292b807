"""Plain data as JSON values."""

import base64
import datetime
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from fitter_lambda.errors import RenderError

_MAX_VALUES = 3_000_000
_MAX_DEPTH = 60
#: Readers of JSON fail on integers with more digits.
_MAX_BITS = 1024


def to_json_values(value: Any) -> Any:
    """Convert plain data to what JSON can hold.

    numpy scalars become numbers, arrays lists, NaN and infinities null, bytes text if they are UTF-8 and
    base64 otherwise, complex numbers [re, im], dates ISO 8601 text, sets lists, keys text.

    Raises
    ------
    RenderError
        Too deep, too many values, or something that is not plain data.
    """
    return _Converter().convert(value, 0)


class _Converter:
    """Counts the values that it converts: references to references would multiply without end."""

    def __init__(self) -> None:
        self._values_left = _MAX_VALUES

    def convert(self, value: Any, depth: int) -> Any:
        self._count(1)
        if depth > _MAX_DEPTH:
            raise RenderError(f"The results are nested more than {_MAX_DEPTH} deep; send flatter ones.")
        if isinstance(value, dict):
            return {_convert_key(key): self.convert(item, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return self._convert_items(value, depth)
        if isinstance(value, (set, frozenset)):
            return self._convert_items(sorted(value, key=repr), depth)
        if isinstance(value, np.ndarray):
            return self._convert_array(value, depth)
        return _convert_scalar(value)

    def _convert_items(self, items: Iterable[Any], depth: int) -> list[Any]:
        return [self.convert(item, depth + 1) for item in items]

    def _convert_array(self, array: np.ndarray[Any, Any], depth: int) -> Any:
        if array.dtype.names is not None:
            return {name: self.convert(array[name], depth + 1) for name in array.dtype.names}
        if array.ndim == 0:
            return _convert_scalar(array[()])
        if array.dtype.kind not in "fiub":
            return self._convert_items(array, depth)
        self._count(array.size)
        if array.dtype.kind == "f":
            array = array.astype("f8")  # tolist() would leave long doubles as numpy scalars
            is_finite = np.isfinite(array)
            if not is_finite.all():
                array = array.astype(object)
                array[~is_finite] = None
        return array.tolist()

    def _count(self, number: int) -> None:
        self._values_left -= number
        if self._values_left < 0:
            raise RenderError(f"The results hold more than {_MAX_VALUES} values; send a summary.")


def _convert_key(key: Any) -> str:
    if isinstance(key, bytes):
        return _decode(key)
    return str(key.item() if isinstance(key, np.generic) else key)


def _convert_scalar(value: Any) -> Any:
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return None if np.isnat(value) else str(value)
    if isinstance(value, np.void):
        return {name: to_json_values(value[name]) for name in value.dtype.names or ()}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if value.bit_length() <= _MAX_BITS else hex(value)[:4000]
    if isinstance(value, (float, np.floating)):  # item() leaves np.longdouble as it is
        return float(value) if math.isfinite(value) else None
    if isinstance(value, (complex, np.complexfloating)):
        return [_convert_scalar(float(value.real)), _convert_scalar(float(value.imag))]
    if isinstance(value, (bytes, bytearray)):
        return _decode(bytes(value))
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    raise RenderError(f"The results hold a {type(value).__name__}, which is not plain data.")


def _decode(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(value).decode("ascii")
