"""The adapter of sncosmo's private attributes is written for the version that is pinned and installed."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from fitter_lambda.engine.sncosmo_internals import WRITTEN_FOR

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("file", ["constraints.txt", "fitter_lambda/requirements.txt"])
def test_the_adapter_is_written_for_the_pinned_version(file: str) -> None:
    """Read the private attributes in the new version's source before WRITTEN_FOR is raised."""
    pins = dict(re.findall(r"(?m)^(\w+)==(\S+)", (PROJECT / file).read_text()))
    assert {name: pins[name] for name in WRITTEN_FOR} == WRITTEN_FOR


def test_the_adapter_is_written_for_the_installed_version() -> None:
    assert {name: version(name) for name in WRITTEN_FOR} == WRITTEN_FOR


def test_no_other_module_of_the_engine_uses_private_attributes_of_sources() -> None:
    for path in (PROJECT / "fitter_lambda" / "engine").glob("*.py"):
        if path.name != "sncosmo_internals.py":
            assert not re.search(r"\bsource\._|\bmodel\._", path.read_text()), path
