"""Sharing in place: a source, its photometry, an analysis."""

from uuid import uuid4

import pytest
from playwright.sync_api import expect

from infra.client import Api
from tests.browser.app import App
from tests.browser.parts import show_part
from tests.e2e.analysis_helpers import register_service
from tests.service import analysis_service

PANEL = "parts/share_panel.js"


@pytest.fixture
def group(api: Api) -> str:
    name = f"Group {uuid4().hex[:8]}"
    api.post("/groups", {"name": name})
    return name


def own_group(api: Api) -> int:
    return int(next(g["id"] for g in api.get("/internal/profile")["groups"] if g["single_user_group"]))


def open_panel(app: App, kind: str, record: str) -> None:
    app.open("services")
    app.page.reload()
    app.settle()
    show_part(app, PANEL, "SharePanel", {"kind": kind}, record)
    app.page.locator("summary", has_text="Who sees").click()
    app.settle()


def test_a_source_is_shared_with_a_group_and_taken_back(app: App, api: Api, group: str) -> None:
    name = f"Shared_{uuid4().hex[:8]}"
    api.post("/sources", {"id": name, "ra": 10.0, "dec": 20.0, "group_ids": [own_group(api)]})
    open_panel(app, "source", f"/sources/{name}")
    panel = app.page.locator(".share")
    expect(panel).to_contain_text("Only you see it.")
    app.press(f"Share with {group}")
    expect(panel).to_contain_text(f"Seen by {group}. Others do not see it.")
    assert group in {g["name"] for g in api.get(f"/sources/{name}/groups")}
    app.press(f"Stop sharing with {group}")
    expect(panel).to_contain_text("Only you see it.")
    assert group not in {g["name"] for g in api.get(f"/sources/{name}/groups")}
    app.press("Share with everyone")
    app.answer("Keep")
    expect(panel).to_contain_text("Only you see it.")
    app.press("Share with everyone")
    app.answer("Show to everyone")
    expect(panel).to_contain_text("Everyone on this server sees it.")


def test_a_source_of_one_group_alone_stays_with_its_user(app: App, api: Api, group: str) -> None:
    name = f"Shared_{uuid4().hex[:8]}"
    number = api.get(f"/groups?name={group.replace(' ', '%20')}")[0]["id"]
    api.post("/sources", {"id": name, "ra": 10.0, "dec": 20.0, "group_ids": [number]})
    open_panel(app, "source", f"/sources/{name}")
    app.press(f"Stop sharing with {group}")
    expect(app.page.locator(".share")).to_contain_text("Only you see it.")
    assert [g["id"] for g in api.get(f"/sources/{name}/groups")] == [own_group(api)]


def test_photometry_is_shared_and_the_panel_counts_the_points(app: App, api: Api, group: str) -> None:
    name = f"Shared_{uuid4().hex[:8]}"
    api.post("/sources", {"id": name, "ra": 10.0, "dec": 20.0})
    points = {"obj_id": name, "instrument_id": 1, "mjd": [59000.0, 59001.0], "mag": 18.0, "magerr": 0.1,
              "magsys": "ab", "filter": "ztfg"}  # fmt: skip
    api.post("/photometry", points)
    open_panel(app, "photometry", f"/sources/{name}")
    row = app.page.locator(".shares li", has_text=group)
    expect(row).to_contain_text("sees 0 of 2 points")
    app.press(f"Share with {group}")
    expect(row).to_contain_text("sees all points")
    expect(row.get_by_role("button")).to_have_count(0)
    assert all(group in {g["name"] for g in point["groups"]} for point in api.get(f"/sources/{name}/photometry"))


def test_an_analysis_is_shared_and_taken_back(app: App, api: Api, group: str) -> None:
    with analysis_service() as server:
        service = register_service(api, server.url, name=f"shared {uuid4().hex[:8]}")
        body = {"group_ids": [own_group(api)]}
        analysis = api.post(f"/obj/2019dwz/analysis/{service}", body)["id"]
        open_panel(app, "analysis", f"/obj/analysis/{analysis}")
        panel = app.page.locator(".share")
        expect(panel).to_contain_text("also the photometry in its figures and files")
        app.press(f"Share with {group}")
        expect(panel).to_contain_text(f"Seen by {group}.")
        app.press(f"Stop sharing with {group}")
        expect(panel).to_contain_text("Only you see it.")
        assert [g["id"] for g in api.get(f"/obj/analysis/{analysis}")["groups"]] == [own_group(api)]
        api.send_request("DELETE", f"/analysis_service/{service}")
