"""Fixtures of all tests: data beside the project, one local stack."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from infra.client import Api
from tests.demo_stack import demo_stack
from tests.running_stack import RunningStack

# No deadline: tests must not fail on a busy machine. In CI, the same examples on every run.
hypothesis.settings.register_profile("heliograph", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("heliograph")

TESTS = Path(__file__).resolve().parent
SHARED = TESTS.parents[1] / "shared"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all tests that need a stack in one process, so that parallel runs start only one."""
    for item in items:
        if item.path.is_relative_to(TESTS / "e2e") or item.path.is_relative_to(TESTS / "browser"):
            item.add_marker(pytest.mark.xdist_group("stack"))


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
