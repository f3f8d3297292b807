"""Stopping a stack that takes long says truly whether its state is saved."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra import PROJECT
from infra.local import stack_control
from infra.local.emulator_process import get_emulator_lock
from infra.local.local_errors import StackFailedError
from infra.local.stack_settings import StackSettings

HOLD_LOCKS = """
import signal, sys, time
from contextlib import ExitStack
from pathlib import Path
from infra.local.process_lock import hold_process_lock

signal.signal(signal.SIGTERM, signal.SIG_IGN)
with ExitStack() as stack:
    for path in sys.argv[1:]:
        stack.enter_context(hold_process_lock(Path(path), 1))
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def hold_locks(*paths: Path) -> Iterator[None]:
    """Have a process that ignores SIGTERM hold these locks."""
    command = [sys.executable, "-c", HOLD_LOCKS, *map(str, paths)]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdout.readline() == b"held\n"
        yield
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("saves", "sentence"), [(False, "state is saved, and nothing is lost"), (True, "still saving its state")]
)
def test_a_stop_that_takes_too_long_says_what_is_left_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saves: bool, sentence: str
) -> None:
    monkeypatch.setattr(stack_control, "STOP_SECONDS", 0.2)
    settings = StackSettings(state_dir=tmp_path)
    settings.emulator_dir.mkdir(parents=True)
    locks = [settings.lock_file, *([get_emulator_lock(settings.emulator_dir)] if saves else [])]
    with hold_locks(*locks), pytest.raises(StackFailedError, match=sentence):
        stack_control.stop_stack(settings)
