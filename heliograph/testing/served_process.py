"""A service that is served in a process of its own, which a test can stop or kill."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from heliograph.errors import WaitTimeoutError

_SCRIPT = "import json, sys; from heliograph.service import serve; serve(**json.loads(sys.argv[1]))"


class ServedProcess:
    """Serves a file as ``heliograph service run`` does; a context manager.

    Parameters
    ----------
    path : Path
        The service's file.
    portals : iterable of str
        Addresses of the portals that may send analyses.
    **options
        Further arguments of `heliograph.service.serve`.

    Attributes
    ----------
    url : str
        Where it listens.
    """

    def __init__(self, path: Path, portals: Iterable[str], **options: Any) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._port = _find_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.log_file = Path(self._folder.name) / "log"
        spool = str(Path(self._folder.name) / "spool")
        self._options = {"service": str(path), "portals": list(portals), "port": self._port, "spool": spool, **options}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it, and wait until it answers."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Kill it."""
        self.kill()
        self._folder.cleanup()

    @property
    def log(self) -> str:
        """What it has logged."""
        return self.log_file.read_text(encoding="utf-8")

    def start(self, timeout: float = 60.0) -> None:
        """Start it, again after a stop, and wait until it answers.

        Raises
        ------
        WaitTimeoutError
            If it does not.
        """
        command = [sys.executable, "-c", _SCRIPT, json.dumps(self._options)]
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)  # noqa: S603 - its own interpreter
        deadline = time.monotonic() + timeout
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise WaitTimeoutError(f"The service does not start:\n{self.log[-3000:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/health", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    @property
    def group(self) -> int:
        """The id of its process group, in which it is the first."""
        if self._process is None:
            raise WaitTimeoutError("The service was not started.")
        return self._process.pid

    def kill(self) -> None:
        """Kill it in the middle of its work (SIGKILL)."""
        self._end(signal.SIGKILL)

    def stop(self, number: signal.Signals = signal.SIGTERM, timeout: float = 60.0) -> int | None:
        """Ask it to stop, wait until it has, and return its exit code."""
        return self._end(number, timeout)

    def _end(self, number: signal.Signals, timeout: float = 60.0) -> int | None:
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, number)
            self._process.wait(timeout)
        return self._process.returncode if self._process else None


def _find_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
