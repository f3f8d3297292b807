"""Fit a supernova: start, watch, view and download the results."""

import json
import re
import subprocess
import sys
from pathlib import Path

import arviz
import pytest
from playwright.sync_api import expect

from infra.client import Api
from tests.browser.app import FIT_TIMEOUT_MS, App
from tests.e2e.analysis_helpers import register_service
from tests.running_stack import RunningStack


def start_fit(app: App, source: str = "2019dwz") -> int:
    """Start a fit with the form, and return the id of the analysis."""
    app.open(f"source/{source}")
    app.page.get_by_role("link", name="Start an analysis").click()
    app.settle()
    app.field("Model").select_option("salt3")
    app.field("fix_z").select_option("True")
    app.press("Start")
    app.page.wait_for_url("**/#/analysis/*")
    return int(app.page.url.rsplit("/", 1)[1])


def test_a_supernova_is_fitted_and_its_results_are_shown(
    app: App, api: Api, stack: RunningStack, tmp_path: Path
) -> None:
    status_urls: list[str] = []
    app.page.on(
        "response", lambda response: status_urls.append(response.url) if response.url.endswith("/status") else None
    )
    analysis = start_fit(app)
    expect(app.page.get_by_role("progressbar")).to_be_visible()
    app.wait_for_state()
    assert status_urls
    expect(app.page.get_by_text("Fitted salt3, 33 points")).to_be_visible()
    num_requests = len(status_urls)
    app.page.wait_for_timeout(2000)
    assert len(status_urls) == num_requests, "polling continues after the end"

    results = app.card("Results")
    x1 = api.get(f"/obj/analysis/{analysis}/results")["parameters"]["x1"]
    expect(results.get_by_role("row", name=re.compile("^x1 "))).to_contain_text(f"{x1['median']:.2f}")
    expect(results.get_by_role("row", name="t0 5")).to_contain_text("MJD")
    expect(app.card("Light curve").get_by_label(re.compile("salt3"))).to_be_checked()
    app.unfold("Figures of the service")
    app.unfold("Posterior")
    for picture in app.page.locator(".pictures img").all():
        assert picture.evaluate("image => image.complete && image.naturalWidth") > 400
    expect(app.page.get_by_alt_text(f"Corner plot of analysis {analysis}")).to_be_visible()

    app.unfold("Downloads")
    app.unfold("Request")
    app.unfold("In Python")
    netcdf = app.download("Posterior (netCDF)", tmp_path)
    assert arviz.from_netcdf(netcdf).posterior["x1"].size == 4000
    assert json.loads(app.download("Results (JSON)", tmp_path).read_text())["ndof"] == 29
    assert "mjd,flux" in json.loads(app.download("Inputs (JSON)", tmp_path).read_text())["inputs"]["photometry"]
    assert "analysis" in json.loads(app.download("Everything (JSON)", tmp_path).read_text())

    app.press("Copy")
    script = app.page.evaluate("navigator.clipboard.readText()").replace("YOUR_TOKEN", stack.token)
    run = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout.startswith("completed Fitted salt3")
    assert (tmp_path / f"analysis_{analysis}.nc").read_bytes() == netcdf.read_bytes()

    app.page.get_by_role("heading", level=1).get_by_role("link", name="2019dwz").click()
    app.settle()
    app.card("Light curve").get_by_label(re.compile(rf"salt3 \(analysis {analysis}\)")).check()
    assert app.card("Light curve").locator(".plot .js-line").count() >= 3


def test_the_end_of_an_analysis_is_announced_on_other_pages(app: App) -> None:
    analysis = start_fit(app, "2020aai")
    app.open("services")
    notice = app.page.locator(".notice", has_text=f"Analysis {analysis} of 2020aai")
    expect(notice).to_be_visible(timeout=FIT_TIMEOUT_MS)
    notice.get_by_role("link", name="Open analysis").click()
    expect(app.page.get_by_role("heading", name=f"Analysis {analysis} of 2020aai")).to_be_visible()


def test_a_missing_parameter_is_reported_at_its_field(app: App, api: Api) -> None:
    parameters = {"depth": {"type": "number", "required": True, "title": "Depth"}}
    service = register_service(api, "http://localhost:9/", name="demanding", optional_analysis_parameters=parameters)
    app.open(f"start/2019dwz?service={service}")
    with app.allow_statuses(400):
        app.press("Start")
        expect(app.field("Depth *")).to_have_attribute("aria-invalid", "true")
    app.field("Depth *").fill("3")
    app.press("Start")
    app.page.wait_for_url("**/#/analysis/*")
    expect(app.page.get_by_label("Request")).to_contain_text("depth3")


def test_a_fit_without_photometry_fails_with_the_reason(app: App, api: Api) -> None:
    api.post("/sources", {"id": "Web_empty", "ra": 10.0, "dec": 20.0})
    app.open("start/Web_empty")
    app.press("Start")
    app.wait_for_state("failure")
    expect(app.page.get_by_role("status").first).to_contain_text("The source has no photometry that you may see")


@pytest.mark.parametrize("hidden", [True, False])
def test_a_hidden_tab_does_not_poll(app: App, api: Api, hidden: bool) -> None:
    status_urls: list[str] = []
    start_fit(app)
    app.page.on("request", lambda request: status_urls.append(request.url) if request.url.endswith("/status") else None)
    app.page.evaluate(
        """hidden => { Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
                       document.dispatchEvent(new Event("visibilitychange")); }""",
        hidden,
    )
    app.page.wait_for_timeout(300)
    status_urls.clear()
    app.page.wait_for_timeout(2500)
    assert bool(status_urls) != hidden
    app.page.evaluate(
        """() => { Object.defineProperty(document, "hidden", {value: false, configurable: true});
                   document.dispatchEvent(new Event("visibilitychange")); }"""
    )
    app.wait_for_state()


def test_what_to_beware_of_stands_beside_the_results(app: App, api: Api) -> None:
    fields = {"name": "caveats", "upload_only": True, "analysis_type": "meta_analysis", "input_data_types": []}
    service = api.post("/analysis_service", {**fields, "url": "https://example.org", "authentication_type": "none"})
    pile = {"message": "The posterior of x1 lies at its bound.", "kind": "posterior_at_bound"}
    outside = {"message": "The peak is before the first point."}
    results = {
        "parameters": {"x1": {"median": 5.0, "std": 0.1, "caveats": [pile]}},
        "peak": {"mjd": 58598.0, "caveats": [outside]},
    }
    body = {"analysis": {"results": results}, "show_corner": False}
    upload = api.post(f"/obj/2019dwz/analysis_upload/{service['id']}", body)
    app.open(f"analysis/{upload['id']}")
    for caveat in (pile, outside):
        expect(app.card("Results").get_by_role("listitem").filter(has_text=caveat["message"])).to_be_visible()
