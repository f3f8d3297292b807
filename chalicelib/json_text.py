"""JSON from outside: what is no number becomes null, what is no text is refused."""

import json
import math
from contextlib import suppress
from typing import Any

import msgspec

from chalicelib.errors import InvalidError

__all__ = ["dump_json", "parse_json"]


def parse_json(text: bytes | str, what: str) -> Any:
    """Return what a JSON text says; NaN and infinite numbers are null.

    Parameters
    ----------
    text : bytes or str
        The text.
    what : str
        What it is, for the error.

    Raises
    ------
    InvalidError
        If it is no JSON, nested too deeply, or holds a lone surrogate (which nothing can store).
    """
    with suppress(msgspec.MsgspecError, UnicodeError, RecursionError):
        return msgspec.json.decode(text)
    try:
        found = json.loads(text, parse_constant=lambda name: None, parse_float=_finite)
        json.dumps(found, ensure_ascii=False).encode()
    except RecursionError:
        raise InvalidError(f"{what}: it is nested too deeply.") from None
    except ValueError as error:
        raise InvalidError(f"{what}: this is no valid JSON: {error}.") from None
    return found


def dump_json(value: Any) -> bytes:
    """Return JSON, as fast as can be: documents have millions of numbers."""
    return msgspec.json.encode(value)


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None
