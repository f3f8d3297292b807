"""Fixtures of all tests: data beside the project, one local stack."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from infra.client import Api
from tests.demo_stack import demo_stack
from tests.permissions import list_unused
from tests.running_stack import RunningStack

# No deadline: tests must not fail on a busy machine. In CI, the same examples on every run.
hypothesis.settings.register_profile("heliograph", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("heliograph")

TESTS = Path(__file__).resolve().parent
SHARED = TESTS.parents[1] / "shared"


@pytest.hookimpl(tryfirst=True)  # before the hook that reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Function]) -> None:
    """Run all tests that share the stack in one process, and those of a module that has its own in another.

    Those that are marked as thorough are left out, unless they are asked for.
    """
    if not config.getoption("--thorough"):
        left_out = [item for item in items if item.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        if item.path.is_relative_to(TESTS / "e2e") or item.path.is_relative_to(TESTS / "browser"):
            shares_stack = "stack" in item.fixturenames and not hasattr(item.module, "stack")
            item.add_marker(pytest.mark.xdist_group("stack" if shares_stack else item.path.stem))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the project; tests that need it are skipped without it."""
    if not SHARED.is_dir():
        pytest.skip(f"the data folder {SHARED.name}/ is not beside the project")
    return SHARED


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The local stack of the end-to-end and browser tests."""
    with demo_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="session")
def api(stack: RunningStack) -> Api:
    return Api(f"{stack.url}/api", stack.token)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the project's own options."""
    parser.addoption("--thorough", action="store_true", help="run the tests that take minutes each, too")
    parser.addoption("--unused-permissions", action="store_true", help="list the permissions that no test needed")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print how many cases the tests tried that try many, as they recorded it; on request, unused permissions."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    properties = [each for report in reports for each in getattr(report, "user_properties", ())]
    for name, text in dict.fromkeys(each for each in properties if isinstance(each[1], str)):
        if name == "counts":
            terminalreporter.write_line(str(text))
    if config.getoption("--unused-permissions"):
        used = {tuple(each) for name, calls in properties if name == "permissions" for each in calls}
        for line in list_unused(used):
            terminalreporter.write_line(f"no test needs {line}")
