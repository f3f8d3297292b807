"""Every package is pinned, on each Python that Heliograph runs on."""

import importlib.metadata
import re
import tomllib
from collections.abc import Iterator

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from infra import PROJECT
from infra.pin_versions import merge_pins
from tests.requirements import read_requirements

PYTHONS = ("3.11", "3.12", "3.13")


def installed_with(requirements: list[Requirement]) -> set[str]:
    """All distributions that some bring along, in this environment."""
    names: set[str] = set()
    while requirements:
        requirement = requirements.pop()
        name = canonicalize_name(requirement.name)
        if name not in names:
            names.add(name)
            requirements += needs_of(name, requirement.extras)
    return names


def needs_of(name: str, extras: set[str]) -> Iterator[Requirement]:
    for text in importlib.metadata.requires(name) or []:
        need = Requirement(text)
        if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield need


def test_everything_that_is_installed_is_pinned() -> None:
    pins = {canonicalize_name(pin.name): pin for pin in read_requirements(PROJECT / "constraints.txt")}
    names = installed_with(list(read_requirements(PROJECT / "requirements-dev.txt")))
    assert len(names) > 100
    for name in names - {"pip"}:  # it comes with Python
        version = importlib.metadata.version(name)
        assert name in pins, f"{name}=={version} is not in constraints.txt; write it by python -m infra.pin_versions"
        assert str(pins[name].specifier) == f"=={version}"


@pytest.mark.parametrize("python", PYTHONS)
def test_no_package_has_two_pins_or_none(python: str) -> None:
    pins: dict[str, str] = {}
    for line in (PROJECT / "constraints.txt").read_text().splitlines():
        pin = Requirement(line) if not line.startswith("#") else None
        if pin and (pin.marker is None or pin.marker.evaluate({"python_version": python})):
            assert canonicalize_name(pin.name) not in pins, line
            pins[canonicalize_name(pin.name)] = str(pin.specifier)
    arviz = (pins["arviz"], pins["arviz-stats"])
    assert arviz == (("==0.23.4", "==0.8.0") if python == "3.11" else ("==1.3.0", "==1.3.3"))


def test_a_pin_that_differs_between_pythons_has_a_marker() -> None:
    frozen = {
        "3.11": ["a==1", "b==1", "E==1"],
        "3.12": ["a==1", "b==2", "c==1"],
        "3.13": ["a==1", "b==2", "d==1", "E==1"],
    }
    assert merge_pins(frozen) == [
        "a==1",
        'b==1; python_version < "3.12"',
        'b==2; python_version >= "3.12"',
        'c==1; python_version >= "3.12" and python_version < "3.13"',
        'd==1; python_version >= "3.13"',
        'E==1; python_version != "3.12"',
    ]


def test_the_project_names_its_pythons() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    allowed = SpecifierSet(project["project"]["requires-python"])
    # The package alone also runs on the version after those that Lambda has.
    assert [f"3.{minor}" for minor in range(8, 20) if f"3.{minor}" in allowed] == [*PYTHONS, "3.14"]
    assert project["tool"]["ruff"]["target-version"] == "py311" and project["tool"]["mypy"]["python_version"] == "3.11"
    script = (PROJECT / "infra" / "setup.sh").read_text()
    assert re.findall(r"for version in (.*); do", script) == [" ".join(reversed(PYTHONS))]
