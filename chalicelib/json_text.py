"""JSON from outside: NaN and infinity become null; deep nesting and unstorable text are refused."""

import json
import math
import re
from contextlib import suppress
from typing import Any

import msgspec

from chalicelib.errors import InvalidError, NestedTooDeeplyError, TooLargeError

DEEPEST_NESTING = 100
"""Most containers around a value; Python's own reader and writer of JSON fail near a thousand."""

REQUEST_MEMORY = 400 * 1024 * 1024
"""Bytes of memory that the values of a request may take."""

LEFT_OUT = f"(left out: nested deeper than {DEEPEST_NESTING} levels)"
"""What stands in a stored record in place of a part that is nested too deeply."""

_BYTES_OF_EACH = {"[": 90, "{": 300, ",": 40}
"""Bytes of memory that a list, an object and one more value take at most, besides their text."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')


def parse_json(text: bytes | str, what: str, most_memory: int = REQUEST_MEMORY) -> Any:
    """Return the value of a JSON text; NaN and infinite numbers become null.

    Parameters
    ----------
    text : bytes or str
        The text.
    what : str
        The name of the text in the error message.
    most_memory : int
        Bytes that its values may take, by a bound that is found before they are made.

    Raises
    ------
    InvalidError
        If it is not JSON, or holds a lone surrogate (which cannot be stored).
    NestedTooDeeplyError
        If it is nested deeper than `DEEPEST_NESTING`.
    TooLargeError
        If its values may take more than `most_memory`.
    """
    if bound_memory(text) > most_memory:
        raise TooLargeError(
            f"{what}: its lists and objects need more than {most_memory >> 20} MB of memory. "
            "Send fewer or larger lists, not many that are empty."
        )
    try:
        value = _decode(text)
    except RecursionError:
        raise _nested_too_deeply(what) from None
    except ValueError as error:
        raise InvalidError(f"{what}: this is not valid JSON: {error}.") from None
    if _count(text, "[") + _count(text, "{") > DEEPEST_NESTING:
        check_nesting(value, what)
    return value


def bound_memory(text: bytes | str) -> int:
    """Return the most bytes of memory that the values in a JSON text can take."""
    return len(text) + sum(_count(text, mark) * size for mark, size in _BYTES_OF_EACH.items())


def check_nesting(value: Any, what: str) -> None:
    """Check that a value is nested no deeper than `DEEPEST_NESTING`.

    Raises
    ------
    NestedTooDeeplyError
        If it is nested deeper; the message begins with `what`.
    """
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(DEEPEST_NESTING):
        level = [
            child
            for container in level
            for child in (container.values() if isinstance(container, dict) else container)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise _nested_too_deeply(what)


def load_stored_json(text: bytes | str) -> Any:
    """Return the value of JSON that was stored, with `LEFT_OUT` in place of what is nested too deeply.

    Records that were stored before there was a limit then still can be read.
    """
    text = text.decode() if isinstance(text, bytes) else text
    return json.loads(cut_deep_parts(text))


def cut_deep_parts(text: str) -> str:
    """Return a valid JSON text with `LEFT_OUT` in place of the parts that are nested too deeply."""
    if text.count("[") + text.count("{") <= DEEPEST_NESTING:
        return text
    pieces = []
    depth = 0
    copied = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth == DEEPEST_NESTING + 1:
                pieces += [text[copied : token.start()], json.dumps(LEFT_OUT)]
        elif token[0] in "]}":
            depth -= 1
            if depth == DEEPEST_NESTING:
                copied = token.end()
    return "".join([*pieces, text[copied:]])


def dump_json(value: Any) -> bytes:
    """Return JSON, by the fastest encoder: documents hold millions of numbers."""
    return msgspec.json.encode(value)


def _count(text: bytes | str, mark: str) -> int:
    return text.count(mark.encode()) if isinstance(text, bytes) else text.count(mark)


def _decode(text: bytes | str) -> Any:
    with suppress(msgspec.MsgspecError, UnicodeError):
        return msgspec.json.decode(text)
    # Python's parser would guess UTF-16 and UTF-32.
    text = text.decode() if isinstance(text, bytes) else text
    value = json.loads(text, parse_constant=lambda name: None, parse_float=_parse_finite)
    json.dumps(value, ensure_ascii=False).encode()
    return value


def _nested_too_deeply(what: str) -> NestedTooDeeplyError:
    return NestedTooDeeplyError(
        f"{what}: it is nested deeper than {DEEPEST_NESTING} levels of lists and objects. Send flatter data."
    )


def _parse_finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None
