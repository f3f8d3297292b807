"""Fixtures for pytest: ``pytest_plugins = ["heliograph.testing.fixtures"]``."""

from collections.abc import Iterator

import pytest

from heliograph.testing.fake_portal import FakePortal


@pytest.fixture
def fake_portal() -> Iterator[FakePortal]:
    """Run a portal that refuses what a real one refuses; the test fails if it had to."""
    with FakePortal() as portal:
        yield portal
