"""Periodogram: find, fold and save the period of a variable star."""

import re

import pytest
from playwright.sync_api import expect

from infra.client import Api
from tests.browser.app import App
from tests.browser.variable import PERIOD, add_variable


@pytest.fixture(scope="module")
def variable(api: Api) -> str:
    add_variable(api, "Var_1")
    return "Var_1"


def test_the_right_period_is_computed_folded_and_saved(app: App, api: Api, variable: str) -> None:
    app.open(f"source/{variable}")
    card = app.card("Periodogram")
    card.get_by_label("Lowest frequency (1/day)").fill("0.5")
    card.get_by_label("Highest frequency (1/day)").fill("6")
    app.press("Compute")
    app.settle()
    best = card.get_by_role("table").get_by_role("button").first
    assert float(best.inner_text()) == pytest.approx(PERIOD, rel=1e-3)
    expect(card.get_by_role("img", name="Periodogram of Var_1, ztfg, ztfr")).to_be_visible()
    best_periods = api.get(f"/sources/{variable}/periodogram?fmin=0.5&fmax=6")["best_periods"]
    beware = [caveat["message"] for period in best_periods for caveat in period["caveats"]]
    assert beware
    for message in beware:
        expect(card.get_by_role("table")).to_contain_text(message)
    folded = app.card("Folded light curve")
    expect(folded.locator(".plot .points path")).to_have_count(480)

    folded.get_by_role("button", name="2 ×", exact=True).click()
    heading = folded.get_by_role("heading")
    assert float(heading.locator(".number").inner_text()) == pytest.approx(2 * PERIOD, rel=1e-3)
    folded.get_by_role("button", name="1 ×", exact=True).click()
    folded.get_by_label("Fine tuning of the period").fill("40")
    tuned_period = float(heading.locator(".number").inner_text())
    assert tuned_period != float(best.inner_text())
    assert tuned_period == pytest.approx(PERIOD, rel=2e-3)
    folded.get_by_label("Fine tuning of the period").fill("0")
    for num_notices in (1, 2):
        app.press("Save the period")
        expect(app.page.locator(".notice", has_text="as an annotation")).to_have_count(num_notices)
    (annotation,) = api.get(f"/sources/{variable}/annotations")
    assert annotation["origin"] == "periodogram"
    assert annotation["data"]["period"] == pytest.approx(PERIOD, rel=1e-3)
    expect(app.card("Annotations")).to_contain_text("periodogram")


def test_a_click_on_a_peak_folds_with_its_period(app: App, variable: str) -> None:
    app.open(f"source/{variable}")
    card = app.card("Periodogram")
    card.get_by_label("Filter", exact=True).select_option("ztfr")
    card.get_by_label("Highest frequency (1/day)").fill("5")
    app.press("Compute")
    app.settle()
    plot = card.locator(".plot").first
    plot.scroll_into_view_if_needed()
    x, y = plot.evaluate(
        """(plot, frequency) => {
            const {left, top} = plot.getBoundingClientRect();
            const {xaxis, yaxis} = plot._fullLayout;
            return [left + xaxis._offset + xaxis.d2p(frequency), top + yaxis._offset + yaxis._length / 2];
        }""",
        2 / PERIOD,
    )
    app.page.mouse.move(x, y)
    app.page.mouse.click(x, y)
    period = app.card("Folded light curve").get_by_role("heading").locator(".number")
    expect(period).to_have_text(re.compile(rf"^{PERIOD / 2:.3f}"))


def test_a_wrong_frequency_range_is_reported(app: App, variable: str) -> None:
    app.open(f"source/{variable}")
    card = app.card("Periodogram")
    card.get_by_label("Lowest frequency (1/day)").fill("5")
    card.get_by_label("Highest frequency (1/day)").fill("2")
    with app.allow_statuses(400):
        app.press("Compute")
        expect(card.get_by_role("alert")).to_contain_text("fmin")
