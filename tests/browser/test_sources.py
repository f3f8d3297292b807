"""Sources: search, add, edit, classify, comment, delete, light curve."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Route, expect

from infra.client import Api
from tests.browser.app import App

POSITION = {"ra": 0.56375, "dec": -0.0125}


def test_sources_are_found_by_any_part_of_a_name_or_alias(app: App, api: Api) -> None:
    api.post("/sources", {"id": "ZTF26aaqjmps", **POSITION, "alias": ["AT 2026hiz"]})
    for text in ("sn2026HIZ", "6hiz", "AQJM", "ztf 26aaq"):
        app.field("Search").fill(text)
        app.press("Search")
        expect(app.page.get_by_role("link", name="ZTF26aaqjmps")).to_be_visible()
        expect(app.page.get_by_role("link", name="2019dwz")).to_have_count(0)
    app.field("Search").fill("nowhere")
    app.page.keyboard.press("Enter")
    expect(app.card("Matches")).to_contain_text("No source visible to you for “nowhere”")


def test_back_restores_the_search_and_its_box(app: App) -> None:
    app.field("Search").fill("2020")
    app.press("Search")
    expect(app.page.get_by_role("link", name="2019dwz")).to_have_count(0)
    app.field("Search").fill("2019")
    app.press("Search")
    expect(app.page.get_by_role("link", name="2019dwz")).to_be_visible()
    app.page.get_by_role("link", name="2019dwz").click()
    app.page.go_back()
    expect(app.field("Search")).to_have_value("2019")
    app.page.go_back()
    expect(app.field("Search")).to_have_value("2020")
    expect(app.page.get_by_role("link", name="2020aai")).to_be_visible()
    app.page.go_back()
    expect(app.field("Search")).to_have_value("")


def test_sources_are_found_by_position_and_class(app: App, api: Api) -> None:
    api.post("/sources", {"id": "Cone_1", "ra": 80.0, "dec": -0.5})
    api.post("/sources", {"id": "Cone_2", "ra": 80.0, "dec": -0.49})
    api.post("/classification", {"obj_id": "Cone_2", "classification": "Ic-BL"})
    app.field("Search").fill("05:20:00 -00:30:00")
    app.press("Search")
    expect(app.page.get_by_role("link", name="Cone_1")).to_be_visible()
    expect(app.page.get_by_role("link", name="Cone_2")).to_have_count(0)
    app.field("Radius (arcsec)").fill("40")
    app.press("Search")
    expect(app.page.get_by_role("link", name="Cone_2")).to_be_visible()
    app.field("Search").fill("80, -0.5, 3")
    app.press("Search")
    expect(app.page.get_by_role("link", name="Cone_2")).to_have_count(0)
    app.field("Search").fill("25:00:00 -00:30:00")
    app.press("Search")
    expect(app.page.get_by_role("alert")).to_contain_text("is no position")
    app.open("sources")
    app.page.reload()
    app.field("Class").select_option("Ic-BL")
    expect(app.page.get_by_role("link", name="Cone_2")).to_be_visible()
    expect(app.page.get_by_role("link", name="Cone_1")).to_have_count(0)
    expect(app.card("Matches").locator(".class").first).to_have_text("Ic-BL")


def test_a_source_is_added_and_errors_are_shown_at_the_fields(app: App) -> None:
    app.press("Add a source")
    app.field("ID *").fill("Web_1")
    app.field("Right ascension").fill("150.1")
    app.field("Declination").fill("400")
    app.press("Save the source")
    expect(app.page.get_by_text("goes from −90° to +90°")).to_be_visible()
    assert app.field("Declination").get_attribute("aria-invalid") == "true"
    app.field("Declination").fill("-2.2")
    app.field("Redshift").fill("-2")
    with app.allow_statuses(400):
        app.press("Save the source")
        expect(app.page.get_by_text("greater than -1")).to_be_visible()
    app.field("Redshift").fill("0.03")
    app.press("Save the source")
    expect(app.page.get_by_role("heading", name="Web_1", level=1)).to_be_visible()
    expect(app.page.get_by_text("10:00:24.00 −02:12:00.0")).to_be_visible()
    expect(app.card("Light curve")).to_contain_text("No photometry")


def test_a_pasted_sexagesimal_position_is_understood_before_it_is_saved(app: App, api: Api) -> None:
    app.press("Add a source")
    app.field("ID *").fill("Web_sexagesimal")
    app.field("Redshift").fill("0.02")
    app.field("Right ascension").fill("00:02:15.30 -00:00:45.0")
    app.field("Origin").fill("a colleague")
    expect(app.field("Right ascension")).to_have_value("00:02:15.30")
    expect(app.field("Declination")).to_have_value("-00:00:45.0")
    expect(app.page.get_by_text("Understood: 00:02:15.300 = 0.56375°")).to_be_visible()
    expect(app.page.get_by_text("Understood: −00:00:45.00 = −0.0125°")).to_be_visible()
    # Sources of other tests may lie there: it is asked before, and saved when it is confirmed.
    app.press("Save the source")
    confirm = app.page.get_by_role("button", name="Save as another source")
    expect(confirm.or_(app.page.get_by_role("heading", name="Web_sexagesimal", level=1))).to_be_visible()
    if confirm.is_visible():
        confirm.click()
    expect(app.page.get_by_role("heading", name="Web_sexagesimal", level=1)).to_be_visible()
    source = api.get("/sources/Web_sexagesimal")
    assert {name: source[name] for name in ("ra", "dec", "redshift", "origin")} == {
        **POSITION, "redshift": 0.02, "origin": "a colleague",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("label", "text", "sentence"),
    [
        ("Right ascension", "24:00:01", "out of range"),
        ("Right ascension", "12 30", "two ways"),
        ("Declination", "12:61:00", "60 or more"),
        ("Declination", "-0,5", "decimal point"),
        ("Redshift", "0,05", "Write a decimal point: 0.05"),
        ("Redshift error", "00:02:15.30", "is no number"),
    ],
)
def test_a_wrong_text_is_a_sentence_and_nothing_is_saved(
    app: App, api: Api, label: str, text: str, sentence: str
) -> None:
    fields = {"ID *": "Web_wrong", "Right ascension": "10", "Declination": "20", label: text}
    app.press("Add a source")
    for name, value in fields.items():
        app.field(name).fill(value)
    app.press("Save the source")
    expect(app.page.locator(".error")).to_contain_text(sentence)
    expect(app.field(label)).to_be_focused()
    assert app.field(label).input_value() == text
    assert not api.get("/source_exists/Web_wrong")["source_exists"]


@pytest.mark.parametrize("name", ["Web_taken", "web taken", "SN2026taken", "at 2026TAKEN"])
def test_a_name_that_exists_is_offered_to_open_and_nothing_is_written(app: App, api: Api, name: str) -> None:
    fields = {"ra": 150.25, "dec": 2.5, "redshift": 0.1, "alias": ["AT 2026taken"], "group_ids": [2]}
    api.post("/sources", {"id": "Web_taken", **fields})
    before = api.get("/sources/Web_taken")
    app.press("Add a source")
    app.field("ID *").fill(name)
    app.press("Save the source")
    if " " in name:
        expect(app.page.locator(".error")).to_contain_text("other characters")
    else:
        expect(app.page.get_by_role("alert")).to_contain_text("Nothing was saved")
        app.page.get_by_role("link", name="Open Web_taken").click()
        expect(app.page.get_by_role("heading", name="Web_taken", level=1)).to_be_visible()
    assert api.get("/sources/Web_taken") == before


def test_a_source_at_the_same_position_is_pointed_out(app: App, api: Api) -> None:
    api.post("/sources", {"id": "Web_near", "ra": 33.0, "dec": 44.0})
    app.press("Add a source")
    app.field("ID *").fill("Web_nearer")
    app.field("Right ascension").fill("02:12:00.05")
    app.field("Declination").fill("+44:00:00.5")
    app.press("Save the source")
    expect(app.page.get_by_role("alert")).to_contain_text("there is already Web_near")
    assert not api.get("/source_exists/Web_nearer")["source_exists"]
    app.press("Save as another source")
    expect(app.page.get_by_role("heading", name="Web_nearer", level=1)).to_be_visible()


def test_the_list_shows_class_magnitude_and_verdict(app: App, api: Api) -> None:
    api.post("/classification", {"obj_id": "2020aai", "classification": "Ia", "probability": 0.75})

    def refute(route: Route) -> None:
        analyses = [
            {"id": 1, "obj_id": "2020aai", "status": "completed",
             "verdict": {"describes_data": False, "word": "refuted", "message": "It does not describe the data."}},
            {"id": 2, "obj_id": "2019dwz", "status": "completed", "verdict": None},
        ]  # fmt: skip
        route.fulfill(json={"status": "success", "data": analyses})

    app.page.route("**/api/obj/analysis?*", refute)
    app.open("sources?search=2020aai")
    row = app.page.get_by_role("row").filter(has=app.page.get_by_role("link", name="2020aai"))
    expect(row).to_contain_text("Ia 0.75")
    expect(row).to_contain_text("19.20 atlaso")
    expect(row.get_by_role("link", name="does not describe the data")).to_have_attribute("href", "#/analysis/1")
    app.open("sources?search=2019dwz")
    expect(app.page.get_by_role("link", name="completed")).to_be_visible()
    expect(app.page.get_by_role("table", name="Sources that you can see for “2019dwz”")).to_be_visible()


def test_the_list_is_sorted_by_the_server(app: App, api: Api) -> None:
    for number, redshift in ((1, 0.3), (2, 0.1), (3, 0.2)):
        api.post("/sources", {"id": f"Order_{number}", "ra": 10.0, "dec": 20.0, "redshift": redshift})
    app.open("sources?search=Order_")
    rows = app.page.locator("tbody th a")
    expect(app.page.get_by_role("columnheader", name="Saved")).to_have_attribute("aria-sort", "descending")
    expect(rows).to_have_text(["Order_3", "Order_2", "Order_1"])
    app.page.get_by_role("button", name="Redshift").click()
    expect(rows).to_have_text(["Order_2", "Order_3", "Order_1"])
    expect(app.page.get_by_role("columnheader", name="Redshift")).to_have_attribute("aria-sort", "ascending")
    app.page.get_by_role("button", name="Redshift").click()
    expect(rows).to_have_text(["Order_1", "Order_3", "Order_2"])
    app.page.go_back()
    expect(rows).to_have_text(["Order_2", "Order_3", "Order_1"])


def test_favourites_are_marked_kept_and_listed(app: App) -> None:
    app.open("sources?search=2019dwz")
    app.page.get_by_role("button", name="Favourite 2019dwz").click()
    expect(app.page.get_by_role("button", name="Favourite 2019dwz", pressed=True)).to_be_enabled()
    app.page.reload()
    app.page.get_by_label("Only favourites").check()
    expect(app.page.locator("tbody th a")).to_have_text(["2019dwz"])
    app.page.get_by_role("link", name="2019dwz").click()
    app.page.get_by_role("button", name="Favourite 2019dwz", pressed=True).click()
    expect(app.page.get_by_role("button", name="Favourite 2019dwz", pressed=False)).to_be_enabled()
    app.page.go_back()
    expect(app.card("Matches")).to_contain_text("No source visible to you for “2019dwz”, favourites")


def test_ticked_sources_make_a_batch(app: App) -> None:
    app.open("sources?search=2019dwz")
    app.page.get_by_label("Select 2019dwz").check()
    app.field("Search").fill("2020aai")
    app.press("Search")
    app.page.get_by_label("Select all on this page").check()
    link = app.page.get_by_role("link", name="New batch of 2")
    expect(link).to_have_attribute("href", "#/analyses?batch=2019dwz%2C2020aai")
    app.press("Clear selection")
    expect(link).to_have_count(0)


def test_the_list_fits_a_phone(app: App, api: Api) -> None:
    api.post("/sources", {"id": "Gaia19abc_with_a_long_identifier", "ra": 10.0, "dec": 20.0})
    app.page.set_viewport_size({"width": 390, "height": 844})
    app.open("sources?search=Gaia19abc_with")
    app.page.get_by_label("Select Gaia19abc_with_a_long_identifier").check()
    assert app.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert app.page.locator(".scroll").evaluate("element => element.scrollWidth <= element.clientWidth")


def test_the_head_of_a_source_links_to_other_archives(app: App, api: Api) -> None:
    api.post("/sources", {"id": "ZTF26links", "ra": 150.5, "dec": -2.25, "alias": ["AT 2026lnk"]})
    app.open("source/ZTF26links")
    addresses = {
        "TNS": "https://www.wis-tns.org/object/2026lnk",
        "NED": "https://ned.ipac.caltech.edu/conesearch?search_type=Near+Position+Search&in_csys=Equatorial"
        "&in_equinox=J2000&ra=150.5d&dec=-2.25d&radius=0.5",
        "SIMBAD": "https://simbad.cds.unistra.fr/simbad/sim-coo?Coord=150.5+-2.25&CooFrame=ICRS&Radius=10"
        "&Radius.unit=arcsec",
        "Legacy Survey": "https://www.legacysurvey.org/viewer?ra=150.5&dec=-2.25&layer=ls-dr10&zoom=16"
        "&mark=150.5%2C-2.25",
        "Aladin Lite": "https://aladin.cds.unistra.fr/AladinLite/?target=150.5+-2.25&fov=0.05",
    }
    for name, address in addresses.items():
        link = app.page.get_by_role("link", name=name, exact=True)
        expect(link).to_have_attribute("href", address)
        expect(link).to_have_attribute("rel", "noopener noreferrer")
    app.press("Copy position")
    assert app.page.evaluate("navigator.clipboard.readText()") == "150.5 -2.25"


def test_aliases_are_added_and_removed(app: App, api: Api) -> None:
    api.post("/sources", {"id": "Web_aliases", "ra": 10.0, "dec": 20.0, "alias": ["first"]})
    app.open("source/Web_aliases")
    # Added by someone else after the page was loaded: it must stay.
    api.patch("/sources/Web_aliases", {"alias": ["first", "second"]})
    app.press("Add an alias")
    app.field("Alias").fill(" AT 2026xyz ")
    app.press("Save alias")
    expect(app.page.get_by_label("Remove the alias AT 2026xyz")).to_be_visible()
    assert api.get("/sources/Web_aliases")["alias"] == ["first", "second", "AT 2026xyz"]
    for alias in ("first", "second", "AT 2026xyz"):
        app.page.get_by_label(f"Remove the alias {alias}").click()
        expect(app.page.get_by_label(f"Remove the alias {alias}")).to_have_count(0)
    assert api.get("/sources/Web_aliases")["alias"] is None


def test_an_edit_changes_only_what_was_edited(app: App, api: Api) -> None:
    api.post("/sources", {"id": "Web_edit", "ra": 10.0, "dec": 20.0, "redshift": 0.1, "redshift_origin": "host"})
    app.open("source/Web_edit")
    app.press("Edit")
    api.patch("/sources/Web_edit", {"redshift": 0.2})
    app.field("Declination").fill("-20:30:00")
    app.field("Origin of the redshift").fill("")
    app.press("Save")
    expect(app.page.get_by_text("00:40:00.00 −20:30:00.0")).to_be_visible()
    source = api.get("/sources/Web_edit")
    assert [source[name] for name in ("ra", "dec", "redshift", "redshift_origin")] == [10.0, -20.5, 0.2, None]


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


def test_the_form_of_a_new_source_is_accessible(app: App, api: Api) -> None:
    api.post("/sources", {"id": "Web_axe", "ra": 1.0, "dec": 2.0})
    app.press("Add a source")
    app.field("ID *").fill("Web_axe")
    app.field("Right ascension").fill("25:00:00")
    app.field("Redshift").fill("0,1")
    app.field("Origin").click()
    expect(app.page.locator(".error")).to_have_count(2)
    assert find_serious_violations(app) == []
    app.field("Right ascension").fill("")
    app.field("Redshift").fill("")
    app.press("Save the source")
    expect(app.page.get_by_role("link", name="Open Web_axe")).to_be_visible()
    assert find_serious_violations(app) == []


def find_serious_violations(app: App) -> list[str]:
    violations = Axe().run(app.page).response["violations"]
    return [violation["id"] for violation in violations if violation["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("address", ["sources", "source/2019dwz", "start/2019dwz", "services", "service/1"])
def test_no_field_drops_characters_of_a_number(app: App, address: str) -> None:
    app.open(address)
    for name in ("Add a source", "Add a service", "Edit", "Add"):
        for button in app.page.get_by_role("button", name=name, exact=True).all():
            button.click()
    for field in app.page.locator("input[inputmode=decimal]").all():
        if field.is_visible():
            field.fill("00:02:15.30")
            assert field.input_value() == "00:02:15.30"
            assert "is no number" in field.evaluate("field => field.validationMessage")
    expect(app.page.locator("input[type=number]")).to_have_count(0)
