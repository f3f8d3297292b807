"""Tests of one group run in one process: those that share the local stack start one, not one in each process."""

import subprocess
import sys
from pathlib import Path

CODE = """
import os
from pathlib import Path
import pytest

@pytest.mark.xdist_group("stack")
@pytest.mark.parametrize("number", range(8))
def test_one_of_a_group(number):
    Path(os.environ["PYTEST_XDIST_WORKER"]).touch()
"""


def test_a_group_runs_in_one_process(tmp_path: Path) -> None:
    (tmp_path / "test_group.py").write_text(CODE)
    command = [sys.executable, "-m", "pytest", "-q", "--numprocesses", "2", "--dist", "loadgroup", str(tmp_path)]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert len(list(tmp_path.glob("gw*"))) == 1
