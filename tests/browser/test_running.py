"""Analyses that run: listed, cancelled, run again, deleted, and many at once."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from infra.client import Api
from tests.browser.app import PATIENCE, App
from tests.e2e.stories import register, wait_for
from tests.service import Service, analysis_service


@pytest.fixture(scope="module")
def silent(api: Api) -> Iterator[tuple[int, Service]]:
    """A service that takes everything and never calls back."""
    with analysis_service() as service:
        number = register(api, service.url, name="silent service", display_name="Silent service")
        yield number, service
        api._answer("DELETE", f"/analysis_service/{number}")


def started(api: Api, service: int, source: str = "2019dwz") -> int:
    analysis = int(api.post(f"/obj/{source}/analysis/{service}", {})["id"])
    wait_for(api, analysis, "pending")
    return analysis


def test_a_running_analysis_is_cancelled_and_deleted(app: App, api: Api, silent: tuple[int, Service]) -> None:
    analysis = started(api, silent[0])
    app.open("source/2019dwz")
    row = app.card("Analyses").get_by_role("row", name=f"{analysis} Silent service")
    expect(row.locator(".state")).to_have_text("running")
    app.press(f"Cancel analysis {analysis}")
    app.agree("Keep")
    app.press(f"Cancel analysis {analysis}")
    app.agree("Cancel it")
    expect(row.locator(".state")).to_have_text("cancelled")
    app.press(f"Delete analysis {analysis}")
    app.agree("Delete it")
    expect(row).to_have_count(0)


def test_an_analysis_is_run_again(app: App, api: Api, silent: tuple[int, Service]) -> None:
    analysis = started(api, silent[0])
    api.post(f"/obj/analysis/{analysis}/cancel", {})
    app.open(f"analysis/{analysis}")
    app.press(f"Run analysis {analysis} again")
    notice = app.page.locator(".notice", has_text=f"{analysis} again")
    notice.get_by_role("link", name="Open it").click()
    expect(app.page.get_by_role("heading", level=1)).not_to_contain_text(f"Analysis {analysis} ")
    app.ends("pending")


def test_progress_and_message_of_a_service_are_shown_as_they_come(
    app: App, api: Api, silent: tuple[int, Service]
) -> None:
    number, service = silent
    analysis = started(api, number, "2020aai")
    app.open(f"analysis/{analysis}")
    callback = service.received[-1].callback_path
    api.patch(callback, {"progress": 0.4, "message": "sampling chain 2"})
    expect(app.page.get_by_role("status").first).to_contain_text("sampling chain 2", timeout=PATIENCE)
    assert app.page.get_by_role("progressbar").get_attribute("value") == "0.4"
    results = {"format": "json", "data": {"period": 0.5, "period_err": 0.01, "note": "<i>fine</i>"}}
    api._answer("POST", callback, {"status": "success", "message": "done", "analysis": {"results": results}})
    app.ends()
    expect(app.page.get_by_text("done", exact=True)).to_be_visible()


def test_analyses_are_filtered_and_counted_by_state(app: App, api: Api, silent: tuple[int, Service]) -> None:
    analysis = started(api, silent[0])
    app.open("analyses")
    app.field("Service").select_option(label="Silent service")
    app.settle()
    counts = app.page.get_by_role("group", name="Counts by state")
    expect(counts.get_by_role("button", name="running")).to_be_visible()
    counts.get_by_role("button", name="running").click()
    expect(app.page.get_by_role("row", name=f"{analysis} 2019dwz Silent service")).to_be_visible()
    expect(app.card("Found").locator("tbody .state").first).to_have_text("running")
    assert set(app.card("Found").locator("tbody .state").all_inner_texts()) == {"running"}
    api.post(f"/obj/analysis/{analysis}/cancel", {})


def test_a_batch_runs_over_what_was_chosen(app: App, api: Api) -> None:
    app.open("analyses")
    app.press("Batch")
    app.settle()
    app.field("Sources").fill("2019dwz, 2020aai\nNo_such_source")
    app.field("Service").first.select_option(label="Supernova fitter 1.0")
    app.field("Model").fill("salt3")
    app.field("Draws").fill("200")
    app.press("Start")
    app.page.wait_for_url("**/#/batch/*")
    expect(app.page.get_by_role("row", name="No_such_source")).to_contain_text("refused", timeout=PATIENCE)
    table = app.card("Sources")
    expect(table.locator(".state.completed")).to_have_count(2, timeout=PATIENCE)
    expect(app.page.get_by_role("status").first).to_contain_text("2 of 3 started, 1 refused")
