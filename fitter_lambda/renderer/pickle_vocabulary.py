"""The vocabulary of plain data in pickles: the names that a file may use, and their meaning.

No name is ever imported. Stand-ins hold what a file says of numpy's arrays, dtypes and scalars; the real ones
are built once that is checked.
"""

import math
import re
from typing import Any

import numpy as np

from fitter_lambda.errors import RenderError, UnsafePickleError

_DTYPE_CODE = re.compile(r"[<>|=]?(?:\?|[biufc]\d{1,2}|[SUV]\d{1,10}|[Mm]8(?:\[\d{0,4}[a-zA-Z]{1,2}\])?)")
_MAX_FIELDS = 100
_SCALAR_KEYS = (str, int, float, bool, bytes, complex, type(None), np.generic)


class _Marker:
    """`numpy.ndarray`, which a file may name but never call."""


class Dtype:
    """Stand-in for `numpy.dtype(code, ...)` and its state."""

    def __init__(self, code: object, *_: object) -> None:
        self.code = code
        self.state: Any = ()

    def build(self, depth: int = 0) -> np.dtype[Any]:
        """Build the dtype from checked text and numbers.

        numpy's `dtype.__setstate__` trusts offsets and flags, so that a file could turn raw bytes into object
        pointers. Therefore it never sees the state.
        """
        state = self.state
        order = state[1] if len(state) > 1 and state[1] in ("<", ">", "=") else ""
        if not isinstance(self.code, str) or not _DTYPE_CODE.fullmatch(self.code):
            raise UnsafePickleError(f"The joblib file has data of type {str(self.code)[:20]!r}; use numbers.")
        code = self.code.lstrip("<>|=")
        if code[0] == "V":
            return self._build_record(depth)
        if code[0] in "Mm" and len(state) > 8 and isinstance(state[8], tuple):
            unit, step = state[8][1][0], int(state[8][1][1])
            unit = unit.decode("ascii") if isinstance(unit, bytes) else str(unit)
            code = code if unit == "generic" else f"{code}[{step}{unit}]"
        return np.dtype(order + code)

    def _build_record(self, depth: int) -> np.dtype[Any]:
        state = self.state
        if len(state) < 6 or not isinstance(state[3], tuple) or not isinstance(state[4], dict):
            raise UnsafePickleError("The joblib file holds an array of unnamed raw bytes; use numbers.")
        if depth > 1 or len(state[3]) > _MAX_FIELDS:  # records of records multiply
            raise RenderError("The joblib file holds a record array of too many fields; use plain arrays.")
        fields = [state[4][name] for name in state[3]]
        return np.dtype({
            "names": [str(name) for name in state[3]],
            "formats": [build_dtype(field[0], depth + 1) for field in fields],
            "offsets": [int(field[1]) for field in fields],
            "itemsize": int(state[5]),
        })  # fmt: skip


class Result(dict[Any, Any]):
    """Stand-in for `sncosmo.utils.Result` and `OrderedDict`: a dict without attributes."""

    def __init__(self, items: object = ()) -> None:
        pairs = items.items() if type(items) is dict else require_type(items, list, tuple)
        super().__init__((require_scalar_key(key), value) for key, value in pairs)


class ArrayWrapper:
    """Stand-in for joblib's note that an array's bytes follow in the file."""

    shape: object = None
    order: object = "C"
    dtype: object = None
    numpy_array_alignment_bytes: object = None


class RawArray:
    """Stand-in for an array in numpy's pickle format; `array` is set when its state is read."""

    array: object = None


def build_dtype(value: object, depth: int = 0) -> np.dtype[Any]:
    """Build a dtype from its stand-in; `depth` counts nested records."""
    dtype = value.build(depth) if isinstance(value, Dtype) else None
    if dtype is None or dtype.hasobject:
        raise UnsafePickleError("The joblib file holds an array of Python objects; use numbers or lists.")
    return dtype


def build_array(dtype: object, shape: object, order: object, data: object) -> np.ndarray[Any, Any]:
    """Build an array from exactly as many bytes as its shape needs."""
    numpy_dtype = build_dtype(dtype)
    if not isinstance(shape, tuple) or not isinstance(data, (bytes, bytearray)) or len(shape) > 32:
        raise RenderError("The joblib file describes an array without a shape or data.")
    sizes = [int(size) for size in shape]
    if any(size < 0 for size in sizes) or math.prod(sizes) * numpy_dtype.itemsize != len(data):
        raise RenderError("The joblib file holds an array whose data do not match its shape.")
    if not data and math.prod(sizes) > _MAX_FIELDS:
        raise RenderError("The joblib file holds an array of many empty values; leave it out.")
    flat = np.frombuffer(bytes(data), dtype=numpy_dtype) if data else np.zeros(math.prod(sizes), numpy_dtype)
    return flat.reshape(sizes, order="F" if order in ("F", True) else "C")


def _build_scalar(dtype: object, data: object = b"") -> Any:
    # protocol 2 writes bytes as latin-1 text
    return build_array(dtype, (), "C", data.encode("latin-1") if isinstance(data, str) else data)[()]


def _encode(text: object, encoding: object = "") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise UnsafePickleError("The joblib file encodes text in a way that plain data do not need.")
    return text.encode("latin-1")


def _build_bytearray(data: object = b"", encoding: object = "latin-1") -> bytearray:
    # bytearray(number) would allocate that many bytes
    return bytearray(_encode(data, encoding) if isinstance(data, str) else require_type(data, bytes))


def _build_set(items: object = ()) -> set[Any]:
    return {require_scalar_key(item) for item in require_type(items, list, tuple)}


def require_type(value: object, *kinds: type) -> Any:
    """Return a value of exactly one of some types."""
    if type(value) not in kinds:
        raise UnsafePickleError(f"The joblib file uses a {type(value).__name__} where plain data have none.")
    return value


def require_scalar_key(value: Any) -> Any:
    """Return a key or a member of a set: a scalar or a flat tuple of scalars."""
    parts = value if type(value) is tuple else (value,)
    if not all(isinstance(part, _SCALAR_KEYS) for part in parts):
        raise UnsafePickleError("The joblib file has keys that are containers; use text or numbers as keys.")
    return value


_BUILTINS: dict[str, Any] = {
    "bytearray": _build_bytearray,
    "bytes": lambda data=b"": bytes(require_type(data, bytes)),
    "set": _build_set,
    "frozenset": lambda items=(): frozenset(_build_set(items)),
    "complex": lambda real, imag: complex(require_type(real, float, int), require_type(imag, float, int)),
}
ALLOWED_NAMES: dict[tuple[str, str], Any] = {
    ("joblib.numpy_pickle", "NumpyArrayWrapper"): ArrayWrapper,
    ("collections", "OrderedDict"): Result,
    ("sncosmo.utils", "Result"): Result,
    ("numpy", "ndarray"): _Marker,
    ("numpy", "dtype"): Dtype,
    ("_codecs", "encode"): _encode,
    **{(module, name): meaning for module in ("builtins", "__builtin__") for name, meaning in _BUILTINS.items()},
}
for _core in ("numpy.core", "numpy._core"):  # before and since numpy 2
    ALLOWED_NAMES[f"{_core}.multiarray", "scalar"] = _build_scalar
    ALLOWED_NAMES[f"{_core}.multiarray", "_reconstruct"] = lambda *_: RawArray()
    ALLOWED_NAMES[f"{_core}.numeric", "_frombuffer"] = lambda data, dtype, shape, order: build_array(
        dtype, shape, order, data
    )
