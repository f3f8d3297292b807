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

SHARED = Path(__file__).resolve().parents[2] / "shared"


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
