"""JSON of anyone, parsed within a budget of memory: one byte of it may become a hundred."""

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from fitter_lambda.errors import RenderError

MAX_DEPTH = 100
#: Memory of the parsed document.
_MAX_BYTES = 512 * 1024 * 1024
#: Bytes of memory for what each character begins, measured and rounded up: a list, a dict, an item with its
#: number, an entry of a dict.
_COSTS = {b"[": 96, b"{": 200, b",": 56, b":": 72}
#: Of a character of text that is not ASCII: one such letter widens all of its text.
_WIDE_COST = 4
#: A text, closed or not. Without going back: else text full of quotes would take quadratic time.
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)', re.DOTALL)
#: What a bracket adds to the depth, as a signed byte; and all other characters.
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_OTHERS = bytes(set(range(256)) - set(b"[{]}"))


def parse_json(data: bytes, parse_constant: Callable[[str], Any] | None = None, max_bytes: int = _MAX_BYTES) -> Any:
    """Parse JSON in UTF-8.

    Parameters
    ----------
    data : bytes
    parse_constant : callable, optional
        What NaN and infinities become; floats by default.
    max_bytes : int
        Memory that the values may take.

    Raises
    ------
    RenderError
        If the document would take too much memory, or is nested too deeply.
    ValueError
        If it is not JSON.
    """
    _require_memory(data, max_bytes)
    _require_depth(data)
    return json.loads(data.decode("utf-8-sig"), parse_constant=parse_constant)


def _require_memory(data: bytes, max_bytes: int) -> None:
    text_bytes = len(data) * (1 if data.isascii() else _WIDE_COST)
    if text_bytes + sum(cost * data.count(character) for character, cost in _COSTS.items()) > max_bytes:
        raise RenderError(
            f"The JSON document has so many values that it needs more than {max_bytes >> 20} MB of memory to open; "
            "send fewer."
        )


def _require_depth(data: bytes) -> None:
    brackets = _TEXT.sub(b"", data).translate(_STEPS, _OTHERS)
    depths = np.cumsum(np.frombuffer(brackets, dtype=np.int8), dtype=np.int32)
    if np.max(depths, initial=0) > MAX_DEPTH:
        raise RenderError(
            f"The document is not JSON that can be opened: it is nested more than {MAX_DEPTH} deep; send a flatter one."
        )
