"""`make setup`: which Python it takes, and when it makes the environment anew."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infra import PROJECT

SCRIPT = PROJECT / "infra" / "setup.sh"
FAKE_PYTHON = """#!/bin/sh
# Python {version}, as far as setup.sh asks
case "$1 $2" in
"-c import sys"*) echo {version} ;;
"-m venv") mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
esac
"""
SHIM = "#!/bin/sh\necho 'pyenv: python3.13: command not found' >&2\nexit 127\n"


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


class Machine:
    """A machine with some Pythons on its path, and without those of this one."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "programs"
        self.venv = folder / "venv"
        for name in ("sh", "mkdir", "cp", "rm", "date", "touch", "tail"):
            self._link(name)
        for name in ("gcc", "chromium"):
            write_program(self.programs / name, "#!/bin/sh\n")

    def _link(self, name: str) -> None:
        self.programs.mkdir(parents=True, exist_ok=True)
        program = shutil.which(name)
        assert program, name
        (self.programs / name).symlink_to(program)

    def add_python(self, name: str, version: str) -> None:
        write_program(self.programs / name, FAKE_PYTHON.format(version=version))

    def set_up(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(SCRIPT), str(self.venv)], cwd=PROJECT, env={"PATH": str(self.programs), **environment},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def venv_version(self) -> str:
        python = self.venv / "bin" / "python"
        command = [str(python), "-c", "import sys"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("pythons", "expected"),
    [
        ({"python3.11": "3.11"}, "3.11"),
        ({"python3.11": "3.11", "python3.12": "3.12"}, "3.12"),
        ({"python3.11": "3.11", "python3.13": "3.13", "python3.12": "3.12"}, "3.13"),
        ({"python3": "3.12", "python3.11": "3.11"}, "3.12"),
        ({"python3": "3.14", "python3.14": "3.14", "python3.11": "3.11"}, "3.11"),
        ({"python3": "3.10", "python3.12": "3.12"}, "3.12"),
    ],
)
def test_the_newest_python_is_taken(machine: Machine, pythons: dict[str, str], expected: str) -> None:
    for name, version in pythons.items():
        machine.add_python(name, version)
    done = machine.set_up()
    assert done.returncode == 0, done.stderr
    assert machine.venv_version() == expected
    assert f"with Python {expected}" in done.stdout


def test_a_shim_that_does_not_run_is_passed_over(machine: Machine) -> None:
    write_program(machine.programs / "python3.13", SHIM)
    machine.add_python("python3.12", "3.12")
    assert machine.set_up().returncode == 0
    assert machine.venv_version() == "3.12"


def test_versions_of_pyenv_are_found(machine: Machine, tmp_path: Path) -> None:
    write_program(machine.programs / "pyenv", f"#!/bin/sh\necho {tmp_path}/pyenv\n")
    write_program(machine.programs / "python3.13", SHIM)
    write_program(tmp_path / "pyenv/versions/3.13.4/bin/python3.13", FAKE_PYTHON.format(version="3.13"))
    machine.add_python("python3.11", "3.11")
    assert machine.set_up().returncode == 0
    assert machine.venv_version() == "3.13"


def test_a_python_can_be_chosen(machine: Machine) -> None:
    for version in ("3.11", "3.12", "3.13"):
        machine.add_python(f"python{version}", version)
    assert machine.set_up(PYTHON="python3.12").returncode == 0
    assert machine.venv_version() == "3.12"
    assert machine.set_up(PYTHON=str(machine.programs / "python3.11")).returncode == 0
    assert machine.venv_version() == "3.11"


@pytest.mark.parametrize(
    ("python", "words"),
    [
        ("python3.10", ["PYTHON=python3.10 is Python 3.10", "3.11, 3.12 and 3.13"]),
        ("python3.14", ["PYTHON=python3.14 is Python 3.14", "3.11, 3.12 and 3.13"]),
        ("pythoon", ["PYTHON=pythoon is no Python that runs", "make setup PYTHON="]),
        ("gcc", ["PYTHON=gcc is no Python that runs"]),
    ],
)
def test_a_wrong_python_is_refused_in_a_sentence(machine: Machine, python: str, words: list[str]) -> None:
    for version in ("3.10", "3.13", "3.14"):
        machine.add_python(f"python{version}", version)
    done = machine.set_up(PYTHON=python)
    assert done.returncode == 1 and not machine.venv.exists()
    for part in words:
        assert part in done.stderr


def test_a_machine_without_python_is_told_what_to_do(machine: Machine) -> None:
    machine.add_python("python3", "3.9")
    done = machine.set_up()
    assert done.returncode == 1 and not machine.venv.exists()
    assert "no Python 3.13, 3.12 or 3.11 found" in done.stderr and "apt install python3" in done.stderr


def test_an_environment_of_another_python_is_made_anew(machine: Machine) -> None:
    machine.add_python("python3.11", "3.11")
    machine.set_up()
    (machine.venv / "old_package").touch()
    assert machine.set_up().returncode == 0
    assert (machine.venv / "old_package").exists(), "an environment of the same Python is kept"
    machine.add_python("python3.13", "3.13")
    done = machine.set_up()
    assert machine.venv_version() == "3.13"
    assert "had Python 3.11, and is made anew" in done.stdout


@pytest.mark.parametrize(("choice", "expected"), [([], []), (["PYTHON=python3.12"], ["infra/setup.sh"])])
def test_make_sets_up_again_for_a_python_that_is_named(tmp_path: Path, choice: list[str], expected: list[str]) -> None:
    stamp = tmp_path / ".installed"
    stamp.touch()
    # what make hands on of `make test PYTHON=...` is in MAKEFLAGS, too
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHON", "MAKEFLAGS")}
    done = subprocess.run(
        ["make", "--dry-run", "setup", f"VENV={tmp_path}", *choice], cwd=PROJECT, env=environment,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert [word for word in done.stdout.split() if word == "infra/setup.sh"] == expected
