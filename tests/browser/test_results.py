"""The page of a result: verdict, probabilities, figures of any kind, comparison, and runs again."""

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from infra.client import Api
from tests.browser.app import App
from tests.browser.uploads import add_light_curve, upload_analysis
from tests.e2e.analysis_helpers import register_service, wait_for_state
from tests.service import analysis_service

REFUTED = {
    "describes_data": False,
    "word": "refuted",
    "message": "The model does not describe the data (misfit p = 1e-85).",
}
GIF = base64.b64encode(
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00"
    b"\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
).decode()
PDF = base64.b64encode(b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n").decode()
EPS = base64.b64encode(b"%!PS-Adobe-3.0 EPSF-3.0\n").decode()
NOISE = base64.b64encode(b"II*\x00 a TIFF that no browser draws").decode()


def make_fit(source: str, evidence: float, **more: Any) -> dict[str, Any]:
    """Results of a fit, with samples."""
    estimate = {"median": 0.05 + evidence / 1e4, "err_minus": 0.002, "err_plus": 0.003, "std": 0.0025, "best_fit": 0.05}
    results = {
        "source": source, "parameters": {"z": estimate}, "n_rows": 15, "chi2": 12.0, "ndof": 11,
        "misfit_p_value": 0.4, "log_evidence": evidence, **more,
    }  # fmt: skip
    return {"results": results, "posterior_samples": {"z": [0.05 + evidence / 1e4 + i * 1e-5 for i in range(200)]}}


def test_a_refuted_model_is_not_shown_as_a_success(app: App, api: Api) -> None:
    analysis = upload_analysis(api, "2019dwz", {**make_fit("salt3", -5.0), "verdict": REFUTED})
    app.open(f"analysis/{analysis}")
    banner = app.page.get_by_role("alert").filter(has_text="does not describe the data")
    expect(banner).to_contain_text("Do not use its numbers")
    badge = app.page.locator("main .state").first
    expect(badge).to_have_class(re.compile("refuted"))
    for address, card in (("source/2019dwz", "Analyses"), ("analyses", "Matches")):
        app.open(address)
        row = app.card(card).get_by_role("row").filter(has=app.page.get_by_role("link", name=str(analysis), exact=True))
        expect(row).to_contain_text("does not describe the data")
        expect(row.locator(".state.completed")).to_have_count(0)


def test_the_notice_of_an_end_tells_a_refuted_model(app: App, api: Api) -> None:
    with analysis_service() as service:
        service_id = register_service(api, service.url, name="refuting", display_name="Refuting service")
        app.open(f"start/2020aai?service={service_id}")
        app.press("Start")
        app.page.wait_for_url("**/#/analysis/*")
        analysis = int(app.page.url.rsplit("/", 1)[1])
        wait_for_state(api, analysis, "pending")
        app.open("services")
        callback = service.received[-1].callback_path
        api.send_request("POST", callback, {"status": "success", "analysis": {"verdict": REFUTED}})
        notice = app.page.locator(".notice.bad", has_text=f"Analysis {analysis} of 2020aai")
        expect(notice).to_contain_text("does not describe the data")
        api.send_request("DELETE", f"/analysis_service/{service_id}")


def test_a_batch_shows_which_models_are_refuted(app: App, api: Api) -> None:
    with analysis_service() as service:
        service_id = register_service(api, service.url, name="refuting", display_name="Refuting service")
        batch = api.post("/analysis_batch", {"service_id": service_id, "obj_ids": ["2020aai"]})["id"]
        app.open(f"batch/{batch}")
        row = app.card("Sources").get_by_role("row", name="2020aai")
        expect(row.locator(".state.pending")).to_be_visible()
        callback = service.received[-1].callback_path
        api.send_request("POST", callback, {"status": "success", "analysis": {"verdict": REFUTED}})
        expect(row).to_contain_text("does not describe the data")
        expect(row.locator(".state.completed")).to_have_count(0)
        api.send_request("DELETE", f"/analysis_service/{service_id}")


def make_catalogue(probabilities: dict[str, float] | None, note: str) -> dict[str, Any]:
    entry = {"class": "Ia", "log_evidence_error": 0.01, "reason": None, "redshift": 0.05, "redshift_std": 0.001}
    return {
        "sources": [
            {**entry, "name": "salt3", "log_evidence": -10.0, "misfit_p_value": 0.4, "peak_absolute": -19.2},
            {**entry, "name": "hsiao", "log_evidence": -14.5, "misfit_p_value": 1e-5, "peak_absolute": -19.0},
        ],
        "class_probabilities": probabilities, "class_probabilities_note": note,
        "prior_rates": {"Ia": 0.24, "II": 0.52},
    }  # fmt: skip


def test_class_probabilities_are_bars_with_their_condition(app: App, api: Api) -> None:
    catalogue = make_catalogue({"Ia": 0.998, "II": 0.002}, "if the supernova is like one of the 2 models")
    analysis = upload_analysis(api, "2019dwz", make_fit("salt3", -10.0, catalogue=catalogue))
    app.open(f"analysis/{analysis}")
    results = app.card("Results")
    expect(results.get_by_role("row", name="Ia", exact=False).filter(has_text="%")).to_contain_text("99.8 %")
    expect(results.get_by_label("Probability of class Ia")).to_have_js_property("value", 0.998)
    expect(results).to_contain_text("if the supernova is like one of the 2 models")
    ranking = app.card("Ranking of models")
    expect(ranking.get_by_role("row", name="hsiao")).to_contain_text("-4.5")
    expect(ranking.get_by_role("row", name="hsiao")).to_contain_text("does not describe the data")


FORECAST = {
    "message": "A measurement in ztfr on MJD 59005.5, 5 days after the last row, is expected to tell most.",
    "last_mjd": 59000.5, "entropy_bits": 0.9, "class_probabilities": {"Ia": 0.6, "II": 0.4},
    "measurements": [
        {
            "mjd": 59005.5, "filter": "ztfr", "flux_error": 5.0, "expected_bits": 0.417,
            "magnitudes": {
                "Ia": {"median": 18.04, "faint": 18.31, "bright": 17.76},
                "II": {"median": None, "faint": None, "bright": 19.96},
            },
        },
    ],
    "grid": {"mjd": [59001.5, 59005.5], "expected_bits": {"ztfr": [0.1, 0.417], "ztfg": [0.05, None]}},
}  # fmt: skip


def test_what_to_observe_next_stands_below_the_probabilities(app: App, api: Api) -> None:
    catalogue = make_catalogue({"Ia": 0.6, "II": 0.4}, "if the supernova is like one of the 2 models")
    fit = make_fit("salt3", -10.0, catalogue=catalogue, forecast=FORECAST)
    app.open(f"analysis/{upload_analysis(api, '2019dwz', fit)}")
    results = app.card("Results")
    expect(results).to_contain_text(FORECAST["message"])
    row = results.get_by_label("Next measurements").get_by_role("row", name="ztfr")
    for text in ("2020-06-05", "59005.5", "0.42", "18.0 (17.8 to 18.3)", "> 20.0"):
        expect(row).to_contain_text(text)
    expect(results).to_contain_text("All these dates are past")
    results.get_by_text("Bits by band and days after the last row").click()
    expect(results.get_by_role("row", name="ztfg")).to_have_text(re.compile(r"ztfg\s*0\.05\s*–"))


def test_a_class_that_is_certain_has_a_sentence_instead(app: App, api: Api) -> None:
    forecast = {**FORECAST, "message": "No forecast is needed: Ia has 99.8 %.", "measurements": [], "grid": None}
    fit = make_fit("salt3", -10.0, catalogue=make_catalogue({"Ia": 0.998}, "if"), forecast=forecast)
    app.open(f"analysis/{upload_analysis(api, '2019dwz', fit)}")
    expect(app.card("Results")).to_contain_text("No forecast is needed: Ia has 99.8 %.")
    expect(app.card("Results").get_by_label("Next measurements")).to_have_count(0)


def test_without_class_probabilities_the_reason_stands_in_their_place(app: App, api: Api) -> None:
    catalogue = make_catalogue(None, "none: no model describes the data")
    fit = {**make_fit("salt3", -10.0, catalogue=catalogue), "verdict": REFUTED}
    app.open(f"analysis/{upload_analysis(api, '2019dwz', fit)}")
    expect(app.card("Results")).to_contain_text("none: no model describes the data")
    expect(app.card("Results").locator("meter")).to_have_count(0)
    expect(app.card("Results")).not_to_contain_text("0.52")


@pytest.mark.parametrize(
    ("image_format", "data", "extension", "text"),
    [
        ("pdf", PDF, ".pdf", "Open the PDF"),
        ("gif", GIF, ".gif", None),
        ("tiff", NOISE, ".tiff", "This browser cannot show"),
        ("eps", EPS, ".eps", "This browser cannot show"),
    ],
    ids=["pdf", "gif", "tiff", "eps"],
)
def test_a_plot_of_any_format_is_shown_or_saved(
    app: App, api: Api, tmp_path: Path, image_format: str, data: str, extension: str, text: str | None
) -> None:
    document = {"plots": [{"format": image_format, "data": data}], "results": {"chi2": 1.0}}
    app.open(f"analysis/{upload_analysis(api, '2019dwz', document)}")
    figure = app.card("Plots").locator("figure")
    if text:
        expect(figure).to_contain_text(text)
        expect(figure.locator("img")).to_have_count(0)
    else:
        assert figure.locator("img").evaluate("image => image.naturalWidth") == 1
    path = app.download("Save", tmp_path)
    assert path.suffix == extension and path.read_bytes() == base64.b64decode(data)


def test_a_lost_server_is_told_and_polling_goes_on(app: App, api: Api) -> None:
    with analysis_service() as service:
        service_id = register_service(api, service.url, name="lost", display_name="Lost service")
        analysis = int(api.post(f"/obj/2019dwz/analysis/{service_id}", {})["id"])
        wait_for_state(api, analysis, "pending")
        app.open(f"analysis/{analysis}")
        app.errors.clear()

        def refuse(route: Route) -> None:
            route.abort("connectionrefused")

        app.page.route("**/status", refuse)
        expect(app.page.get_by_role("alert")).to_contain_text(re.compile(r"No contact since [1-9]\d* s"))
        callback = service.received[-1].callback_path
        api.send_request(
            "POST", callback, {"status": "success", "message": "all done", "analysis": {"results": {"chi2": 1}}}
        )
        app.page.unroute("**/status")
        app.wait_for_state()
        expect(app.page.get_by_text("No contact since")).to_have_count(0)
        app.errors[:] = [error for error in app.errors if "ERR_CONNECTION_REFUSED" not in error]
        api.send_request("DELETE", f"/analysis_service/{service_id}")


def test_annotations_keep_the_digits_of_their_errors(app: App, api: Api) -> None:
    api.post("/sources", {"id": "Digits_1", "ra": 1.0, "dec": 2.0})
    data = {"t0": 60658.12345, "t0_err": 0.085, "period": 0.54274612, "period_error": 2e-7, "mjd": 60000.1234, "n": 3}
    api.post("/sources/Digits_1/annotations", {"origin": "fit", "data": data})
    app.open("source/Digits_1")
    card = app.card("Annotations")
    for text in ("60658.123 ± 0.085", "0.54274612 ± 2e-7", "60000.1234"):
        expect(card).to_contain_text(text)


HOSTILE = [
    {"model_lightcurve": {"ztfg": [None]}, "model_summary": "none", "model_name": {"a": 1}},
    {"model_lightcurve": [[1, 2]], "model_summary": {"peak_mjd": "soon", "redshift": [1], "log_evidence": "high"}},
    {"model_lightcurve": {"ztfg": [[59000.0, "19", None]], "ztfr": "x", "": [[1]]}, "posterior_samples": {"z": {}}},
    {"results": {"parameters": {"z": "0.05", "t0": {"median": "x"}, "x1": {"median": 1.0, "std": "big"}}, "peak": 3}},
    {"results": {"parameters": {"z": {"median": 1.0}}, "catalogue": {"sources": [None, 3, {"name": 4}]}, "ndof": {}}},
    {"results": {"parameters": {"z": {"median": 1.0}}, "chi2": 1.0, "catalogue": {
        "sources": [{"name": "a", "class": {}, "reason": []}], "class_probabilities": {"Ia": "much"},
        "prior_rates": 7, "class_probabilities_note": {}}}},
]  # fmt: skip


def test_no_document_breaks_the_pages_that_show_it(app: App, api: Api) -> None:
    add_light_curve(api, "Hostile_1", {59000.0 + day: 19.0 for day in range(5)})
    rows = [[59000.0, 19.0, 18.9, 19.1], [59004.0, 19.0, 18.9, 19.1]]
    good = {**make_fit("salt3", -1.0), "model_name": "salt3", "model_lightcurve": {"ztfg": rows}}
    numbers = [upload_analysis(api, "Hostile_1", document) for document in (good, *HOSTILE)]
    compared = f"compare/{','.join(map(str, numbers[:6]))}"
    for address in ("source/Hostile_1", *(f"analysis/{number}" for number in numbers), compared):
        with app.allow_statuses(404):
            app.open(address)
        for summary in app.page.locator("details.fold > summary").all():
            summary.click()
        app.settle()
        expect(app.page.get_by_text("Cannot show this part of the page")).to_have_count(0)
        assert app.errors == [], address
    app.open("source/Hostile_1")
    legend = app.card("Light curve").get_by_role("group", name="Models of completed fits, best first")
    expect(legend).to_contain_text("salt3")


def test_analyses_are_compared(app: App, api: Api) -> None:
    add_light_curve(api, "Compare_1", {59000.0 + day: 19.0 for day in range(15)})
    curve = {"ztfg": [[59000.0, 19.0, 18.9, 19.1], [59014.0, 19.0, 18.9, 19.1]]}
    first, second = (
        upload_analysis(api, "Compare_1", {**make_fit(name, evidence), "model_name": name, "model_lightcurve": curve})
        for name, evidence in (("salt3", -10.0), ("hsiao", -14.5))
    )
    app.open("source/Compare_1")
    for analysis in (first, second):
        app.field(f"Select analysis {analysis} to compare").check()
    app.page.get_by_role("link", name="Compare 2 analyses").click()
    app.settle()
    comparison = app.page.get_by_role("group", name="Comparison")
    expect(comparison.get_by_role("row", name="Δ ln evidence")).to_contain_text("-4.5")
    expect(comparison.get_by_role("row", name="z 0")).to_contain_text("0.0490")
    for analysis in (first, second):
        expect(app.card("Light curve").get_by_label(re.compile(rf"analysis {analysis}\)"))).to_be_checked()
    script = "element => element.data.map(trace => trace.name)"
    names = app.card("Posteriors").locator(".js-plotly-plot").first.evaluate(script)
    assert names == [f"analysis {first}", f"analysis {second}"]


def test_evidences_of_different_data_are_not_compared(app: App, api: Api) -> None:
    first, second = (upload_analysis(api, "2019dwz", make_fit("salt3", -10.0, n_rows=number)) for number in (15, 16))
    app.open(f"compare/{first},{second}")
    expect(app.page.get_by_text("Evidences compare models of the same data only")).to_be_visible()
    expect(app.page.get_by_role("row", name="Δ ln evidence")).to_contain_text("other data")


def test_run_again_opens_the_form_with_what_was_chosen(app: App, api: Api) -> None:
    parameters = {
        "depth": {"type": "number", "default": 3}, "a": {"type": "string"}, "b": {"type": "string"},
        "c": {"type": "string"}, "d": {"type": "string", "default": "x"}, "api_key": {"type": "secret"},
    }  # fmt: skip
    with analysis_service() as service:
        options = {"name": "again", "display_name": "Again", "optional_analysis_parameters": parameters}
        service_id = register_service(api, service.url, **options)
        request = {
            "analysis_parameters": {"depth": 7, "a": "first", "d": "deep", "api_key": "hush"},
            "input_filters": {"photometry": {"filters": ["atlaso"]}}, "show_plots": False,
        }  # fmt: skip
        analysis = int(api.post(f"/obj/2019dwz/analysis/{service_id}", request)["id"])
        api.post(f"/obj/analysis/{analysis}/cancel", {})
        app.open(f"analysis/{analysis}")
        app.page.get_by_role("link", name=f"Run analysis {analysis} again").click()
        app.settle()
        expect(app.field("depth")).to_have_value("7")
        expect(app.field("d")).to_have_value("deep")
        expect(app.page.get_by_label("atlaso")).to_be_checked()
        expect(app.page.get_by_label("Plots")).not_to_be_checked()
        app.field("depth").fill("9")
        app.field("a").fill("")
        app.field("api_key").fill("typed")
        app.page.reload()
        app.settle()
        expect(app.field("depth")).to_have_value("9")
        expect(app.field("api_key")).to_have_value("")
        app.press("Start")
        app.page.wait_for_url("**/#/analysis/*")
        rerun = int(app.page.url.rsplit("/", 1)[1])
        record = api.get(f"/obj/analysis/{rerun}")
        assert record["analysis_parameters"] == {"depth": 9, "d": "deep"}
        assert record["input_filters"] == {"photometry": {"filters": ["atlaso"]}} and not record["show_plots"]
        wait_for_state(api, rerun, "pending")
        api.post(f"/obj/analysis/{rerun}/cancel", {})
        api.patch(f"/analysis_service/{service_id}", {"enabled": False})
        app.page.reload()
        app.settle()
        expect(app.page.get_by_role("link", name="Run analysis")).to_have_count(0)
        api.send_request("DELETE", f"/analysis_service/{service_id}")


def test_the_form_warns_of_groups_that_would_see_private_points(app: App, api: Api) -> None:
    add_light_curve(api, "Private_1", {59000.0: 19.0})
    (ztf,) = [entry["id"] for entry in api.get("/instrument") if entry["name"] == "ZTF"]
    point = {"obj_id": "Private_1", "instrument_id": ztf, "filter": "ztfr", "magsys": "ab", "limiting_mag": 22.0}
    api.post("/photometry", {**point, "mjd": 59001.0, "mag": 19.0, "magerr": 0.1})
    app.open("start/Private_1")
    groups = app.page.get_by_role("group", name="Groups")
    expect(groups).to_contain_text(re.compile("None selected: admin, who may see all"))
    groups.get_by_label("Sitewide Group").check()
    warning = app.page.get_by_role("alert").filter(has_text="Sitewide Group may not see all data")
    expect(warning).to_be_visible()
    app.page.get_by_label("ztfg").check()
    expect(warning).to_have_count(0)
