"""JSON from outside: NaN and infinity become null, unstorable text is refused."""

import json
import math
from contextlib import suppress
from typing import Any

import msgspec

from chalicelib.errors import InvalidError


def parse_json(text: bytes | str, what: str) -> Any:
    """Return the value of a JSON text; NaN and infinite numbers become null.

    Parameters
    ----------
    text : bytes or str
        The text.
    what : str
        The name of the text in the error message.

    Raises
    ------
    InvalidError
        If it is not JSON, nested too deeply, or holds a lone surrogate (which cannot be stored).
    """
    with suppress(msgspec.MsgspecError, UnicodeError, RecursionError):
        return msgspec.json.decode(text)
    try:
        # Python's parser would guess UTF-16 and UTF-32.
        text = text.decode() if isinstance(text, bytes) else text
        value = json.loads(text, parse_constant=lambda name: None, parse_float=_parse_finite)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise InvalidError(f"{what}: it is nested too deeply.") from None
    except ValueError as error:
        raise InvalidError(f"{what}: this is not valid JSON: {error}.") from None
    return value


def dump_json(value: Any) -> bytes:
    """Return JSON, by the fastest encoder: documents hold millions of numbers."""
    return msgspec.json.encode(value)


def _parse_finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None
