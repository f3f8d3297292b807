"""What all tests share: where data outside the project may be, and loud words when they are not."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from infra.client import Api
from infra.local.control import RunningStack
from tests.demo_stack import demo_stack

# No deadline: a busy machine is no fault of the code. The same examples on every run of CI.
hypothesis.settings.register_profile("here", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("here")

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[1] / "shared"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what needs a whole stack, so that tests that run side by side start one alone."""
    for item in items:
        if item.path.is_relative_to(HERE / "e2e") or item.path.is_relative_to(HERE / "browser"):
            item.add_marker(pytest.mark.xdist_group("stack"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the project; tests that need it are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"the data folder {SHARED.name}/ is not beside the project")
    return SHARED


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The local stack for whole stories."""
    with demo_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="session")
def api(stack: RunningStack) -> Api:
    return Api(f"{stack.url}/api", stack.token)
