"""The vocabulary of plain data in pickles: what each permitted name means to the renderer.

No name is ever imported. numpy's arrays, dtypes and scalars are described by stand-ins that hold
what a file says, and built once that has been checked.
"""

import math
import re
from typing import Any

import numpy as np

from fitter_lambda.errors import RenderError, UnsafePickleError

__all__ = [
    "ALLOWED",
    "ArrayWrapper",
    "Dtype",
    "RawArray",
    "Result",
    "checked_key",
    "instance_of",
    "make_array",
    "make_dtype",
]

_DTYPE_CODE = re.compile(r"[<>|=]?(?:\?|[biufc]\d{1,2}|[SUV]\d{1,10}|[Mm]8(?:\[\d{0,4}[a-zA-Z]{1,2}\])?)")
_MOST_FIELDS = 100
_SCALAR_KEYS = (str, int, float, bool, bytes, complex, type(None), np.generic)


class _Marker:
    """A class that a file may name but never make: `numpy.ndarray`."""


class Dtype:
    """What a file says of a dtype: `numpy.dtype(code, ...)` and its state."""

    def __init__(self, code: object, *_: object) -> None:
        self.code, self.state = code, ()

    def build(self, depth: int = 0) -> np.dtype[Any]:
        """The real dtype, made from checked text and numbers only.

        numpy's own `dtype.__setstate__` believes offsets and flags, by which object pointers could
        be smuggled into raw bytes; so it never sees the file's state.
        """
        state = self.state
        order = state[1] if len(state) > 1 and state[1] in ("<", ">", "=") else ""
        if not isinstance(self.code, str) or not _DTYPE_CODE.fullmatch(self.code):
            raise UnsafePickleError(
                f"The joblib file holds data of type {str(self.code)[:20]!r}; use numbers."
            )
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
        if depth > 1 or len(state[3]) > _MOST_FIELDS:  # records of records multiply
            raise RenderError("The joblib file holds a record array of too many fields; use plain arrays.")
        fields = [state[4][name] for name in state[3]]
        return np.dtype({
            "names": [str(name) for name in state[3]],
            "formats": [make_dtype(field[0], depth + 1) for field in fields],
            "offsets": [int(field[1]) for field in fields],
            "itemsize": int(state[5]),
        })  # fmt: skip


class Result(dict[Any, Any]):
    """`sncosmo.utils.Result` and `OrderedDict`: a dict, whatever else its file says of it."""

    def __init__(self, items: object = ()) -> None:
        pairs = items.items() if type(items) is dict else instance_of(items, list, tuple)
        super().__init__((checked_key(key), value) for key, value in pairs)


class ArrayWrapper:
    """joblib's note that an array's bytes follow in the file."""

    shape: object = None
    order: object = "C"
    dtype: object = None
    numpy_array_alignment_bytes: object = None


class RawArray:
    """An array in numpy's own pickle form; `array` is set when its state arrives."""

    array: object = None


def make_dtype(value: object, depth: int = 0) -> np.dtype[Any]:
    dtype = value.build(depth) if isinstance(value, Dtype) else None
    if dtype is None or dtype.hasobject:
        raise UnsafePickleError("The joblib file holds an array of Python objects; use numbers or lists.")
    return dtype


def make_array(dtype: object, shape: object, order: object, data: object) -> np.ndarray[Any, Any]:
    """An array from its bytes, exactly as many as its shape asks for."""
    real = make_dtype(dtype)
    if not isinstance(shape, tuple) or not isinstance(data, (bytes, bytearray)) or len(shape) > 32:
        raise RenderError("The joblib file describes an array without a shape or data.")
    sizes = [int(size) for size in shape]
    if any(size < 0 for size in sizes) or math.prod(sizes) * real.itemsize != len(data):
        raise RenderError("The joblib file holds an array whose data do not match its shape.")
    if not data and math.prod(sizes) > _MOST_FIELDS:
        raise RenderError("The joblib file holds an array of many empty values; leave it out.")
    flat = np.frombuffer(bytes(data), dtype=real) if data else np.zeros(math.prod(sizes), real)
    return flat.reshape(sizes, order="F" if order in ("F", True) else "C")


def _scalar(dtype: object, data: object = b"") -> Any:
    # protocol 2 writes bytes as latin-1 text
    raw = data.encode("latin-1") if isinstance(data, str) else data
    return make_array(dtype, (), "C", raw)[()]


def _frombuffer(data: object, dtype: object, shape: object, order: object) -> np.ndarray[Any, Any]:
    return make_array(dtype, shape, order, data)


def _encode(text: object, encoding: object = "") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise UnsafePickleError("The joblib file encodes text in a way that plain data do not need.")
    return text.encode("latin-1")


def _bytearray(data: object = b"", encoding: object = "latin-1") -> bytearray:
    # of a number it would make that many bytes
    return bytearray(_encode(data, encoding) if isinstance(data, str) else instance_of(data, bytes))


def _bytes(data: object = b"") -> bytes:
    return bytes(instance_of(data, bytes))


def _set(items: object = ()) -> set[Any]:
    return {checked_key(item) for item in instance_of(items, list, tuple)}


def _frozenset(items: object = ()) -> frozenset[Any]:
    return frozenset(_set(items))


def _complex(real: object = 0.0, imaginary: object = 0.0) -> complex:
    return complex(instance_of(real, float, int), instance_of(imaginary, float, int))


def _reconstruct(*_: object) -> RawArray:
    return RawArray()


def instance_of(value: object, *kinds: type) -> Any:
    if type(value) not in kinds:
        raise UnsafePickleError(f"The joblib file uses a {type(value).__name__} where plain data have none.")
    return value


def checked_key(value: Any) -> Any:
    """A key or member of a set: a scalar, or a flat tuple of them."""
    parts = value if type(value) is tuple else (value,)
    if not all(isinstance(part, _SCALAR_KEYS) for part in parts):
        raise UnsafePickleError("The joblib file has keys that are containers; use text or numbers as keys.")
    return value


ALLOWED: dict[tuple[str, str], Any] = {
    ("joblib.numpy_pickle", "NumpyArrayWrapper"): ArrayWrapper,
    ("collections", "OrderedDict"): Result,
    ("sncosmo.utils", "Result"): Result,
    ("numpy", "ndarray"): _Marker,
    ("numpy", "dtype"): Dtype,
    ("_codecs", "encode"): _encode,
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _reconstruct for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _frombuffer for core in ("core", "_core")},
    **{
        (module, function.__name__[1:]): function
        for module in ("builtins", "__builtin__")
        for function in (_bytearray, _bytes, _set, _frozenset, _complex)
    },
}
