"""Getting around: shortcuts, focus, scroll, sections, the links to help, text and names of tables."""

import time

import pytest
from playwright.sync_api import expect

from infra.client import Api
from tests.browser.app import App
from tests.browser.parts import show_part

FIND_GLUED_WORDS = r"""() => {
    const faults = [];
    for (const element of document.body.querySelectorAll("a, code, strong, em, b, i, time, kbd")) {
        const [before, after] = [element.previousSibling, element.nextSibling];
        const text = element.textContent;
        if (getComputedStyle(element).display !== "inline") continue;
        if (before?.nodeType === Node.TEXT_NODE && /[\w,.;:)]$/.test(before.data) && /^\w/.test(text))
            faults.push(before.data.slice(-20) + text);
        if (after?.nodeType === Node.TEXT_NODE && /\w$/.test(text) && /^\w/.test(after.data))
            faults.push(text + after.data.slice(0, 20));
    }
    return faults;
}"""
PAGES = [
    "sources", "source/2019dwz", "start/2019dwz", "analyses", "batches", "services", "service/1", "me", "nowhere",
]  # fmt: skip
NAME_SECTIONS = """() => document.querySelectorAll("section.card").forEach((card, i) => { card.id = `s${i}`; })"""


def test_no_words_are_glued_together(app: App) -> None:
    faults = {}
    for address in PAGES:
        app.open(address)
        faults[address] = app.page.evaluate(FIND_GLUED_WORDS)
    assert not any(faults.values()), faults


@pytest.fixture
def batch(api: Api) -> int:
    """A batch with one analysis."""
    body = {"service_id": 1, "obj_ids": ["2019dwz"], "analysis_parameters": {"source": "salt3", "n_draws": 200}}
    number = int(api.post("/analysis_batch", body)["id"])
    while api.get(f"/analysis_batch/{number}")["status"] != "done":
        time.sleep(0.2)
    return number


def test_every_table_says_what_it_holds(app: App, batch: int) -> None:
    for address in ("analyses", "batches", f"batch/{batch}", "services", "me"):
        app.open(address)
        names = [area.get_attribute("aria-label") for area in app.page.locator(".scroll").all()]
        assert names and not {"Table", None, ""} & set(names), address


def test_the_footer_leads_to_the_guides_and_the_reference(app: App) -> None:
    help_links = app.page.get_by_role("navigation", name="Help")
    for name, text in (("Guide for astronomers", "# "), ("Guide for service authors", "# "), ("API reference", "<")):
        address = help_links.get_by_role("link", name=name).evaluate("link => link.href")
        response = app.page.request.get(address)
        assert response.status == 200 and response.text().startswith(text), name
        assert "text/" in response.headers["content-type"]


def test_the_keys_are_listed_and_the_list_gives_the_focus_back(app: App) -> None:
    app.open("services")
    app.page.keyboard.press("?")
    dialog = app.page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_contain_text("Light curve in fluxes")
    app.page.keyboard.press("/")
    expect(app.page.get_by_role("heading", name="Services", level=1)).to_have_count(1)
    app.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert app.page.evaluate("document.activeElement.textContent") == "Services"


def test_a_slash_goes_to_the_search_from_any_page_but_not_from_a_field(app: App) -> None:
    search = app.page.get_by_role("search").locator("input").first
    app.open("services")
    app.page.keyboard.press("/")
    expect(app.page.get_by_role("heading", name="Sources", level=1)).to_be_visible()
    expect(search).to_be_focused()
    app.page.keyboard.type("20/?")
    expect(search).to_have_value("20/?")
    search.blur()
    app.page.keyboard.press("/")
    expect(search).to_be_focused()


def test_the_focus_follows_to_the_heading_of_the_next_page(app: App) -> None:
    app.page.get_by_role("navigation", name="Main").get_by_role("link", name="Analyses").click()
    heading = app.page.get_by_role("heading", name="Analyses", level=1)
    expect(heading).to_be_focused()
    assert heading.evaluate("heading => getComputedStyle(heading).outlineStyle") == "none"
    expect(app.page).to_have_title("Analyses · Heliograph")
    app.open("source/2019dwz")
    expect(app.page.get_by_role("heading", name="2019dwz", level=1)).to_be_focused()
    expect(app.page).to_have_title("2019dwz · Heliograph")


def test_back_finds_the_page_where_it_was_scrolled(app: App) -> None:
    app.open("source/2019dwz")
    app.page.wait_for_timeout(300)
    app.page.mouse.wheel(0, 700)
    app.page.wait_for_function("() => scrollY > 600")
    scroll = app.page.evaluate("scrollY")
    app.page.evaluate("location.hash = '#/services'")
    app.settle()
    app.page.wait_for_function("() => scrollY === 0")
    app.page.go_back()
    app.page.wait_for_function("scroll => Math.abs(scrollY - scroll) < 3", arg=scroll)
    app.settle()
    app.page.wait_for_timeout(300)
    assert abs(app.page.evaluate("scrollY") - scroll) < 3
    app.page.go_forward()
    app.settle()
    app.page.reload()
    app.settle()
    expect(app.page.get_by_role("heading", name="Services", level=1)).to_be_visible()


def show_tabs(app: App) -> None:
    app.page.evaluate(NAME_SECTIONS)
    sections = [{"id": f"s{number}", "label": f"Section {number}"} for number in (1, 3, 5)]
    show_part(app, "parts/section_tabs.js", "SectionTabs", {"sections": sections})


def test_section_tabs_scroll_mark_the_section_and_keep_it_in_the_address(app: App) -> None:
    app.open("source/2019dwz")
    show_tabs(app)
    tabs = app.page.get_by_role("navigation", name="Sections").filter(has_text="Section 1")
    tabs.get_by_role("link", name="Section 3").click()
    app.page.wait_for_function("() => document.getElementById('s3').getBoundingClientRect().top < 120")
    expect(tabs.get_by_role("link", name="Section 3")).to_have_attribute("aria-current", "true")
    assert tabs.evaluate("tabs => tabs.getBoundingClientRect().top") == 0, "the tabs stay in sight"
    assert app.page.evaluate("() => document.getElementById('s3').getBoundingClientRect().top") > 40, (
        "not hidden by them"
    )
    expect(app.page.get_by_role("heading", name="2019dwz", level=1)).to_have_count(1)
    assert app.page.url.endswith("#/source/2019dwz?section=s3")
    app.page.mouse.wheel(0, -10_000)
    expect(tabs.get_by_role("link", name="Section 1")).to_have_attribute("aria-current", "true")


def test_an_address_with_a_section_opens_the_page_at_it(app: App) -> None:
    app.open("source/2019dwz?section=s5")
    show_tabs(app)
    app.page.wait_for_function("() => document.getElementById('s5').getBoundingClientRect().top < 200")
