"""A client of the stack."""

from collections.abc import Iterator

import pytest
import requests

from tests.running_stack import RunningStack


@pytest.fixture
def http(stack: RunningStack) -> Iterator[requests.Session]:
    """A session with the administrator's token."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"token {stack.token}"
        yield session
