"""Periodogram: find, fold and save the period of a variable star."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, expect

from infra.client import Api
from tests.browser.app import App
from tests.browser.variable import PERIOD, RR_LYRAE_PERIOD, add_rr_lyrae, add_variable
from tests.running_stack import RunningStack

GET_LABEL_BOXES = """
plot => [...plot.querySelectorAll(".annotation")].filter(label => label.textContent).map(label => {
    const {left, right, top, bottom} = label.getBoundingClientRect();
    return [label.textContent, left, right, top, bottom];
})
"""
GET_PIXEL = """
(plot, value) => {
    const {left, top} = plot.getBoundingClientRect();
    const {xaxis, yaxis} = plot._fullLayout;
    return [left + xaxis._offset + xaxis.d2p(value), top + yaxis._offset + yaxis._length / 2];
}
"""


@pytest.fixture(scope="module")
def variable(api: Api) -> str:
    add_variable(api, "Var_1")
    return "Var_1"


@pytest.fixture(scope="module")
def rr_lyrae(api: Api) -> str:
    add_rr_lyrae(api, "RR_Lyrae_3")
    return "RR_Lyrae_3"


def compute(app: App, source: str, **fields: str) -> Locator:
    """Open a source, compute its periodogram, and return the card."""
    app.open(f"source/{source}")
    card = app.card("Periodogram")
    for label, text in fields.items():
        card.get_by_label(label, exact=True).fill(text)
    app.press("Compute")
    app.settle()
    return card


def compute_between(app: App, source: str, low: str, high: str) -> Locator:
    return compute(app, source, **{"Lowest frequency (1/day)": low, "Highest frequency (1/day)": high})


def get_period(card: Locator) -> float:
    """Return the period of the folded light curve."""
    return float(card.get_by_role("heading", name="Folded with").locator(".number").inner_text().split(" ")[0])


def click_plot(app: App, plot: Locator, value: float) -> None:
    """Click in the middle of a plot, at a value of its horizontal axis."""
    plot.scroll_into_view_if_needed()
    x, y = plot.evaluate(GET_PIXEL, value)
    app.page.mouse.move(x, y)
    app.page.mouse.click(x, y)


def test_the_right_period_is_computed_folded_and_saved(app: App, api: Api, variable: str) -> None:
    card = compute_between(app, variable, "0.5", "6")
    best = card.get_by_role("table").get_by_role("button").first
    value, error = (float(text) for text in best.inner_text().split(" ± "))
    assert abs(value - PERIOD) < 5 * error < 1e-3
    expect(card.get_by_role("img", name="Periodogram of Var_1, ztfg, ztfr")).to_be_visible()
    folded = app.card("Folded light curve")
    expect(folded.locator(".plot .points path")).to_have_count(480)

    folded.get_by_role("button", name="2 ×", exact=True).click()
    assert get_period(folded) == pytest.approx(2 * PERIOD, rel=1e-3)
    folded.get_by_role("button", name="1 ×", exact=True).click()
    folded.get_by_label("Fine tuning of the period").fill("40")
    tuned_period = get_period(folded)
    assert tuned_period != value
    assert tuned_period == pytest.approx(PERIOD, rel=2e-3)
    expect(folded.get_by_role("heading")).not_to_contain_text("±")
    folded.get_by_label("Fine tuning of the period").fill("0")
    for num_notices in (1, 2):
        app.press("Save the period")
        expect(app.page.locator(".notice", has_text="as an annotation")).to_have_count(num_notices)
    (annotation,) = api.get(f"/sources/{variable}/annotations")
    assert annotation["origin"] == "periodogram"
    data = annotation["data"]
    assert data["period"] == pytest.approx(PERIOD, rel=1e-3) and "remark" not in data
    assert data["period_error"] == pytest.approx(error, rel=0.06) and data["epoch_mjd"] > 58999
    expect(app.card("Annotations")).to_contain_text("periodogram")


def test_aliases_stand_below_the_period_that_makes_them(app: App, api: Api, rr_lyrae: str) -> None:
    card = compute(app, rr_lyrae)
    rows = card.get_by_role("table").locator("tbody tr")
    expect(rows).to_have_count(5)
    assert float(rows.first.get_by_role("button").inner_text().split(" ")[0]) == pytest.approx(
        RR_LYRAE_PERIOD, rel=1e-3
    )
    expect(rows.first).to_contain_text("strongest period")
    expect(card.locator("tbody strong")).to_have_count(1)
    for i in range(1, 5):
        expect(rows.nth(i)).to_contain_text(re.compile(r"↳.*1-day alias of 0\.542[78]\d* d \(.*none of its own"))
    expect(card.get_by_text("Beware")).to_have_count(0)

    rows.nth(1).get_by_role("button").click()
    folded = app.card("Folded light curve")
    expect(folded).to_contain_text(re.compile(r"Beware 1-day alias of 0\.542[78]"))
    app.press("Save the period")
    expect(app.page.locator(".notice", has_text="as an annotation")).to_have_count(1)
    (annotation,) = api.get(f"/sources/{rr_lyrae}/annotations")
    assert annotation["data"]["remark"].startswith("1-day alias of 0.542")


@pytest.mark.parametrize("width", [1280, 390])
def test_labels_of_the_spectrum_do_not_touch(browser: Browser, stack: RunningStack, rr_lyrae: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme="dark")
    app = App(context.new_page(), f"{stack.url}/")
    app.record_errors()
    app.sign_in(stack.token)
    card = compute(app, rr_lyrae)
    for axis in ("Frequency", "Period"):
        card.get_by_role("button", name=axis, exact=True).click()
        for peak in range(3):
            card.get_by_role("table").get_by_role("button").nth(peak).click()
            app.page.wait_for_timeout(300)
            boxes = card.locator(".plot").first.evaluate(GET_LABEL_BOXES)
            assert {"f", "f + 1"} <= {box[0] for box in boxes}
            assert not list_touching(boxes)
    card.get_by_text("What the columns mean").click()
    violations = Axe().run(app.page).response["violations"]
    assert [each["id"] for each in violations if each["impact"] in ("serious", "critical")] == []
    assert app.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert app.errors == []
    context.close()


def list_touching(boxes: list[Any]) -> list[tuple[str, str]]:
    return [
        (one, other)
        for i, (one, left, right, top, bottom) in enumerate(boxes)
        for other, other_left, other_right, other_top, other_bottom in boxes[:i]
        if left < other_right and other_left < right and top < other_bottom and other_top < bottom
    ]


def test_the_sampling_window_is_drawn_on_demand(app: App, rr_lyrae: str) -> None:
    card = compute(app, rr_lyrae)
    plot = card.locator(".plot").first
    expect(plot).not_to_contain_text("Window")
    card.get_by_label("Sampling window").click()
    app.settle()
    expect(plot).to_contain_text("Window")
    window = plot.evaluate("plot => { const {x, y} = plot.data[2]; return x[y.indexOf(Math.max(...y))]; }")
    assert window == pytest.approx(1, abs=0.01)
    app.press("Compute")
    app.settle()
    expect(plot).to_contain_text("Window")
    card.get_by_label("Sampling window").click()
    app.settle()
    expect(plot).not_to_contain_text("Window")


def test_a_click_on_a_peak_folds_with_its_period(app: App, variable: str) -> None:
    app.open(f"source/{variable}")
    card = app.card("Periodogram")
    card.get_by_label("Filter", exact=True).select_option("ztfr")
    card.get_by_label("Highest frequency (1/day)").fill("5")
    app.press("Compute")
    app.settle()
    click_plot(app, card.locator(".plot").first, 2 / PERIOD)
    period = app.card("Folded light curve").get_by_role("heading").locator(".number")
    expect(period).to_have_text(re.compile(rf"^{PERIOD / 2:.3f}"))


def test_a_click_on_the_period_axis_folds_with_that_period(app: App, rr_lyrae: str) -> None:
    card = compute(app, rr_lyrae)
    card.get_by_role("table").get_by_role("button").nth(2).click()
    card.get_by_role("button", name="Period", exact=True).click()
    plot = card.locator(".plot").first
    expect(plot).to_contain_text("Period (days)")
    app.page.wait_for_timeout(300)
    click_plot(app, plot, RR_LYRAE_PERIOD)
    # the peak of the table, with its error
    heading = app.card("Folded light curve").get_by_role("heading")
    expect(heading).to_have_text(re.compile(r"Folded with 0\.542[78]\d* ± 0\.0000\d* days"))


@pytest.mark.parametrize(("low", "high", "name"), [("1.5", "1.842", "upper"), ("1.843", "2.2", "lower")])
def test_a_peak_at_the_edge_of_the_range_is_said_to_be_one(
    app: App, rr_lyrae: str, low: str, high: str, name: str
) -> None:
    card = compute_between(app, rr_lyrae, low, high)
    expect(card.get_by_role("table").locator("tbody tr").first).to_contain_text(f"at the {name} edge of the range")
    expect(card.locator("tbody strong")).to_have_count(0)
    expect(app.card("Folded light curve")).to_contain_text(f"Beware at the {name} edge of the range")


def test_a_period_outside_the_range_is_pointed_out_beside_its_alias(app: App, rr_lyrae: str) -> None:
    card = compute_between(app, rr_lyrae, "0.1", "1.5")
    warning = "Outside the range, its 1-day alias at 0.542"
    expect(card.get_by_role("table").locator("tbody tr").first).to_contain_text(warning)
    expect(app.card("Folded light curve")).to_contain_text(f"Beware {warning}")


def test_a_known_period_is_folded_without_a_periodogram(app: App, rr_lyrae: str) -> None:
    app.open(f"source/{rr_lyrae}")
    addresses: list[str] = []
    app.page.on("request", lambda request: addresses.append(request.url))
    app.field("Period (days)").fill("0.542746")
    app.press("Fold")
    folded = app.card("Folded light curve")
    expect(folded.get_by_role("heading")).to_have_text("Folded with 0.542746 days")
    expect(folded.locator(".plot .points path")).to_have_count(360)
    expect(folded.locator(".legendtext")).to_have_text(["ztfg", "ztfi", "ztfr"])
    app.card("Periodogram").get_by_label("Filter", exact=True).select_option("ztfr")
    app.press("Fold")
    expect(folded.locator(".plot .points path")).to_have_count(120)
    assert not [address for address in addresses if "periodogram" in address.rpartition("/")[2]]


@pytest.mark.parametrize("text", ["", "0,54", "soon", "-3", "0", "1e400", "nan", "0x10 h"])
def test_a_period_that_is_none_is_refused_in_words(app: App, rr_lyrae: str, text: str) -> None:
    app.open(f"source/{rr_lyrae}")
    app.field("Period (days)").fill(text)
    app.press("Fold")
    card = app.card("Periodogram")
    expect(card.locator(".error")).to_contain_text("Type days with a decimal point")
    expect(app.card("Folded light curve")).to_have_count(0)


def test_a_wrong_frequency_range_is_reported(app: App, variable: str) -> None:
    app.open(f"source/{variable}")
    card = app.card("Periodogram")
    card.get_by_label("Lowest frequency (1/day)").fill("5")
    card.get_by_label("Highest frequency (1/day)").fill("2")
    with app.allow_statuses(400):
        app.press("Compute")
        expect(card.get_by_role("alert")).to_contain_text("fmin")
