"""CPython's unpickler in Python, with a hook before each operation that a hostile file could abuse.

Each operation is counted, and what it takes is charged to a budget: a short file may repeat one long text, copy
one list or open empty containers without end. The only module that uses private names of `pickle`. A test
compares `WRITTEN_FOR` with Python's version.
"""

import io
import pickle
import struct
import sys
from collections.abc import Callable
from typing import Any

from fitter_lambda.errors import RenderError, UnsafePickleError
from fitter_lambda.renderer.byte_budget import ByteBudget

#: Minor versions of Python that its private names were read in.
WRITTEN_FOR = {"python": ("3.11", "3.12", "3.13")}
#: More take seconds.
MAX_OPERATIONS = 4_000_000
#: Longer integers are no measurements, and slow to write as text.
_MAX_INTEGER_BYTES = 1024
_Unpickler: Any = pickle._Unpickler
_Operation = Callable[[Any], None]


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
    budget : ByteBudget
        What its values may take.
    max_operations : int
    """

    dispatch = _Unpickler.dispatch.copy()

    def __init__(self, data: bytes, budget: ByteBudget, max_operations: int = MAX_OPERATIONS) -> None:
        self.file = io.BytesIO(data)
        self.budget = budget
        self.operations_left = max_operations
        super().__init__(self.file)
        self._file_read = self._read_whole

    def persistent_load(self, pid: object) -> Any:
        """Refuse references to objects outside the file."""
        raise UnsafePickleError("The joblib file refers to objects outside itself; send plain data.")

    def get_extension(self, code: int) -> None:
        """Refuse names from the registry of extensions."""
        raise UnsafePickleError("The joblib file uses registered extensions; send plain data.")

    def _read_whole(self, size: int) -> bytes:
        """Read bytes that are there: a pickle declares any size."""
        data = self.file.read(size)
        if len(data) < size:
            raise RenderError("The joblib file is cut off: it declares more bytes than it has; send it again.")
        return data

    def count_operation(self, cost: int) -> None:
        """Charge an operation."""
        self.operations_left -= 1
        if self.operations_left < 0:
            raise RenderError("The joblib file has too many operations for its size; send arrays or a summary.")
        self.budget.charge(cost)

    def _charge_top(self) -> None:
        """Charge a text or number that was read, and refuse endless numbers."""
        top = self.stack[-1]
        self.budget.charge(sys.getsizeof(top))
        if type(top) is int and top.bit_length() > 8 * _MAX_INTEGER_BYTES:
            raise RenderError(f"The joblib file holds an integer of more than {_MAX_INTEGER_BYTES} bytes.")

    def _charge_copy(self, values: Any) -> None:
        """Charge what may be made of a call's arguments or of a state: a copy of each."""
        for value in values if type(values) is tuple else (values,):
            if type(value) in _ITEM_COSTS:
                self.budget.charge(_ITEM_COSTS[type(value)] * len(value))
            else:
                self.budget.charge(sys.getsizeof(value))

    def _load_call(self, opcode: bytes) -> None:
        """Call what a name means; all arguments are on the top of the stack."""
        is_marked = opcode in (pickle.OBJ, pickle.INST)
        arguments = tuple(self.stack) if is_marked else self.stack[-1]
        if type(arguments) is not tuple:
            raise UnsafePickleError("The joblib file calls a name with something other than arguments.")
        self._charge_copy(arguments)
        _Unpickler.dispatch[opcode[0]](self)

    def _load_build(self) -> None:
        state = self.stack.pop()
        self._charge_copy(state)
        self.stack[-1] = self.apply_state(self.stack[-1], state)

    def _load_scalar(self, opcode: bytes) -> None:
        _Unpickler.dispatch[opcode[0]](self)
        self._charge_top()

    def _load_bytearray8(self) -> None:
        # pickle itself would first make a bytearray of the size that the file says
        (size,) = struct.unpack("<Q", self.read(8))
        self.append(bytearray(self.read(size)))
        self._charge_top()

    def _load_items(self, opcode: bytes) -> None:
        """Make or extend a container with the items since the last mark."""
        self.budget.charge(_MEMBER_COSTS[opcode] * len(self.stack))
        _Unpickler.dispatch[opcode[0]](self)

    def _load_reference(self, opcode: bytes) -> None:
        _Unpickler.dispatch[opcode[0]](self)
        self.stack[-1] = self.replace_reference(self.stack[-1])

    def _load_setitem(self) -> None:
        self.check_members(self.stack[-3], [self.stack[-2]])
        _Unpickler.load_setitem(self)

    def _load_setitems(self) -> None:
        self.check_members(self.metastack[-1][-1], self.stack[::2])
        self._load_items(pickle.SETITEMS)

    def _load_dict(self) -> None:
        self.check_members({}, self.stack[::2])
        self._load_items(pickle.DICT)

    def _load_additems(self) -> None:
        self.check_members(self.metastack[-1][-1], self.stack)
        self._load_items(pickle.ADDITEMS)

    def _load_frozenset(self) -> None:
        self.check_members(set(), self.stack)
        self._load_items(pickle.FROZENSET)

    def _load_frame(self) -> None:
        (size,) = struct.unpack("<Q", self.read(8))
        self._unframer.load_frame(size)
        self.budget.charge(size)

    dispatch |= {
        pickle.BUILD[0]: _load_build,
        pickle.BYTEARRAY8[0]: _load_bytearray8,
        pickle.SETITEM[0]: _load_setitem,
        pickle.SETITEMS[0]: _load_setitems,
        pickle.DICT[0]: _load_dict,
        pickle.ADDITEMS[0]: _load_additems,
        pickle.FROZENSET[0]: _load_frozenset,
        pickle.FRAME[0]: _load_frame,
    }


#: Bytes of memory of one operation, measured and rounded up; and those of operations that make more.
_COST = 40
_COSTS = {
    pickle.MARK: 176, pickle.EMPTY_LIST: 104, pickle.EMPTY_DICT: 112, pickle.EMPTY_SET: 264,
    pickle.TUPLE1: 96, pickle.TUPLE2: 104, pickle.TUPLE3: 112, pickle.SETITEM: 112,
    pickle.PUT: 136, pickle.BINPUT: 136, pickle.LONG_BINPUT: 136, pickle.MEMOIZE: 136,
    pickle.REDUCE: 512, pickle.NEWOBJ: 512, pickle.NEWOBJ_EX: 512, pickle.OBJ: 512, pickle.INST: 512,
    pickle.BUILD: 512,
}  # fmt: skip
#: Bytes of each item of a container that is made or extended.
_MEMBER_COSTS = {
    pickle.APPENDS: 16, pickle.LIST: 16, pickle.TUPLE: 16, pickle.SETITEMS: 48, pickle.DICT: 48,
    pickle.ADDITEMS: 96, pickle.FROZENSET: 96,
}  # fmt: skip
#: Bytes of each item of an argument that a call may copy: a list to a set or a dict.
_ITEM_COSTS: dict[type, int] = {list: 256, tuple: 256, dict: 256, set: 256, frozenset: 256}
_SCALARS = (
    pickle.STRING, pickle.BINSTRING, pickle.SHORT_BINSTRING, pickle.UNICODE, pickle.BINUNICODE,
    pickle.SHORT_BINUNICODE, pickle.BINUNICODE8, pickle.BINBYTES, pickle.SHORT_BINBYTES, pickle.BINBYTES8,
    pickle.INT, pickle.LONG, pickle.LONG1, pickle.LONG4,
)  # fmt: skip
_HOOKS: dict[Callable[[Any, bytes], None], tuple[bytes, ...]] = {
    HookedUnpickler._load_call: (pickle.REDUCE, pickle.NEWOBJ, pickle.NEWOBJ_EX, pickle.OBJ, pickle.INST),
    HookedUnpickler._load_items: (pickle.APPENDS, pickle.LIST, pickle.TUPLE),
    HookedUnpickler._load_reference: (pickle.GET, pickle.BINGET, pickle.LONG_BINGET),
    HookedUnpickler._load_scalar: _SCALARS,
}


def _bind(hook: Callable[[Any, bytes], None], opcode: bytes) -> _Operation:
    return lambda unpickler: hook(unpickler, opcode)


def _count(operation: _Operation, cost: int) -> _Operation:
    def run(unpickler: Any) -> None:
        unpickler.count_operation(cost)
        operation(unpickler)

    return run


HookedUnpickler.dispatch |= {opcode[0]: _bind(hook, opcode) for hook, opcodes in _HOOKS.items() for opcode in opcodes}
HookedUnpickler.dispatch = {
    code: _count(operation, _COSTS.get(bytes([code]), _COST)) for code, operation in HookedUnpickler.dispatch.items()
}
