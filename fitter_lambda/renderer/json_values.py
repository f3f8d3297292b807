"""Plain data as JSON values."""

import base64
import datetime
import math
from collections.abc import Iterable
from json.encoder import encode_basestring_ascii
from typing import Any

import numpy as np

from fitter_lambda.errors import RenderError
from fitter_lambda.renderer.byte_budget import ByteBudget, count_lists

#: Of the JSON text; the values take some times as much memory before.
MAX_PRODUCT_BYTES = 64 * 1024 * 1024
_MAX_DEPTH = 60
#: Readers of JSON fail on integers with more digits.
_MAX_BITS = 1024
#: Of a number with its comma, and of a list or object, which take more in memory.
_NUMBER_BYTES, _CONTAINER_BYTES = 20, 160


def to_json_values(value: Any, max_bytes: int = MAX_PRODUCT_BYTES) -> Any:
    """Convert plain data to what JSON can hold.

    numpy scalars become numbers, arrays lists, NaN and infinities null, bytes text if they are UTF-8 and
    base64 otherwise, complex numbers [re, im], dates ISO 8601 text, sets lists, keys text.

    Raises
    ------
    RenderError
        Too deep, more than `max_bytes` as JSON, or something that is not plain data.
    """
    message = f"The results are more than {max_bytes >> 20} MB as JSON; send a summary."
    return _Converter(ByteBudget(max_bytes, message)).convert(value, 0)


class _Converter:
    """Charges all that it converts: references to references would multiply without end."""

    def __init__(self, budget: ByteBudget) -> None:
        self._budget = budget

    def convert(self, value: Any, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            raise RenderError(f"The results are nested more than {_MAX_DEPTH} deep; send flatter ones.")
        if isinstance(value, np.ndarray):
            return self._convert_array(value, depth)
        if isinstance(value, np.void):
            return self._convert_fields(value, depth)
        if isinstance(value, (dict, list, tuple, set, frozenset)):
            self._budget.charge(_CONTAINER_BYTES)
            return self._convert_container(value, depth)
        return self._convert_scalar(value)

    def _convert_container(self, value: Any, depth: int) -> Any:
        if isinstance(value, dict):
            return {self._convert_key(key): self.convert(item, depth + 1) for key, item in value.items()}
        if isinstance(value, (set, frozenset)):
            value = sorted(value, key=repr)
        return self._convert_items(value, depth)

    def _convert_items(self, items: Iterable[Any], depth: int) -> list[Any]:
        return [self.convert(item, depth + 1) for item in items]

    def _convert_fields(self, record: Any, depth: int) -> dict[str, Any]:
        """Convert an array or scalar with named fields."""
        self._budget.charge(_CONTAINER_BYTES)
        return {self._convert_key(name): self.convert(record[name], depth + 1) for name in record.dtype.names or ()}

    def _convert_array(self, array: np.ndarray[Any, Any], depth: int) -> Any:
        if array.dtype.names is not None:
            return self._convert_fields(array, depth)
        if array.ndim == 0:
            return self._convert_scalar(array[()])
        if array.dtype.kind not in "fiub":
            self._budget.charge(_CONTAINER_BYTES)
            return self._convert_items(array, depth)
        self._budget.charge(_NUMBER_BYTES * array.size + _CONTAINER_BYTES * count_lists(array.shape))
        if array.dtype.kind == "f":
            array = array.astype("f8")  # tolist() would leave long doubles as numpy scalars
            is_finite = np.isfinite(array)
            if not is_finite.all():
                array = array.astype(object)
                array[~is_finite] = None
        return array.tolist()

    def _convert_key(self, key: Any) -> str:
        text = _convert_key(key)
        self._charge_text(text)
        return text

    def _convert_scalar(self, value: Any) -> Any:
        self._budget.charge(_NUMBER_BYTES)
        if type(value) is float:
            return value if math.isfinite(value) else None
        converted = _convert_scalar(value)
        if isinstance(converted, str):
            self._charge_text(converted)
        elif isinstance(converted, int):
            self._budget.charge(converted.bit_length() // 3)
        return converted

    def _charge_text(self, text: str) -> None:
        """Charge a text as JSON has it: a character takes up to six, and twelve beyond the basic plane."""
        self._budget.charge(len(text))
        self._budget.charge(len(encode_basestring_ascii(text)) - len(text))


def _convert_key(key: Any) -> str:
    if isinstance(key, bytes):
        return _decode(key)
    return str(key.item() if isinstance(key, np.generic) else key)


def _convert_scalar(value: Any) -> Any:
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return None if np.isnat(value) else str(value)
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if value.bit_length() <= _MAX_BITS else hex(value)
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
