"""joblib files from anyone, opened by an exact allow-list.

A pickle is a program. Here its vocabulary is cut down to plain data: names are looked up in a table
(`pickle_vocabulary`), never imported. Refused are all other names, object arrays (they hold further pickles),
state of anything but the stand-ins, keys that are containers or collide (hashing them can take forever), and
more memory or operations than the size of the file explains.
"""

import bz2
import lzma
import math
import zlib
from collections.abc import Callable, Iterable
from typing import Any

from fitter_lambda.errors import RenderError, UnsafePickleError
from fitter_lambda.renderer import pickle_vocabulary as vocabulary
from fitter_lambda.renderer.byte_budget import ByteBudget
from fitter_lambda.renderer.pickle_machine import MAX_OPERATIONS, HookedUnpickler

#: The layout of arrays in joblib's files; a test compares it with the installed version.
WRITTEN_FOR = {"joblib": "1.6.0", "numpy": "2.4.6"}
#: Of a file, before and after it is unpacked.
MAX_BYTES = 256 * 1024 * 1024
#: Of values: what any file may take, and what it may for each of its bytes, up to the most.
_SMALLEST_BUDGET, _BUDGET_PER_BYTE, _LARGEST_BUDGET = 128 * 1024 * 1024, 32, 512 * 1024 * 1024
#: Of the unpacked file, likewise: constant arrays shrink to a thousandth.
_SMALLEST_FILE, _UNPACKED_PER_BYTE = 64 * 1024 * 1024, 200
#: Of operations, likewise.
_FEWEST_OPERATIONS, _OPERATIONS_PER_BYTE = 200_000, 20
#: Of a key, to tell it from others.
_BYTES_PER_KEY = 200
_LZMA_MEMORY = 128 * 1024 * 1024
_DECOMPRESSORS: dict[bytes, Callable[[], Any]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(wbits=31),
    b"BZ": bz2.BZ2Decompressor,
    b"\xfd7zXZ": lambda: lzma.LZMADecompressor(memlimit=_LZMA_MEMORY),
    b"\x5d\x00": lambda: lzma.LZMADecompressor(memlimit=_LZMA_MEMORY),
    b"\x78": zlib.decompressobj,
}


def load_joblib(data: bytes, max_bytes: int = MAX_BYTES) -> Any:
    """Load a joblib (or bare pickle) file of plain data.

    Parameters
    ----------
    data : bytes
        The file; zlib, gzip, bz2, lzma and xz compression are understood.
    max_bytes : int
        Most bytes after decompression.

    Returns
    -------
    object
        Builtin containers, numpy arrays and scalars; `OrderedDict` and `sncosmo.utils.Result` become dicts.

    Raises
    ------
    UnsafePickleError
        The file names something that is not plain data.
    RenderError
        The file is broken, too large, or of a kind that is not supported.
    """
    pickled = _decompress(data, min(max_bytes, _SMALLEST_FILE + _UNPACKED_PER_BYTE * len(data)))
    n_bytes = min(_SMALLEST_BUDGET + _BUDGET_PER_BYTE * len(pickled), _LARGEST_BUDGET)
    budget = ByteBudget(
        n_bytes, f"The joblib file needs more than {n_bytes >> 20} MB of memory to open; send a smaller one."
    )
    max_operations = min(_FEWEST_OPERATIONS + _OPERATIONS_PER_BYTE * len(data), MAX_OPERATIONS)
    try:
        return _PlainDataUnpickler(pickled, budget, max_operations).load()
    except (RenderError, MemoryError):
        raise
    except RecursionError:
        raise RenderError("The joblib file is nested too deeply; simplify it.") from None
    except Exception as error:  # a hostile pickle can raise anything
        raise RenderError(f"The joblib file is broken ({type(error).__name__}); send it again.") from None


def _decompress(data: bytes, max_bytes: int) -> bytes:
    if data.startswith((b"\x04\x22\x4d\x18", b"ZF")):
        raise RenderError("The joblib file is packed with lz4 or by joblib < 0.10; use zlib or none.")
    for prefix, make_decompressor in _DECOMPRESSORS.items():
        if data.startswith(prefix):
            try:
                data = make_decompressor().decompress(data, max_bytes + 1)
            except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError):
                raise RenderError("The compressed joblib file is broken; send it again.") from None
            break
    if len(data) > max_bytes:
        raise RenderError(f"The joblib file unpacks to more than {max_bytes >> 20} MB; send less.")
    return data


class _PlainDataUnpickler(HookedUnpickler):
    """Builds plain data only."""

    def __init__(self, data: bytes, budget: ByteBudget, max_operations: int) -> None:
        super().__init__(data, budget, max_operations)
        self._keys = vocabulary.KeyHashes()

    def find_class(self, module: str, name: str) -> Any:
        try:
            return vocabulary.ALLOWED_NAMES[module, name]
        except (KeyError, TypeError):
            raise UnsafePickleError(
                f"The joblib file needs {str(module)[:60]}.{str(name)[:60]}, which is not plain data; "
                "send builtin containers, numbers, text and numpy arrays."
            ) from None

    def apply_state(self, target: Any, state: Any) -> Any:
        if type(target) is vocabulary.Dtype:
            target.set_state(vocabulary.require_type(state, tuple))
        elif type(target) is vocabulary.ArrayWrapper:
            for name in ("shape", "order", "dtype", "numpy_array_alignment_bytes"):
                setattr(target, name, vocabulary.require_type(state, dict).get(name))
            return self._read_array(target)
        elif type(target) is vocabulary.RawArray:
            _, shape, dtype, is_fortran, data = vocabulary.require_type(state, tuple)
            data = data.encode("latin-1") if isinstance(data, str) else data
            target.array = vocabulary.build_array(dtype, shape, bool(is_fortran), data)
            return target.array
        elif type(target) is not vocabulary.Result:
            raise UnsafePickleError("The joblib file sets the state of an object; send plain data.")
        return target

    def replace_reference(self, value: Any) -> Any:
        return value.array if type(value) is vocabulary.RawArray else value

    def check_members(self, container: Any, members: Iterable[Any]) -> None:
        self.budget.charge(_BYTES_PER_KEY * self._keys.check(members))
        vocabulary.require_type(container, dict, vocabulary.Result, set)

    def _read_array(self, wrapper: vocabulary.ArrayWrapper) -> object:
        dtype = vocabulary.build_dtype(wrapper.dtype)
        shape = [int(size) for size in vocabulary.require_type(wrapper.shape, tuple)]
        if any(size < 0 for size in shape):
            raise RenderError("The joblib file holds an array of negative size.")
        if wrapper.numpy_array_alignment_bytes is not None:
            self.file.read(self.file.read(1)[0])
        size = math.prod(shape) * dtype.itemsize
        self.budget.charge(size)
        array = vocabulary.build_array(wrapper.dtype, tuple(shape), "C", self.file.read(size))
        return array.reshape(shape[::-1]).transpose() if wrapper.order == "F" else array
