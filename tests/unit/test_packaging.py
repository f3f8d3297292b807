"""The package of the app: for Lambda's Python and processor, equal each time, made again only after a change."""

from __future__ import annotations

import ast
import os
import re
import struct
import sys
import zipfile
from pathlib import Path

import pytest

from infra import packaging

ELF_MACHINES = {"aarch64": 183, "x86_64": 62}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    packaging.package_app("prod", folder)
    return folder


@pytest.fixture(scope="module")
def archive(package: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(package / "deployment.zip")


def list_binaries(archive: zipfile.ZipFile) -> dict[str, int]:
    """Return the processor of each binary, by the number that its header has."""
    binaries = {}
    for name in archive.namelist():
        with archive.open(name) as content:
            header = content.read(20)
        if header[:4] == b"\x7fELF":
            binaries[name] = struct.unpack("<H", header[18:20])[0]
    return binaries


def test_every_binary_is_for_lambda(archive: zipfile.ZipFile) -> None:
    binaries = list_binaries(archive)
    assert len(binaries) >= 3
    assert set(binaries.values()) == {ELF_MACHINES["aarch64"]}
    for name in binaries:
        tags = re.findall(r"\.(cpython-\d+|abi3)", name)
        assert tags in (["cpython-313"], ["abi3"]), name
    libraries = [name for name in archive.namelist() if name.endswith((".so", ".pyd", ".dylib"))]
    assert sorted(libraries) == sorted(binaries)


def test_it_holds_every_module_that_the_app_imports(archive: zipfile.ZipFile) -> None:
    names = set(archive.namelist())
    files = [name for name in names if name == "app.py" or (name.startswith("chalicelib/") and name.endswith(".py"))]
    assert len(files) > 100
    modules = {module for name in files for module in find_imports(archive.read(name).decode())}
    assert {"chalice", "botocore", "pynamodb", "msgspec", "cryptography"} <= modules
    for module in modules - set(sys.stdlib_module_names):
        assert {f"{module}.py", f"{module}/__init__.py"} & names, module
    assert not {name.partition("/")[0].removesuffix(".py") for name in names} & set(sys.stdlib_module_names)


def find_imports(code: str) -> set[str]:
    """Return the first part of each module that some code imports."""
    modules = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            modules |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add((node.module or "").partition(".")[0])
    return modules


def test_equal_sources_make_an_equal_package(package: Path, tmp_path: Path) -> None:
    packaging.package_app("prod", tmp_path)
    for name in ("deployment.zip", "sam.json"):
        assert packaging.hash_file(tmp_path / name) == packaging.hash_file(package / name), name


def test_each_file_is_there_once_and_readable(archive: zipfile.ZipFile) -> None:
    names = archive.namelist()
    assert len(names) == len(set(names))
    assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o644}
    assert "__pycache__" not in " ".join(names)


def test_the_local_stack_gets_this_python_and_machine(tmp_path: Path) -> None:
    packaging.package_app("local", tmp_path)
    with zipfile.ZipFile(tmp_path / "deployment.zip") as archive:
        binaries = list_binaries(archive)
    tag = f"cpython-{sys.version_info.major}{sys.version_info.minor}"
    assert set(binaries.values()) == {ELF_MACHINES[os.uname().machine]}
    assert all(tag in name or ".abi3." in name for name in binaries)


def test_a_package_is_made_again_only_after_a_change(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("packaged again")

    monkeypatch.setattr(packaging, "_run_chalice_package", refuse)
    packaging.package_app("prod", package)
    with pytest.raises(AssertionError, match="packaged again"):
        packaging.package_app("local", package)


def test_packages_that_cannot_be_had_for_lambda_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaging, "PROJECT", tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (tmp_path / "requirements.txt").write_text("msgspec==0.22.0\n")
    with pytest.raises(packaging.PackagingError, match=r"(?s)Python 3.13 on arm64.*msgspec.*has a wheel"):
        packaging._install_requirements(packaging.LAMBDA, tmp_path / "installed")
