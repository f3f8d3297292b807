"""Fixtures of the client's tests: a portal with prepared answers, and the clients that speak to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from heliograph import Heliograph, SkyPortal
from tests.heliograph.prepared_portal import TOKEN, PreparedPortal, prepared_portal, reply


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep out what the machine knows of portals."""
    (tmp_path / "config").mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("HELIOGRAPH_URL", raising=False)
    monkeypatch.delenv("HELIOGRAPH_TOKEN", raising=False)


@pytest.fixture
def portal() -> Iterator[PreparedPortal]:
    """A portal with a source, an instrument and a group."""
    with prepared_portal() as running:
        running.answer("GET", "/sources/SN1", reply({"id": "SN1", "ra": 184.5, "dec": 31.2, "redshift": 0.046}))
        running.answer("GET", "/instrument", reply([{"id": 3, "name": "ZTF"}, {"id": 4, "name": "ATLAS"}]))
        groups = [{"id": 1, "name": "Sitewide Group"}, {"id": 7, "name": "Novae"}]
        own = {"id": 2, "name": "ada", "single_user_group": True}
        running.answer("GET", "/groups", reply({"user_groups": [*groups, own], "user_accessible_groups": groups}))
        running.answer("GET", "/internal/profile", reply({"id": 5, "username": "ada", "permissions": ["Comment"]}))
        yield running


@pytest.fixture
def sky(portal: PreparedPortal) -> Heliograph:
    return Heliograph(portal.url, TOKEN)


@pytest.fixture
def skyportal(portal: PreparedPortal) -> SkyPortal:
    return SkyPortal(portal.url, TOKEN)
