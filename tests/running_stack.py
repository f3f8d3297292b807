"""Run a local stack inside a `with` block, on free ports."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.local.stack_control import STOP_SECONDS, start_stack, wait_until_ready
from infra.local.stack_settings import StackSettings

__all__ = ["RunningStack", "find_free_port", "running_stack"]


def find_free_port() -> int:
    """Return the first of three neighbouring ports that are free now."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        try:
            for number in range(port, port + 3):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", number))
        except (OSError, OverflowError):
            continue
        return port


@dataclass(frozen=True)
class RunningStack:
    """A stack that answers requests."""

    settings: StackSettings
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
        """Stop it with SIGTERM, as `make stop` does, and return its exit code."""
        self.process.terminate()
        return self.process.wait(STOP_SECONDS)


@contextmanager
def running_stack(
    state_dir: Path, port: int | None = None, environment: Mapping[str, str] = os.environ
) -> Iterator[RunningStack]:
    """Run a stack with its own state and ports inside the `with` block.

    Parameters
    ----------
    state_dir
        Folder of its state.
    port
        Port of its front door; by default free ones.
    environment
        Its environment; by default this process's.

    Raises
    ------
    RuntimeError
        If it does not start; the message is its output.
    """
    settings = StackSettings(port=port or find_free_port(), state_dir=state_dir)
    process = start_stack(settings, environment, is_attached=True)
    stack = RunningStack(settings, process)
    try:
        if not wait_until_ready(settings, process):
            raise RuntimeError(f"the stack did not start:\n{(settings.log_dir / 'stack.log').read_text()}")
        yield stack
    finally:
        try:
            stack.stop()
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
