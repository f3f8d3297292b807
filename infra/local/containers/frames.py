"""A message on a pipe: four bytes of length, then JSON."""

from __future__ import annotations

import json
import struct
from typing import IO, Any

__all__ = ["HEADER", "pack", "read"]

HEADER = struct.Struct(">I")


def pack(message: Any) -> bytes:
    """Return a message as bytes; what JSON does not know raises TypeError."""
    body = json.dumps(message).encode()
    return HEADER.pack(len(body)) + body


def read(stream: IO[bytes]) -> Any:
    """Read one message from a blocking stream.

    Raises
    ------
    EOFError
        When the other side is gone.
    """
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        raise EOFError
    (length,) = HEADER.unpack(header)
    body = stream.read(length)
    if len(body) < length:
        raise EOFError
    return json.loads(body)
