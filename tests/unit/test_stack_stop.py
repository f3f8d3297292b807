"""Stopping a stack that takes long says truly that its state is saved."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra import PROJECT
from infra.local import stack_control
from infra.local.local_errors import StackFailedError
from infra.local.stack_settings import StackSettings

HOLD_LOCK = """
import signal, sys, time
from pathlib import Path
from infra.local.process_lock import hold_process_lock

signal.signal(signal.SIGTERM, signal.SIG_IGN)
with hold_process_lock(Path(sys.argv[1]), 1):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def hold_lock(path: Path) -> Iterator[int]:
    """Have a process that ignores SIGTERM hold this lock; yield its id."""
    process = subprocess.Popen([sys.executable, "-c", HOLD_LOCK, str(path)], cwd=PROJECT, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdout.readline() == b"held\n"
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def test_a_stop_that_takes_too_long_says_that_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_control, "STOP_SECONDS", 0.2)
    settings = StackSettings(state_dir=tmp_path)
    with hold_lock(settings.lock_file) as process_id, pytest.raises(StackFailedError) as failure:
        stack_control.stop_stack(settings)
    assert f"`kill -9 {process_id}` ends it and all its processes, and loses nothing." in str(failure.value)
