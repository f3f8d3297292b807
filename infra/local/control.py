"""A stack in the background: started, found, waited for, stopped."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.local.pidfile import running
from infra.local.settings import PROJECT, Settings

__all__ = ["RunningStack", "free_port", "running_stack", "start", "stop", "wait_until_ready"]

_START_SECONDS = 300.0
_STOP_SECONDS = 90.0


def wait_until_ready(settings: Settings, process: subprocess.Popen[bytes] | None = None) -> bool:
    """Wait until the API answers; False when the process ends before, or the time is over."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        gone = process.poll() is not None if process else running(settings.pid_file) is None
        if gone:
            return False
        if _answers(settings.port):
            return True
        time.sleep(0.1)
    return False


def _answers(port: int) -> bool:
    """Say whether a Heliograph, and not somebody else's server, answers on a port."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/sysinfo", timeout=30) as answer:
            return bool(json.load(answer)["data"]["name"] == "Heliograph")
    except (OSError, ValueError, LookupError, TypeError):
        return False


def start(
    settings: Settings, environment: dict[str, str] | None = None, *, attached: bool = False
) -> subprocess.Popen[bytes]:
    """Start a stack in the background; its output goes to ``logs/stack.log``.

    Parameters
    ----------
    settings
        Its settings.
    environment
        Its environment, instead of this process's.
    attached
        Whether it ends with this process, however this process ends.
    """
    settings.logs.mkdir(parents=True, exist_ok=True)
    with (settings.logs / "stack.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "infra.local", "run", *(["--attached"] if attached else [])],
            cwd=PROJECT,
            env={
                **(os.environ if environment is None else environment),
                "PORT": str(settings.port),
                "HELIOGRAPH_LOCAL_DIR": str(settings.state_dir),
            },
            stdin=subprocess.PIPE if attached else subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def stop(settings: Settings) -> bool:
    """Stop the stack that runs with this state and wait; False when none runs.

    Raises
    ------
    TimeoutError
        When it does not end.
    """
    pid = running(settings.pid_file)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while running(settings.pid_file) == pid:
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"Process {pid} did not end within {_STOP_SECONDS:.0f} s of SIGTERM. "
                f"`kill -9 {pid}` ends it and all its processes; what was not saved yet is lost."
            )
        time.sleep(0.05)
    _wait_for_exit(pid)
    return True


def _wait_for_exit(pid: int) -> None:
    """Wait for the last moments of a process that has given its state back already."""
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)


def free_port() -> int:
    """Return the first of three neighbouring ports that are free now."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port > 65500:
            continue
        try:
            for number in (port, port + 1, port + 2):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", number))
        except OSError:
            continue
        return port


@dataclass(frozen=True)
class RunningStack:
    """A stack that answers."""

    settings: Settings
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Address of the front door, without ``/api``."""
        return self.settings.url

    @property
    def token(self) -> str:
        """The administrator's token."""
        return self.settings.token_file.read_text().strip()

    def stop(self) -> int:
        """Stop it as `make stop` does, and return its exit code."""
        self.process.terminate()
        return self.process.wait(_STOP_SECONDS)


@contextmanager
def running_stack(
    local_dir: Path, port: int | None = None, environment: dict[str, str] | None = None
) -> Iterator[RunningStack]:
    """Run a stack with a state and ports of its own; it is stopped whatever happens.

    Parameters
    ----------
    local_dir
        Where its state goes.
    port
        Of its front door; free ones by default.
    environment
        The environment, instead of this process's.

    Raises
    ------
    RuntimeError
        When it does not start; the message is its own output.
    """
    settings = Settings(port=port or free_port(), state_dir=local_dir)
    process = start(settings, environment, attached=True)
    try:
        if not wait_until_ready(settings, process):
            raise RuntimeError(f"the stack did not start:\n{(settings.logs / 'stack.log').read_text()}")
        yield RunningStack(settings, process)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
