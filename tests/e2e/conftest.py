"""A client of the stack, and the terminal of somebody who reads the pages."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from infra import PROJECT
from tests.running_stack import RunningStack


@pytest.fixture
def http(stack: RunningStack) -> Iterator[requests.Session]:
    """A session with the administrator's token."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"token {stack.token}"
        yield session


@pytest.fixture
def reader_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A reader's terminal: an empty folder, the command `heliograph`, no browser. Returns the folder."""
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "heliograph").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m heliograph "$@"\n')
    (commands / "heliograph").chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    for name in ("HELIOGRAPH_URL", "HELIOGRAPH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("BROWSER", "true")
    monkeypatch.chdir(tmp_path)
    return tmp_path
