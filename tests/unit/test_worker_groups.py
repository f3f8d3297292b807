"""Tests that share the local stack run in one process: they start one, not one in each process."""

import os
import subprocess
import sys
from pathlib import Path

from infra import PROJECT

CONFTEST = """
from pathlib import Path

import pytest

from tests import conftest

conftest.TESTS = Path(__file__).parent
pytest_addoption = conftest.pytest_addoption
pytest_collection_modifyitems = conftest.pytest_collection_modifyitems


@pytest.fixture(scope="session")
def stack():
    pass
"""
CODE = """
import os
from pathlib import Path

import pytest


@pytest.mark.parametrize("number", range(8))
def test_one_of_a_group(stack, number):
    (Path(__file__).parent / os.environ["PYTEST_XDIST_WORKER"]).touch()


@pytest.mark.thorough
def test_that_takes_minutes():
    raise AssertionError("runs only with --thorough")
"""


def test_tests_that_share_the_stack_run_in_one_process(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    folder = tmp_path / "e2e"
    folder.mkdir()
    for name in ("test_first.py", "test_second.py"):
        (folder / name).write_text(CODE)
    command = [sys.executable, "-m", "pytest", "-q", "--numprocesses", "2", "--dist", "loadgroup", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "16 passed" in run.stdout
    assert "failed" not in run.stdout, "thorough tests are left out"
    assert len(list(folder.glob("gw*"))) == 1
