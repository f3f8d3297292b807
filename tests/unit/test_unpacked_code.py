"""Processes of functions share unpacked code."""

import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from infra.local.unpacked_code import share_unpacked_code


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    runtime = SimpleNamespace(zipfile=zipfile)
    share_unpacked_code(runtime)
    return runtime


def unpack(runtime: SimpleNamespace, folder: Path, text: str) -> Path:
    """Unpack a zip as MiniStack does; return the folder of its code."""
    code = folder / "code"
    code.mkdir(parents=True)
    with zipfile.ZipFile(folder / "code.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("package/module.py"), text)
    with runtime.zipfile.ZipFile(str(folder / "code.zip")) as archive:
        archive.extractall(str(code))
    return code


def test_processes_that_start_together_share_one_folder(runtime: SimpleNamespace, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda number: unpack(runtime, tmp_path / f"process{number}", "x = 1"), range(8)))
    assert {(folder / "package" / "module.py").read_text() for folder in folders} == {"x = 1"}
    assert len({folder.resolve() for folder in folders}) == 1
    assert not list(tmp_path.glob("process*/code.zip"))


def test_changed_code_gets_a_folder_of_its_own(runtime: SimpleNamespace, tmp_path: Path) -> None:
    before = unpack(runtime, tmp_path / "before", "x = 2")
    after = unpack(runtime, tmp_path / "after", "x = 3")
    assert (before / "package" / "module.py").read_text() == "x = 2"
    assert (after / "package" / "module.py").read_text() == "x = 3"


def test_the_processes_write_bytecode(runtime: SimpleNamespace) -> None:
    assert "PYTHONDONTWRITEBYTECODE" not in os.environ
