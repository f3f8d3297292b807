"""Start and stop a stack in the background."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from contextlib import suppress

from infra import PROJECT
from infra.local.local_errors import StackFailedError
from infra.local.process_lock import get_lock_holder, wait_for_release
from infra.local.stack_settings import StackSettings

_START_SECONDS = 300.0
STOP_SECONDS = 60.0
_EXIT_SECONDS = 3.0


def wait_until_ready(settings: StackSettings, process: subprocess.Popen[bytes] | None = None) -> bool:
    """Wait until the API answers; return False if the stack ends before, or takes too long."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        is_running = process.poll() is None if process else get_lock_holder(settings.lock_file) is not None
        if not is_running or _answers(settings.port):
            return is_running
        time.sleep(0.1)
    return False


def _answers(port: int) -> bool:
    """Return whether a Heliograph, and not another server, answers on a port."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/sysinfo", timeout=30) as response:
            return bool(json.load(response)["name"] == "Heliograph")
    except (OSError, ValueError, LookupError, TypeError):
        return False


def start_stack(
    settings: StackSettings, environment: Mapping[str, str] = os.environ, *, is_attached: bool = False
) -> subprocess.Popen[bytes]:
    """Start a stack in the background; its output goes to ``logs/stack.log``.

    Parameters
    ----------
    settings
        Its settings.
    environment
        Its environment; by default this process's.
    is_attached
        Whether it ends with this process, however this process ends.
    """
    settings.log_dir.mkdir(parents=True, exist_ok=True)
    with (settings.log_dir / "stack.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "infra.local", "run", *(["--attached"] if is_attached else [])],
            cwd=PROJECT,
            env={**environment, "PORT": str(settings.port), "HELIOGRAPH_LOCAL_DIR": str(settings.state_dir)},
            stdin=subprocess.PIPE if is_attached else subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def stop_stack(settings: StackSettings) -> bool:
    """Stop the stack that runs with this state, and wait; return False if none runs.

    Raises
    ------
    StackFailedError
        If it does not end.
    """
    holder = get_lock_holder(settings.lock_file)
    if holder is None:
        return False
    os.kill(holder.pid, signal.SIGTERM)
    if wait_for_release(settings.lock_file, STOP_SECONDS):
        raise StackFailedError(
            f"Process {holder.pid} did not end within {STOP_SECONDS:.0f} s of SIGTERM. All that it answered is saved: "
            f"`kill -9 {holder.pid}` ends it and all its processes, and loses nothing."
        )
    # It has released its lock; wait until it has exited as well.
    deadline = time.monotonic() + _EXIT_SECONDS
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.kill(holder.pid, 0)
            time.sleep(0.02)
    return True
