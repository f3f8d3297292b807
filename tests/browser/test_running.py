"""Running analyses: list, cancel, rerun, delete, batches."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from fitter_lambda.version import __version__
from infra.client import Api
from tests.browser.app import FIT_TIMEOUT_MS, App
from tests.e2e.analysis_helpers import register_service, wait_for_state
from tests.service import Service, analysis_service


@pytest.fixture(scope="module")
def silent_service(api: Api) -> Iterator[tuple[int, Service]]:
    """A service that accepts everything and never calls back, with its id."""
    with analysis_service() as service:
        service_id = register_service(api, service.url, name="silent service", display_name="Silent service")
        yield service_id, service
        api.send_request("DELETE", f"/analysis_service/{service_id}")


def start_analysis(api: Api, service_id: int, source: str = "2019dwz") -> int:
    analysis = int(api.post(f"/obj/{source}/analysis/{service_id}", {})["id"])
    wait_for_state(api, analysis, "pending")
    return analysis


def test_a_running_analysis_is_cancelled_and_deleted(app: App, api: Api, silent_service: tuple[int, Service]) -> None:
    analysis = start_analysis(api, silent_service[0])
    app.open("source/2019dwz")
    row = app.card("Analyses").get_by_role("row", name=f"{analysis} Silent service")
    expect(row.locator(".state")).to_have_text("running")
    app.press(f"Cancel analysis {analysis}")
    app.answer("Keep")
    app.press(f"Cancel analysis {analysis}")
    app.answer("Cancel analysis")
    expect(row.locator(".state")).to_have_text("cancelled")
    app.press(f"Delete analysis {analysis}")
    app.answer("Delete analysis")
    expect(row).to_have_count(0)


def test_an_analysis_is_rerun(app: App, api: Api, silent_service: tuple[int, Service]) -> None:
    analysis = start_analysis(api, silent_service[0])
    api.post(f"/obj/analysis/{analysis}/cancel", {})
    app.open(f"analysis/{analysis}")
    app.page.get_by_role("link", name=f"Run analysis {analysis} again").click()
    app.settle()
    app.press("Start")
    app.page.wait_for_url("**/#/analysis/*")
    expect(app.page.get_by_role("heading", level=1)).not_to_contain_text(f"Analysis {analysis} ")
    app.wait_for_state("pending")


def test_progress_and_messages_of_a_service_appear_live(
    app: App, api: Api, silent_service: tuple[int, Service]
) -> None:
    service_id, service = silent_service
    analysis = start_analysis(api, service_id, "2020aai")
    app.open(f"analysis/{analysis}")
    callback = service.received[-1].callback_path
    api.patch(callback, {"progress": 0.4, "message": "sampling chain 2"})
    expect(app.page.get_by_role("status").first).to_contain_text("sampling chain 2", timeout=FIT_TIMEOUT_MS)
    assert app.page.get_by_role("progressbar").get_attribute("value") == "0.4"
    results = {"format": "json", "data": {"period": 0.5, "period_err": 0.01, "note": "<i>fine</i>"}}
    api.send_request("POST", callback, {"status": "success", "message": "done", "analysis": {"results": results}})
    app.wait_for_state()
    expect(app.page.get_by_text("done", exact=True)).to_be_visible()


def test_analyses_are_filtered_and_counted_by_state(app: App, api: Api, silent_service: tuple[int, Service]) -> None:
    analysis = start_analysis(api, silent_service[0])
    app.open("analyses")
    app.field("Service").select_option(label="Silent service")
    app.settle()
    counts = app.page.get_by_role("group", name="Counts by state")
    counts.get_by_role("link", name="running").click()
    expect(app.page.get_by_role("row", name=f"{analysis} 2019dwz Silent service")).to_be_visible()
    states = app.card("Matches").locator("tbody .state")
    expect(states.first).to_have_text("running")
    assert set(states.all_inner_texts()) == {"running"}
    api.post(f"/obj/analysis/{analysis}/cancel", {})


def test_a_batch_starts_an_analysis_for_each_source(app: App, api: Api) -> None:
    app.open("analyses")
    app.press("New batch")
    app.settle()
    app.field("Sources").fill("2019dwz, 2020aai\nNo_such_source")
    app.field("Service").first.select_option(label=f"Supernova fitter {__version__}")
    app.field("Model").select_option("salt3")
    app.unfold("Advanced")
    app.field("Draws").fill("200")
    app.press("Start")
    app.page.wait_for_url("**/#/batch/*")
    expect(app.page.get_by_role("row", name="No_such_source")).to_contain_text("refused", timeout=FIT_TIMEOUT_MS)
    outcomes = app.card("Sources")
    expect(outcomes.locator(".state.completed, .state.refuted")).to_have_count(2, timeout=FIT_TIMEOUT_MS)
    expect(app.page.get_by_role("status").first).to_contain_text("2 of 3 started, 1 refused")
    app.page.get_by_role("link", name="All batches").click()
    row = app.card("Newest first").get_by_role("row").nth(1)
    expect(row).to_contain_text("Supernova fitter")
    expect(row.locator("td.number")).to_have_text(["2", "1", "3"])
    row.get_by_role("link", name="Batch ").click()
    expect(outcomes).to_contain_text("No_such_source")


def test_ticked_sources_open_the_form_of_a_batch(app: App) -> None:
    app.open("analyses?batch=2019dwz,2020aai")
    expect(app.card("One analysis for many sources").get_by_label("Sources", exact=True)).to_have_value(
        "2019dwz\n2020aai"
    )
    expect(app.page.get_by_role("button", name="New batch of 2")).to_have_attribute("aria-expanded", "true")


def test_what_failed_is_one_click_away_and_back_finds_the_choices(
    app: App, api: Api, silent_service: tuple[int, Service]
) -> None:
    service_id, service = silent_service
    failed, running = start_analysis(api, service_id), start_analysis(api, service_id)
    failure = {"status": "error", "message": "no data", "analysis": {}}
    api.send_request("POST", service.received[-2].callback_path, failure)
    wait_for_state(api, failed, "failure")
    app.open(f"analyses?service={service_id}")
    app.page.get_by_label(f"Select 2019dwz of analysis {failed} for a batch").check()
    app.page.get_by_role("link", name="failed or timed out").click()
    matches = app.card("Matches")
    expect(matches.get_by_role("row", name=f"{failed} 2019dwz")).to_contain_text("no data")
    expect(matches.get_by_role("row", name=f"{running} 2019dwz")).to_have_count(0)
    assert set(matches.locator("tbody .state").all_inner_texts()) <= {"failed", "timed out"}
    app.page.get_by_role("link", name=str(failed), exact=True).click()
    expect(app.page.get_by_role("heading", level=1)).to_contain_text(f"Analysis {failed}")
    app.page.go_back()
    expect(matches.get_by_role("row", name=f"{failed} 2019dwz")).to_be_visible()
    expect(matches.get_by_role("row", name=f"{running} 2019dwz")).to_have_count(0)
    app.page.go_back()
    expect(app.page.get_by_role("button", name="New batch of 1")).to_be_visible()
    api.post(f"/obj/analysis/{running}/cancel", {})


def test_an_analysis_of_another_user_shows_their_name(app: App, api: Api, silent_service: tuple[int, Service]) -> None:
    user = api.post("/user", {"username": "grace"})["id"]
    token = api.post("/internal/tokens", {"name": "t", "acls": ["Run Analyses"], "user_id": user})["token_id"]
    group = api.get("/groups?name=Demo%20group")[0]["id"]
    api.post(f"/groups/{group}/users", {"userID": user})
    api.patch(f"/analysis_service/{silent_service[0]}", {"group_ids": "all"})
    grace = Api(api.url, token)
    analysis = int(grace.post(f"/obj/2019dwz/analysis/{silent_service[0]}", {"group_ids": "all"})["id"])
    app.open(f"analyses?service={silent_service[0]}")
    expect(app.page.get_by_role("row", name=f"{analysis} 2019dwz")).to_contain_text("grace")
    app.open(f"analysis/{analysis}")
    expect(app.page.get_by_text("grace", exact=True)).to_be_visible()
    grace.post(f"/obj/analysis/{analysis}/cancel", {})
