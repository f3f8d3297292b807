"""Sources: search, add, edit, classify, comment, delete, light curve."""

from playwright.sync_api import expect

from infra.client import Api
from tests.browser.app import App


def test_sources_are_searched_by_the_start_of_their_id(app: App) -> None:
    expect(app.page.get_by_role("link", name="2019dwz")).to_be_visible()
    app.field("ID starts with").fill("2020")
    app.press("Search")
    expect(app.page.get_by_role("link", name="2020aai")).to_be_visible()
    expect(app.page.get_by_role("link", name="2019dwz")).to_have_count(0)
    app.page.go_back()
    expect(app.page.get_by_role("link", name="2019dwz")).to_be_visible()


def test_a_source_is_added_and_errors_are_shown_at_the_fields(app: App) -> None:
    app.press("Add a source")
    app.field("ID *").fill("Web_1")
    app.field("Right ascension (degrees)").fill("150.1")
    app.field("Declination (degrees)").fill("400")
    with app.allow_statuses(400):
        app.press("Save the source")
        expect(app.page.get_by_text("at most 90")).to_be_visible()
    assert app.field("Declination (degrees)").get_attribute("aria-invalid") == "true"
    app.field("Declination (degrees)").fill("-2.2")
    app.field("Redshift").fill("0.03")
    app.press("Save the source")
    expect(app.page.get_by_role("heading", name="Web_1", level=1)).to_be_visible()
    expect(app.page.get_by_text("10:00:24.00 −02:12:00.0")).to_be_visible()
    expect(app.card("Light curve")).to_contain_text("No photometry")


def test_a_source_is_edited_classified_and_commented(app: App, api: Api) -> None:
    api.post("/sources", {"id": "Web_2", "ra": 10.0, "dec": 20.0})
    app.open("source/Web_2")
    app.press("Edit")
    app.field("Redshift").fill("0.071")
    app.press("Save")
    expect(app.page.get_by_text("0.071")).to_be_visible()
    assert api.get("/sources/Web_2")["redshift"] == 0.071
    app.field("Classification *").fill("Ia")
    app.field("Probability").fill("0.9")
    app.press("Classify")
    expect(app.card("Classifications")).to_contain_text("Ia (0.9)")
    app.field("Comment *").fill("<b>bright</b> & early")
    app.card("Comments").get_by_role("button", name="Comment", exact=True).click()
    expect(app.card("Comments")).to_contain_text("<b>bright</b> & early")
    app.card("Comments").get_by_role("button", name="Delete this comment").click()
    app.answer("Delete comment")
    expect(app.card("Comments")).to_contain_text("No comments yet")


def test_a_source_is_deleted_after_confirmation(app: App, api: Api) -> None:
    api.post("/sources", {"id": "Web_3", "ra": 10.0, "dec": 20.0})
    app.open("source/Web_3")
    app.press("Delete")
    app.answer("Keep")
    expect(app.page.get_by_role("heading", name="Web_3", level=1)).to_be_visible()
    app.press("Delete")
    app.answer("Delete source")
    expect(app.page.get_by_role("heading", name="Sources", level=1)).to_be_visible()
    with app.allow_statuses(404):
        app.open("source/Web_3")
        expect(app.page.get_by_role("alert")).to_contain_text("Web_3")


def test_the_light_curve_switches_bands_units_and_time_axis(app: App) -> None:
    app.open("source/2019dwz")
    light_curve = app.card("Light curve")
    markers = light_curve.locator(".plot .points path")
    expect(markers.first).to_be_visible()
    assert markers.count() == 33
    light_curve.get_by_label("atlaso · ATLAS").uncheck()
    expect(markers).to_have_count(13)
    light_curve.get_by_role("button", name="Flux").click()
    expect(light_curve.locator(".ytitle")).to_contain_text("Flux (µJy, AB)")
    expect(light_curve.locator(".xtitle")).to_contain_text("Days since first detection")
    light_curve.get_by_role("button", name="MJD").click()
    expect(light_curve.locator(".xtitle")).to_have_text("MJD")
    expect(app.card("Photometry summary")).to_contain_text("Observations")
