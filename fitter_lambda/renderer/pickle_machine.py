"""CPython's unpickler in Python, with a hook before each operation that a hostile file could abuse.

The only module that uses private names of `pickle`. A test compares `WRITTEN_FOR` with Python's version.
"""

import io
import pickle
import struct
from typing import Any

from fitter_lambda.errors import RenderError, UnsafePickleError

#: Minor versions of Python: of the tests, and of the image.
WRITTEN_FOR = {"python": ("3.11", "3.12")}
_Unpickler: Any = pickle._Unpickler


class HookedUnpickler(_Unpickler):
    """An unpickler with hooks, which its subclass defines and which raise to refuse.

    - find_class(module, name): return the meaning of a name in the file
    - apply_state(target, state): return what replaces an object when its state is known
    - replace_reference(value): return what replaces an object that the file refers to again
    - check_members(container, members): check keys of a dict or members of a set before they are hashed

    Parameters
    ----------
    data : bytes
        The pickle.
    max_bytes : int
        Of one bytearray.
    """

    dispatch = _Unpickler.dispatch.copy()

    def __init__(self, data: bytes, max_bytes: int) -> None:
        self.file = io.BytesIO(data)
        self.max_bytes = max_bytes
        super().__init__(self.file)

    def persistent_load(self, pid: object) -> Any:
        """Refuse references to objects outside the file."""
        raise UnsafePickleError("The joblib file refers to objects outside itself; send plain data.")

    def get_extension(self, code: int) -> None:
        """Refuse names from the registry of extensions."""
        raise UnsafePickleError("The joblib file uses registered extensions; send plain data.")

    def _load_build(self) -> None:
        state = self.stack.pop()
        self.stack[-1] = self.apply_state(self.stack[-1], state)

    def _load_bytearray8(self) -> None:
        # pickle itself would first make a bytearray of the size that the file says
        (size,) = struct.unpack("<Q", self.read(8))
        if size > self.max_bytes:
            raise RenderError("The joblib file holds more bytes than fit; send less.")
        self.append(bytearray(self.read(size)))

    def _load_reference(self, opcode: bytes) -> None:
        _Unpickler.dispatch[opcode[0]](self)
        self.stack[-1] = self.replace_reference(self.stack[-1])

    def _load_setitem(self) -> None:
        self.check_members(self.stack[-3], [self.stack[-2]])
        _Unpickler.load_setitem(self)

    def _load_setitems(self) -> None:
        self.check_members(self.metastack[-1][-1], self.stack[::2])
        _Unpickler.load_setitems(self)

    def _load_dict(self) -> None:
        self.check_members({}, self.stack[::2])
        _Unpickler.load_dict(self)

    def _load_additems(self) -> None:
        self.check_members(self.metastack[-1][-1], self.stack)
        _Unpickler.load_additems(self)

    def _load_frozenset(self) -> None:
        self.check_members(set(), self.stack)
        _Unpickler.load_frozenset(self)

    dispatch |= {
        pickle.BUILD[0]: _load_build,
        pickle.BYTEARRAY8[0]: _load_bytearray8,
        pickle.GET[0]: lambda self: self._load_reference(pickle.GET),
        pickle.BINGET[0]: lambda self: self._load_reference(pickle.BINGET),
        pickle.LONG_BINGET[0]: lambda self: self._load_reference(pickle.LONG_BINGET),
        pickle.SETITEM[0]: _load_setitem,
        pickle.SETITEMS[0]: _load_setitems,
        pickle.DICT[0]: _load_dict,
        pickle.ADDITEMS[0]: _load_additems,
        pickle.FROZENSET[0]: _load_frozenset,
    }
