"""Running analyses: list, cancel, rerun, delete, batches."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

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
    app.press(f"Run analysis {analysis} again")
    notice = app.page.locator(".notice", has_text=f"a rerun of analysis {analysis}")
    notice.get_by_role("link", name="Open analysis").click()
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
    expect(counts.get_by_role("button", name="running")).to_be_visible()
    counts.get_by_role("button", name="running").click()
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
    app.field("Service").first.select_option(label="Supernova fitter 1.0")
    app.field("Model").fill("salt3")
    app.field("Draws").fill("200")
    app.press("Start")
    app.page.wait_for_url("**/#/batch/*")
    expect(app.page.get_by_role("row", name="No_such_source")).to_contain_text("refused", timeout=FIT_TIMEOUT_MS)
    outcomes = app.card("Sources")
    expect(outcomes.locator(".state.completed")).to_have_count(2, timeout=FIT_TIMEOUT_MS)
    expect(app.page.get_by_role("status").first).to_contain_text("2 of 3 started, 1 refused")
