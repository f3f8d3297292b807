"""Accessibility (axe, layout, keyboard) and security (content policy, markup in data)."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from infra.client import Api
from tests.browser.app import App
from tests.browser.test_spectra import add_spectrum, make_spectrum_fit
from tests.browser.uploads import upload_analysis
from tests.e2e.analysis_helpers import wait_for_state
from tests.running_stack import RunningStack

PAGES = [
    "sources", "source/2019dwz", "start/2019dwz", "analyses", "batches", "analysis/{first}", "compare/{first},{second}",
    "services", "service/1", "me", "source/Accessible_1", "analysis/{spectrum}",
]  # fmt: skip
ADD_INLINE_SCRIPT = """
const script = document.createElement("script");
script.textContent = "window.inlined = 1";
document.body.append(script);
"""
RESOURCE_SIZES = """
performance.getEntriesByType("resource").filter(entry => !entry.name.includes("/api/"))
    .map(entry => [entry.name, entry.decodedBodySize])
"""


@pytest.fixture(scope="module")
def fits(api: Api) -> dict[str, int]:
    """A fit, a ranking of models, and a fit of a spectrum."""
    products = dict.fromkeys(("show_parameters", "show_plots", "show_corner"), True)
    numbers = {}
    for name, source in (("first", "auto"), ("second", "salt3")):
        request = {"analysis_parameters": {"source": source, "n_draws": 200}, **products}
        numbers[name] = int(api.post("/obj/2019dwz/analysis/1", request)["id"])
    for number in numbers.values():
        wait_for_state(api, number)
    document = make_spectrum_fit(add_spectrum(api, "Accessible_1"))
    return {**numbers, "spectrum": upload_analysis(api, "Accessible_1", document)}


def mark_lines(app: App) -> None:
    """Mark lines in the spectra, if the page has any; on a phone they are folded."""
    for lines in app.page.locator("details.lines").all():
        if lines.get_attribute("open") is None:
            lines.locator("summary").click()
        lines.get_by_label("He I", exact=True).check()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_axe_reports_nothing_serious_and_no_page_overflows(
    browser: Browser, stack: RunningStack, fits: dict[str, int], page: str, scheme: str
) -> None:
    size = {"width": 390, "height": 844} if scheme == "dark" else {"width": 1280, "height": 900}
    context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    app = App(context.new_page(), f"{stack.url}/")
    app.record_errors()
    app.sign_in(stack.token)
    app.open(page.format(**fits))
    for summary in app.page.locator("details.fold > summary").all():
        summary.click()
    mark_lines(app)
    app.settle()
    violations = Axe().run(app.page).response["violations"]
    serious = [(violation["id"], [node["html"][:150] for node in violation["nodes"][:3]])
               for violation in violations if violation["impact"] in ("serious", "critical")]  # fmt: skip
    assert serious == []
    assert app.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert app.errors == []
    context.close()


def test_the_keyboard_reaches_the_content_and_a_dialog_keeps_the_focus(app: App, api: Api) -> None:
    api.post("/sources", {"id": "Keys_1", "ra": 10.0, "dec": 20.0})
    app.open("source/Keys_1")
    # A page that is loaded anew, as by its address: after a link, the focus is on the heading.
    app.page.reload()
    app.settle()
    app.page.keyboard.press("Tab")
    assert app.page.evaluate("document.activeElement.textContent") == "Skip to content"
    app.page.keyboard.press("Enter")
    assert app.page.evaluate("document.activeElement.id") == "content"
    app.page.get_by_role("button", name="Delete", exact=True).focus()
    app.page.keyboard.press("Enter")
    expect(app.page.get_by_role("dialog")).to_be_visible()
    assert app.page.evaluate("document.activeElement.textContent") == "Keep"
    app.page.keyboard.press("Escape")
    expect(app.page.get_by_role("dialog")).to_have_count(0)


def test_the_content_policy_blocks_other_hosts_and_inline_scripts(app: App) -> None:
    policy = app.page.request.get(app.url).headers["content-security-policy"]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == "'none'" and rules["script-src"] == rules["style-src"] == "'self'"
    app.page.evaluate(ADD_INLINE_SCRIPT)
    assert app.page.evaluate("window.inlined") is None
    assert len(app.errors) == 1 and "Content Security Policy" in app.errors.pop()


def test_the_first_page_is_small(app: App) -> None:
    sizes = app.page.evaluate(RESOURCE_SIZES)
    assert not [name for name, _ in sizes if "plotly-basic" in name]
    assert sum(size for _, size in sizes) < 300_000


def test_markup_in_the_data_of_a_source_never_runs(app: App, api: Api) -> None:
    markup = "<img src=x onerror='window.hasRun=1'><script>window.hasRun=1</script>"
    api.post("/sources", {"id": "Markup_1", "ra": 10.0, "dec": 20.0, "origin": markup})
    api.post("/sources/Markup_1/comments", {"text": markup})
    api.post("/sources/Markup_1/annotations", {"origin": "markup", "data": {markup: markup}})
    app.open("source/Markup_1")
    expect(app.card("Comments")).to_contain_text("onerror")
    assert app.page.evaluate("window.hasRun") is None
