"""The local stack for the tests of whole stories: ports and state of its own, the demo data loaded."""

from collections.abc import Iterator

import pytest
import requests

from infra import demo_data
from infra.client import Api
from infra.local.control import RunningStack, running_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as running, pytest.MonkeyPatch.context() as patch:
        # The loader asks the deployment for the fitter's token: this one, not one that runs besides.
        patch.setenv("PORT", str(running.settings.port))
        patch.setenv("HELIOGRAPH_LOCAL_DIR", str(running.settings.state_dir))
        demo_data.load(Api(f"{running.url}/api", running.token), say=lambda line: None)
        yield running


@pytest.fixture(scope="session")
def api(stack: RunningStack) -> Api:
    return Api(f"{stack.url}/api", stack.token)


@pytest.fixture
def http(stack: RunningStack) -> Iterator[requests.Session]:
    """A plain client with the administrator's token."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"token {stack.token}"
        yield session
