"""Run the emulated AWS alone, without functions and front door, inside a `with` block."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra import PROJECT
from infra.local import ministack_adapter
from infra.local.stack_settings import ACCOUNT, REGION, StackSettings
from tests.running_stack import find_free_port

__all__ = ["running_emulator"]


@contextmanager
def running_emulator(folder: Path) -> Iterator[StackSettings]:
    """Run the emulator inside the `with` block; its state goes to a folder."""
    settings = StackSettings(port=find_free_port(), state_dir=folder)
    settings.emulator_dir.mkdir(parents=True)
    scratch = folder / "scratch"
    scratch.mkdir()
    own_env = ministack_adapter.get_environment(settings.emulator_dir, scratch, ACCOUNT, REGION)
    command = [sys.executable, "-m", "infra.local.emulator_process", str(settings.emulator_port), str(settings.port)]
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=settings.make_aws_environment() | own_env, start_new_session=True,
            stdin=subprocess.PIPE, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        _wait_until_ready(settings, process)
        yield settings
    finally:
        process.kill()
        process.wait()


def _wait_until_ready(settings: StackSettings, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(settings.emulator_url + ministack_adapter.HEALTH_PATH, timeout=10):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise RuntimeError(f"the emulator did not start:\n{(settings.state_dir / 'emulator.log').read_text()}")
