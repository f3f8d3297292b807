"""What `pip install .` brings, and what importing it loads."""

import json
import shutil
import subprocess
import sys
import zipfile

import pytest

from tests.codebase import PROJECT

HEAVY = ("arviz", "astropy", "click", "matplotlib", "numpy", "pandas", "pydantic", "starlette", "uvicorn")
OF_THE_APP = ("boto3", "botocore", "chalice", "chalicelib", "pynamodb")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    # built in a copy: setuptools leaves its files beside the sources
    project = folder / "project"
    ignored = shutil.ignore_patterns("__pycache__")
    for package in PROJECT.glob("*/__init__.py"):
        shutil.copytree(package.parent, project / package.parent.name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, project)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(folder),
        ".",
    ]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(next(folder.glob("heliograph-*.whl")))


def test_the_wheel_holds_the_package_and_the_engine_and_nothing_of_the_app(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    packages = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert packages == {"fitter_lambda", "heliograph", "heliograph_guards"}
    assert "heliograph/py.typed" in names


def test_the_wheel_needs_neither_chalice_nor_aws(wheel: zipfile.ZipFile) -> None:
    metadata = next(name for name in wheel.namelist() if name.endswith("METADATA"))
    lines = wheel.read(metadata).decode().splitlines()
    required = {line.split(":")[1].strip().lower() for line in lines if line.startswith("Requires-Dist")}
    assert required
    assert not [line for line in required if line.startswith(OF_THE_APP)]


@pytest.mark.parametrize("module", ["heliograph", "heliograph.portal", "heliograph.service"])
def test_heavy_libraries_are_imported_where_they_are_used(module: str) -> None:
    script = (
        f"import json, sys, {module}; print(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not set(json.loads(done.stdout)) & {*HEAVY, *OF_THE_APP}
