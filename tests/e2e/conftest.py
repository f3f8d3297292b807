"""A client of the stack, for the tests of whole stories."""

from collections.abc import Iterator

import pytest
import requests

from infra.local.control import RunningStack


@pytest.fixture
def http(stack: RunningStack) -> Iterator[requests.Session]:
    """A plain client with the administrator's token."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"token {stack.token}"
        yield session
