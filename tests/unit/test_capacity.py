"""How many analyses a second a deployment takes by its default sizes, and what limits them."""

from collections.abc import Iterator

import pytest

from benchmarks.capacity import RateLimit, measure_limits
from infra.demo_data import FITTER_REQUESTS_AT_ONCE
from infra.deployed_functions import read_functions

SECONDS_OF_FIT = 1.5
"""Of one with figures, on one processor; benchmarks/cost.py measures it, which a busy machine disturbs."""

SECONDS_OF_SENDING = 0.3
"""To the fitter, which acknowledges at once."""


@pytest.fixture(scope="module")
def limits() -> Iterator[dict[str, list[RateLimit]]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield measure_limits()


def list_counted(limits: list[RateLimit]) -> list[RateLimit]:
    """Return the limits that follow from counts, not from seconds."""
    return [limit for limit in limits if "invocations" not in limit.what]


def test_a_hundred_plain_analyses_a_second(limits: dict[str, list[RateLimit]]) -> None:
    first, *_ = list_counted(limits["plain analyses"])
    assert first.per_second >= 100 and "API Gateway" in first.what, first


def test_fifty_fits_a_second(limits: dict[str, list[RateLimit]]) -> None:
    first, *_ = list_counted(limits["fits"])
    assert first.per_second >= 50, first
    assert (read_functions()["fit"].at_once or 0) / SECONDS_OF_FIT >= 50
    assert FITTER_REQUESTS_AT_ONCE / SECONDS_OF_SENDING >= 50


def test_no_partition_limits_before_the_gateway(limits: dict[str, list[RateLimit]]) -> None:
    for kind in limits:
        gateway = next(limit for limit in limits[kind] if "API Gateway" in limit.what)
        assert all(limit.per_second > gateway.per_second for limit in limits[kind] if "partition" in limit.what)
