"""joblib files from anyone, opened by an exact allow-list.

A pickle is a program. This one's vocabulary is cut down to plain data: names are looked up in a
table (`pickle_vocabulary`), never imported. What is refused: any other name, object arrays (they
hold further pickles), state for anything but the stand-ins, keys that are containers (their hashes
can take for ever), and more bytes than `MAX_BYTES`.
"""

import bz2
import io
import lzma
import math
import pickle
import struct
import zlib
from collections.abc import Callable
from typing import Any

from joblib.numpy_pickle import NumpyUnpickler

from fitter_lambda.errors import RenderError, UnsafePickleError
from fitter_lambda.renderer.pickle_vocabulary import (
    ALLOWED,
    ArrayWrapper,
    Dtype,
    RawArray,
    Result,
    checked_key,
    instance_of,
    make_array,
    make_dtype,
)

__all__ = ["MAX_BYTES", "load_joblib"]

#: Of a file, and of what it unpacks to.
MAX_BYTES = 256 * 1024 * 1024


def load_joblib(data: bytes, max_bytes: int = MAX_BYTES) -> Any:
    """Open a joblib (or plain pickle) file that holds plain data.

    Parameters
    ----------
    data : bytes
        The file; zlib, gzip, bz2, lzma and xz compression are understood.
    max_bytes : int
        Bound of the unpacked size, and of each array.

    Returns
    -------
    object
        Builtin containers, numpy arrays and scalars; `OrderedDict` and `sncosmo.utils.Result`
        become dicts.

    Raises
    ------
    UnsafePickleError
        The file names something that is not plain data.
    RenderError
        The file is broken, too large, or of a kind that is not supported.
    """
    plain = _unpack(data, max_bytes)
    try:
        return _Unpickler(plain, max_bytes).load()
    except RenderError:
        raise
    except (RecursionError, MemoryError):
        raise RenderError("The joblib file is nested too deeply or too large; simplify it.") from None
    except Exception as error:  # a hostile pickle can raise anything out of the unpickler
        raise RenderError(
            f"The joblib file is broken or cut off ({type(error).__name__}); send what joblib.dump wrote."
        ) from None


def _unpack(data: bytes, max_bytes: int) -> bytes:
    makers: dict[bytes, Callable[[], Any]] = {
        b"\x1f\x8b": lambda: zlib.decompressobj(wbits=31),
        b"BZ": bz2.BZ2Decompressor,
        b"\xfd7zXZ": lambda: lzma.LZMADecompressor(memlimit=128 * 1024 * 1024),
        b"\x5d\x00": lambda: lzma.LZMADecompressor(memlimit=128 * 1024 * 1024),
        b"\x78": zlib.decompressobj,
    }
    if data.startswith((b"\x04\x22\x4d\x18", b"ZF")):
        raise RenderError("The joblib file is packed with lz4 or by joblib < 0.10; use zlib or none.")
    maker = next((make for prefix, make in makers.items() if data.startswith(prefix)), None)
    if maker is not None:
        try:
            data = maker().decompress(data, max_bytes + 1)
        except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError):
            raise RenderError("The compressed joblib file is broken; send what joblib.dump wrote.") from None
    if len(data) > max_bytes:
        raise RenderError(f"The joblib file unpacks to more than {max_bytes >> 20} MB; send less.")
    return data


class _Unpickler(NumpyUnpickler):
    """joblib's unpickler with the vocabulary of plain data."""

    dispatch = NumpyUnpickler.dispatch.copy()

    def __init__(self, data: bytes, max_bytes: int) -> None:
        super().__init__("", io.BytesIO(data), ensure_native_byte_order=True)
        self._left = max_bytes

    def find_class(self, module: str, name: str) -> Any:
        try:
            return ALLOWED[module, name]
        except (KeyError, TypeError):
            raise UnsafePickleError(
                f"The joblib file needs {str(module)[:60]}.{str(name)[:60]}, which is not plain data; "
                "send builtin containers, numbers, text and numpy arrays."
            ) from None

    def persistent_load(self, pid: object) -> Any:
        raise UnsafePickleError("The joblib file refers to objects outside itself; send plain data.")

    def get_extension(self, code: int) -> None:
        raise UnsafePickleError("The joblib file uses registered extensions; send plain data.")

    def load_build(self) -> None:
        """State: taken by the stand-ins alone, and never believed."""
        state = self.stack.pop()
        thing = self.stack[-1]
        if type(thing) is Dtype:
            thing.state = instance_of(state, tuple)
        elif type(thing) is ArrayWrapper:
            for name in ("shape", "order", "dtype", "numpy_array_alignment_bytes"):
                setattr(thing, name, instance_of(state, dict).get(name))
            self.stack[-1] = self._read_array(thing)
        elif type(thing) is RawArray:
            _, shape, dtype, fortran, raw = instance_of(state, tuple)
            raw = raw.encode("latin-1") if isinstance(raw, str) else raw
            thing.array = self.stack[-1] = make_array(dtype, shape, bool(fortran), raw)
        elif type(thing) is not Result:
            raise UnsafePickleError(
                "The joblib file sets the state of something that has none; send plain data."
            )

    def _read_array(self, wrapper: ArrayWrapper) -> object:
        dtype = make_dtype(wrapper.dtype)
        sizes = [int(size) for size in instance_of(wrapper.shape, tuple)]
        if any(size < 0 for size in sizes):
            raise RenderError("The joblib file holds an array of negative size.")
        if wrapper.numpy_array_alignment_bytes is not None:
            self.file_handle.read(self.file_handle.read(1)[0])
        number = math.prod(sizes) * dtype.itemsize
        self._left -= number
        if self._left < 0:
            raise RenderError("The joblib file holds arrays that are too large; send less.")
        array = make_array(wrapper.dtype, tuple(sizes), "C", self.file_handle.read(number))
        if wrapper.order == "F":
            array = array.reshape(sizes[::-1]).transpose()
        return array

    def _remembered(self, load: Callable[[Any], None]) -> None:
        """What the file refers to again; an array, where it remembers the array's stand-in."""
        load(self)
        if type(self.stack[-1]) is RawArray:
            self.stack[-1] = self.stack[-1].array

    def load_get(self) -> None:
        self._remembered(pickle._Unpickler.load_get)  # type: ignore[attr-defined]

    def load_binget(self) -> None:
        self._remembered(pickle._Unpickler.load_binget)  # type: ignore[attr-defined]

    def load_long_binget(self) -> None:
        self._remembered(pickle._Unpickler.load_long_binget)  # type: ignore[attr-defined]

    def load_bytearray8(self) -> None:
        (size,) = struct.unpack("<Q", self.read(8))
        if size > MAX_BYTES:
            raise RenderError("The joblib file holds more bytes than fit; send less.")
        self.append(bytearray(self.read(size)))

    def load_setitem(self) -> None:
        checked_key(self.stack[-2])
        instance_of(self.stack[-3], dict, Result)
        pickle._Unpickler.load_setitem(self)  # type: ignore[attr-defined]

    def load_setitems(self) -> None:
        for key in self.stack[::2]:
            checked_key(key)
        instance_of(self.metastack[-1][-1], dict, Result)
        pickle._Unpickler.load_setitems(self)  # type: ignore[attr-defined]

    def load_dict(self) -> None:
        for key in self.stack[::2]:
            checked_key(key)
        pickle._Unpickler.load_dict(self)  # type: ignore[attr-defined]

    def load_additems(self) -> None:
        for item in self.stack:
            checked_key(item)
        instance_of(self.metastack[-1][-1], set)
        pickle._Unpickler.load_additems(self)  # type: ignore[attr-defined]

    def load_frozenset(self) -> None:
        for item in self.stack:
            checked_key(item)
        pickle._Unpickler.load_frozenset(self)  # type: ignore[attr-defined]

    dispatch[pickle.BUILD[0]] = load_build
    dispatch[pickle.GET[0]] = load_get
    dispatch[pickle.BINGET[0]] = load_binget
    dispatch[pickle.LONG_BINGET[0]] = load_long_binget
    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8
    dispatch[pickle.SETITEM[0]] = load_setitem
    dispatch[pickle.SETITEMS[0]] = load_setitems
    dispatch[pickle.DICT[0]] = load_dict
    dispatch[pickle.ADDITEMS[0]] = load_additems
    dispatch[pickle.FROZENSET[0]] = load_frozenset
