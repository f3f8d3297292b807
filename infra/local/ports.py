"""Taking a port, or saying who holds it."""

from __future__ import annotations

import socket
from pathlib import Path

__all__ = ["PortTakenError", "holder", "take"]

_LISTEN = "0A"


class PortTakenError(RuntimeError):
    """Another process listens where the stack should; the message names it and the way out."""


def take(port: int, what_for: str, suggestion: int) -> socket.socket:
    """Bind a port of this machine, without listening yet.

    Parameters
    ----------
    port
        The port.
    what_for
        What wants it, for the message.
    suggestion
        Another value of PORT that may do.

    Raises
    ------
    PortTakenError
        When the port is taken.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
    except OSError as error:
        bound.close()
        raise PortTakenError(
            f"Port {port}, wanted for {what_for}, is taken by {holder(port)} ({error.strerror}).\n"
            f"Stop that process, or take other ports: PORT={suggestion} make run\n"
            "(If it is a Heliograph of this clone, `make stop` stops it.)"
        ) from error
    return bound


def holder(port: int) -> str:
    """Return the process that listens on a port, as "process 123 (its command line)"."""
    inodes = _listening_inodes(port)
    if not inodes:
        return "a process that this system does not name"
    for process in Path("/proc").glob("[0-9]*"):
        try:
            links = [str(entry.readlink()) for entry in (process / "fd").iterdir()]
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # Gone meanwhile, or another user's.
        if any(f"socket:[{inode}]" in links for inode in inodes):
            return f"process {process.name} ({command.strip()[:200]})"
    return "a process of another user"


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        try:
            lines = table.read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTEN and int(fields[1].rsplit(":", 1)[1], 16) == port:
                inodes.add(fields[9])
    return inodes
