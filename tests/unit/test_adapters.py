"""Adapters of private interfaces: each is written for the version that constraints.txt pins."""

import re
from importlib.metadata import version

import pytest

from chalicelib.tables import pynamodb_adapter
from infra import PROJECT, chalice_adapter, vega_offsets
from infra.local import ministack_adapter
from tests import moto_adapter

ADAPTERS = {
    "chalice": chalice_adapter.CHALICE_VERSION,
    "ministack": ministack_adapter.MINISTACK_VERSION,
    "moto": moto_adapter.MOTO_VERSION,
    "pynamodb": pynamodb_adapter.PYNAMODB_VERSION,
    "sncosmo": vega_offsets.SNCOSMO_VERSION,
}
"""Package -> the version that its adapter was written for."""


@pytest.mark.parametrize("package", ADAPTERS)
def test_an_adapter_is_written_for_the_pinned_version(package: str) -> None:
    pins = dict(re.findall(r"^([\w-]+)==(\S+)$", (PROJECT / "constraints.txt").read_text(), re.MULTILINE))
    assert ADAPTERS[package] == pins[package] == version(package), (
        f"{package} has a new version: check what its adapter uses, then change the adapter's version"
    )
