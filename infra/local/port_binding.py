"""Bind ports of this machine; name the process that holds one."""

import socket
from pathlib import Path

from infra.local.local_errors import PortTakenError

_STATE_LISTEN = "0A"
"""State of a listening socket in /proc/net/tcp."""


def bind_port(port: int, purpose: str, suggestion: int) -> socket.socket:
    """Return a socket bound to a port of 127.0.0.1; it does not listen yet.

    Parameters
    ----------
    port
        The port.
    purpose
        What the port is for, used in the error message.
    suggestion
        Another value of PORT, suggested in the error message.

    Raises
    ------
    PortTakenError
        If the port is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise PortTakenError(
            f"Port {port}, needed for {purpose}, is taken by {_describe_holder(port)} ({error.strerror}).\n"
            f"Stop that process, or use other ports: PORT={suggestion} make run\n"
            "(`make stop` stops a Heliograph stack of this clone.)"
        ) from error
    return listener


def _describe_holder(port: int) -> str:
    """Return the process that listens on a port, as "process 123 (its command line)"."""
    sockets = {f"socket:[{inode}]" for inode in _find_listening_inodes(port)}
    if not sockets:
        return "a process that this system does not name"
    for process in Path("/proc").glob("[0-9]*"):
        try:
            links = {str(entry.readlink()) for entry in (process / "fd").iterdir()}
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # The process has ended, or belongs to another user.
        if sockets & links:
            return f"process {process.name} ({command.strip()[:200]})"
    return "a process of another user"


def _find_listening_inodes(port: int) -> list[str]:
    lines = [
        line.split()
        for file in (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
        if file.exists()
        for line in file.read_text().splitlines()[1:]
    ]
    return [
        fields[9] for fields in lines if fields[3] == _STATE_LISTEN and int(fields[1].rpartition(":")[2], 16) == port
    ]
