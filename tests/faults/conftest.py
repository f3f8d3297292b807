"""The simulation for the tests of this package: one for each process, on an AWS of its own."""

import logging
import os
from collections.abc import Iterator

import pytest

from chalicelib.people import requesters
from tests.faults.simulation import Simulation, open_simulation
from tests.moto_adapter import fast_mock_aws


@pytest.fixture(scope="package")
def simulation() -> Iterator[Simulation]:
    """The app on moto, without the credentials and the endpoint of the person who runs the tests."""
    logging.disable(logging.CRITICAL)
    with pytest.MonkeyPatch.context() as patch:
        set_environment(patch)
        with fast_mock_aws(), open_simulation() as opened:
            yield opened
    logging.disable(logging.NOTSET)


def set_environment(patch: pytest.MonkeyPatch) -> None:
    """Set what the app reads of its environment."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        patch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        patch.setenv(name, "testing")
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    # Whether a request writes its token's count depends on the minute, and calls are told by their number.
    patch.setattr(requesters, "count_request", lambda *_: None)
