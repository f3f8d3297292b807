"""The vocabulary of plain data in pickles: the names that a file may use, and their meaning.

No name is ever imported. Stand-ins hold what a file says of numpy's arrays, dtypes and scalars; the real ones
are built once that is checked.
"""

import math
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from fitter_lambda.errors import RenderError, UnsafePickleError

_DTYPE_CODE = re.compile(r"[<>|=]?(?:\?|[biufc]\d{1,2}|[SUV]\d{1,10}|[Mm]8(?:\[\d{0,4}[a-zA-Z]{1,2}\])?)")
_MAX_FIELDS = 100
_MAX_AXES = 32
#: Of an array without data: its lists, if it were written out, and the bytes of a value.
_MAX_EMPTY_ITEMS, _MAX_EMPTY_BYTES = 10_000, 10_000
_SCALAR_KEYS = (str, int, float, bool, bytes, complex, type(None), np.generic)
#: Of a key: its characters, or its parts. The hash of a tuple or an integer is computed with each use.
_MAX_KEY_LENGTH, _MAX_KEY_PARTS, _MAX_KEY_BITS = 10_000, 30, 1024
#: Different keys with one hash; by chance there are two.
_MAX_EQUAL_HASHES = 30


class _Marker:
    """`numpy.ndarray`, which a file may name but never call."""


class Dtype:
    """Stand-in for `numpy.dtype(code, ...)` and its state."""

    def __init__(self, code: object, *_: object) -> None:
        self.code = code
        self.state: Any = ()
        self._built: dict[int, np.dtype[Any]] = {}

    def set_state(self, state: tuple[Any, ...]) -> None:
        """Take what the file says of the dtype besides its code."""
        self.state = state
        self._built = {}

    def build(self, depth: int = 0) -> np.dtype[Any]:
        """Return the dtype, built once: a file may name one of many fields any number of times."""
        if depth not in self._built:
            self._built[depth] = self._build(depth)
        return self._built[depth]

    def _build(self, depth: int) -> np.dtype[Any]:
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
        for pair in pairs:
            require_type(pair, tuple, list)
        KeyHashes().check(pair[0] for pair in pairs)
        super().__init__((key, value) for key, value in pairs)


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
    if not isinstance(shape, tuple) or not isinstance(data, (bytes, bytearray)) or len(shape) > _MAX_AXES:
        raise RenderError("The joblib file describes an array without a shape or data.")
    sizes = [int(size) for size in shape]
    if any(size < 0 for size in sizes) or math.prod(sizes) * numpy_dtype.itemsize != len(data):
        raise RenderError("The joblib file holds an array whose data do not match its shape.")
    if not data:
        _require_few_items(sizes, numpy_dtype)
    flat = np.frombuffer(bytes(data), dtype=numpy_dtype) if data else np.zeros(math.prod(sizes), numpy_dtype)
    return flat.reshape(sizes, order="F" if order in ("F", True) else "C")


def _require_few_items(sizes: list[int], dtype: np.dtype[Any]) -> None:
    """Require that an array without data stays small: its shape and the size of a value cost the file nothing."""
    if math.prod(size for size in sizes if size) > _MAX_EMPTY_ITEMS or dtype.itemsize > _MAX_EMPTY_BYTES:
        raise RenderError("The joblib file holds an array of many empty values; leave it out.")


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
    KeyHashes().check(require_type(items, list, tuple))
    return set(items)  # type: ignore[call-overload, no-any-return]


def require_type(value: object, *kinds: type) -> Any:
    """Return a value of exactly one of some types."""
    if type(value) not in kinds:
        raise UnsafePickleError(f"The joblib file uses a {type(value).__name__} where plain data have none.")
    return value


class KeyHashes:
    """Keys of dicts and members of sets, checked before they are hashed, by hash.

    Of keys with one hash each is compared with all others, which takes quadratic time. Those of numbers and of
    tuples of numbers can be chosen.
    """

    def __init__(self) -> None:
        self._keys: dict[int, list[Any]] = {}

    def check(self, keys: Iterable[Any]) -> int:
        """Require short scalars or flat tuples of them, and few with one hash; return how many are new.

        Raises
        ------
        UnsafePickleError
            For containers.
        RenderError
            For keys that are too long, or collide.
        """
        n_new = 0
        for key in keys:
            _require_scalar_key(key)
            equals = self._keys.setdefault(hash(key), [])
            if key in equals:
                continue
            equals.append(key)
            n_new += 1
            if len(equals) > _MAX_EQUAL_HASHES:
                raise RenderError("The joblib file has keys that are chosen to be slow; use text as keys.")
        return n_new


def _require_scalar_key(key: Any) -> None:
    parts = key if type(key) is tuple else (key,)
    if len(parts) > _MAX_KEY_PARTS:
        raise RenderError(f"The joblib file has a key of more than {_MAX_KEY_PARTS} parts; use text as keys.")
    for part in parts:
        if not isinstance(part, _SCALAR_KEYS):
            raise UnsafePickleError("The joblib file has keys that are containers; use text or numbers as keys.")
        is_long = isinstance(part, (str, bytes)) and len(part) > _MAX_KEY_LENGTH
        if is_long or (type(part) is int and part.bit_length() > _MAX_KEY_BITS):
            raise RenderError(f"The joblib file has a key of more than {_MAX_KEY_LENGTH} characters; use shorter ones.")


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
