"""Private interfaces of libraries: each adapter names the versions that it was written for."""

import ast
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from fitter_lambda.input import sncosmo_registries
from fitter_lambda.output import corner_figure
from fitter_lambda.renderer import joblib_files, pickle_machine
from infra.base_image import BASE_IMAGE
from tests.requirements import read_requirements

PROJECT = Path(__file__).resolve().parents[2]
CONSTRAINTS = {pin.name: str(pin.specifier) for pin in read_requirements(PROJECT / "constraints.txt")}


@pytest.mark.parametrize(
    "versions",
    [sncosmo_registries.WRITTEN_FOR, corner_figure.WRITTEN_FOR, joblib_files.WRITTEN_FOR],
    ids=["sncosmo_registries", "corner_figure", "joblib_files"],
)
def test_an_adapter_was_written_for_the_installed_version(versions: Mapping[str, str]) -> None:
    """After an upgrade: read what changed in the private interface, then raise `WRITTEN_FOR`."""
    assert {name: f"=={version}" for name, version in versions.items()} == {
        name: CONSTRAINTS[name] for name in versions
    }


def test_the_pickle_machine_was_written_for_this_python_and_the_images() -> None:
    image_version = BASE_IMAGE.rpartition(":")[2]
    for version in (f"{sys.version_info.major}.{sys.version_info.minor}", image_version):
        assert version in pickle_machine.WRITTEN_FOR["python"]


def test_private_names_are_imported_by_adapters_only() -> None:
    adapters = {"sncosmo_registries", "sncosmo_internals", "pickle_machine"}
    for file in (PROJECT / "fitter_lambda").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else []
            is_private = any(name.startswith("_") and not name.startswith("__") for name in names)
            is_pickle = isinstance(node, ast.Import) and any(alias.name == "pickle" for alias in node.names)
            assert file.stem in adapters or not (is_private or is_pickle), f"{file.name}:{node.lineno}"
