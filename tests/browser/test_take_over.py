"""Take the class and the redshift of a fit over to its source."""

import re
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from infra.client import Api
from tests.browser.app import App
from tests.browser.test_results import REFUTED, make_catalogue, make_fit
from tests.browser.test_spectra import add_spectrum, list_places, list_traces, make_spectrum_fit
from tests.browser.uploads import upload_analysis

HIERARCHY = {
    "class": "Supernova", "subclasses": [{"class": "Type Ia"}, {"class": "Type II", "subclasses": [{"class": "IIP"}]}],
}  # fmt: skip


def open_fit(app: App, api: Api, source: str, *, redshift: float | None = None, **more: Any) -> int:
    """Add a source, a spectrum and its fit; open the fit's page and return its id."""
    number = upload_analysis(api, source, make_spectrum_fit(add_spectrum(api, source, redshift=redshift), **more))
    app.open(f"analysis/{number}")
    return number


def test_the_page_of_a_fit_shows_the_model_and_lines_at_its_redshift(app: App, api: Api) -> None:
    open_fit(app, api, "Fit_1")
    card = app.card("Spectrum")
    expect(card.locator(".plot .trace").first).to_be_visible()
    assert list_traces(card) == ["spectrum", "host, model", "model", "residual"]
    script = "element => element.data.find(trace => trace.name === 'residual').y.slice(0, 2)"
    first, second = card.locator(".js-plotly-plot").evaluate(script)
    assert first is None and abs(second) < 3
    expect(card.get_by_label("Redshift of the lines")).to_have_value("0.02134")
    card.get_by_label("H", exact=True).check()
    expect(card.locator(".plot .annotation-text", has_text="Hα")).to_be_visible()
    assert max(list_places(card)) == pytest.approx(6562.8 * 1.02134)
    expect(app.card("Results").get_by_label("Probability of class II")).to_have_js_property("value", 0.943218)
    ranking = app.card("Ranking of models")
    expect(ranking.get_by_role("row", name="salt3")).to_contain_text("-3.1")
    expect(ranking.get_by_role("columnheader", name="Phase (days)")).to_be_visible()
    expect(ranking.get_by_role("columnheader", name="Misfit p")).to_have_count(0)
    expect(ranking).to_contain_text("II 0.464,")


def test_a_classification_is_taken_over_with_its_probability(app: App, api: Api) -> None:
    number = open_fit(app, api, "Take_1")
    section = app.page.get_by_role("region", name="Take over")
    expect(section).to_contain_text("without a taxonomy")
    app.press("Take over this classification")
    expect(section.get_by_role("status")).to_contain_text("Taken over: II (0.9432)")
    expect(app.page.locator(".notice.good", has_text="Classified Take_1 as II (0.9432)")).to_be_visible()
    (remark,) = api.get("/sources/Take_1/classifications")
    assert (remark["classification"], remark["probability"], remark["ml"]) == ("II", 0.9432, True)
    assert remark["origin"].endswith(f"analysis {number}") and remark["taxonomy_id"] == 0
    app.page.reload()
    app.settle()
    expect(section).to_contain_text("Taken over: II")
    expect(app.page.get_by_role("button", name="Take over this classification")).to_have_count(0)
    section.get_by_label("Class of the fit").select_option("Ia")
    expect(app.page.get_by_role("button", name="Take over this classification")).to_be_visible()
    section.get_by_role("link", name="Take_1").click()
    expect(app.card("Classifications")).to_contain_text("II (0.9432)")


def test_the_class_of_a_taxonomy_is_chosen_or_named(app: App, api: Api) -> None:
    fields = {"name": "Explosions", "version": "1", "hierarchy": HIERARCHY}
    taxonomy = api.post("/taxonomy", fields)["taxonomy_id"]
    open_fit(app, api, "Take_2", class_probabilities={"II": 0.7, "stripped": 0.3})
    section = app.page.get_by_role("region", name="Take over")
    target = section.get_by_label("Classify as")
    expect(target).to_have_value(f"{taxonomy}:Type II")
    expect(target.locator("option:checked")).to_have_text("Type II (Explosions 1)")
    section.get_by_label("Class of the fit").select_option("stripped")
    expect(section).to_contain_text("No taxonomy that you can see has a class like “stripped-envelope SN”")
    expect(target).to_have_value("none")
    section.get_by_label("Class of the fit").select_option("II")
    app.press("Take over this classification")
    expect(section.get_by_role("status")).to_contain_text("Taken over: Type II (0.7)")
    (remark,) = api.get("/sources/Take_2/classifications")
    assert (remark["classification"], remark["taxonomy_id"]) == ("Type II", taxonomy)
    api.send_request("DELETE", f"/taxonomy/{taxonomy}")


def test_the_ranking_of_the_supernova_fitter_is_taken_over(app: App, api: Api) -> None:
    api.post("/sources", {"id": "Take_3", "ra": 10.0, "dec": 20.0})
    catalogue = make_catalogue({"Ia": 0.9999999, "none of these": 1e-7}, "if it is like a model")
    app.open(f"analysis/{upload_analysis(api, 'Take_3', make_fit('salt3', -10.0, catalogue=catalogue))}")
    section = app.page.get_by_role("region", name="Take over")
    expect(section.get_by_role("option", name="none of these")).to_have_count(0)
    expect(app.page.get_by_role("button", name="Take over the redshift")).to_have_count(0)
    app.press("Take over this classification")
    expect(section.get_by_role("status")).to_contain_text("Taken over: Ia (0.9999)")


def test_a_redshift_is_taken_over_where_there_is_none(app: App, api: Api) -> None:
    number = open_fit(app, api, "Take_4")
    app.press("Take over the redshift")
    expect(app.page.get_by_role("region", name="Take over")).to_contain_text("Taken over: z = 0.02134 ± 0.0009")
    source = api.get("/sources/Take_4")
    assert (source["redshift"], source["redshift_error"]) == (0.02134, 0.0009)
    assert source["redshift_origin"].endswith(f"analysis {number}")


def test_a_redshift_is_replaced_only_after_a_question(app: App, api: Api) -> None:
    open_fit(app, api, "Take_5", redshift=0.03)
    expect(app.page.get_by_role("region", name="Take over")).to_contain_text("The source has 0.03.")
    app.press("Take over the redshift")
    expect(app.page.get_by_role("dialog")).to_contain_text("It is 0.03; the fit has 0.02134 ± 0.0009.")
    app.answer("Keep")
    assert api.get("/sources/Take_5")["redshift"] == 0.03
    app.press("Take over the redshift")
    app.answer("Replace redshift")
    expect(app.page.get_by_role("region", name="Take over")).to_contain_text("Taken over: z = 0.02134")
    assert api.get("/sources/Take_5")["redshift"] == 0.02134


def test_a_redshift_that_another_set_meanwhile_is_not_overwritten(app: App, api: Api) -> None:
    open_fit(app, api, "Take_6")
    api.patch("/sources/Take_6", {"redshift": 0.5})
    app.press("Take over the redshift")
    expect(app.page.get_by_role("dialog")).to_contain_text("It is 0.5")
    app.answer("Keep")
    assert api.get("/sources/Take_6")["redshift"] == 0.5


def test_a_button_is_busy_until_the_server_has_answered_and_an_error_is_said(app: App, api: Api) -> None:
    open_fit(app, api, "Take_7")
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    app.page.route("**/classification", hold)
    app.press("Take over this classification")
    button = app.page.get_by_role("button", name=re.compile("Take over this"))
    expect(button).to_be_disabled()
    waiting[0].fulfill(status=429, json={"status": "error", "message": "Too many requests. Try again in 3 s."})
    with app.allow_statuses(429):
        alert = app.page.get_by_role("region", name="Take over").get_by_role("alert")
        expect(alert).to_contain_text("Too many requests")
    expect(button).to_be_enabled()
    assert api.get("/sources/Take_7/classifications") == []


def test_nothing_is_taken_over_from_a_refuted_model_or_a_vague_class(app: App, api: Api) -> None:
    document = {**make_spectrum_fit(add_spectrum(api, "Take_8", redshift=None)), "verdict": REFUTED}
    app.open(f"analysis/{upload_analysis(api, 'Take_8', document)}")
    expect(app.card("Results").locator("meter").first).to_be_visible()
    expect(app.page.get_by_role("button", name="Take over")).to_have_count(0)
    open_fit(app, api, "Take_9", class_probabilities={"blue": 0.9, "II": 0.1})
    section = app.page.get_by_role("region", name="Take over")
    expect(section).to_contain_text("The most probable class, blue, is no class to take over.")
    expect(section.get_by_role("button", name="Take over the redshift")).to_be_visible()


def test_only_those_who_may_are_offered_it(stranger: App, api: Api) -> None:
    number = upload_analysis(api, "Take_10", make_spectrum_fit(add_spectrum(api, "Take_10", redshift=None)))
    token = api.post("/internal/tokens", {"name": "reader", "acls": ["Run Analyses"]})["token_id"]
    stranger.sign_in(token)
    stranger.open(f"analysis/{number}")
    expect(stranger.card("Results").locator("meter").first).to_be_visible()
    expect(stranger.page.get_by_role("region", name="Take over")).to_have_count(0)
