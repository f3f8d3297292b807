"""The page of the API reference in a browser, as the stack serves it."""

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from infra.client import Api
from tests.browser.app import App
from tests.running_stack import RunningStack


@pytest.fixture
def reference(stranger: App) -> Page:
    """The page; no test leaves a message on the console, such as a violation of the content policy."""
    page = stranger.page
    page.goto(f"{stranger.url}api/docs")
    expect(page.locator(".opblock").first).to_be_visible()
    return page


def list_operations(page: Page) -> set[tuple[str, str]]:
    """Return method and path of the operations, without the webhook; a long page holds only those in sight."""
    operations: set[tuple[str, str]] = set()
    is_end = False
    while not is_end:
        rows: list[list[str]] = page.locator(".opblock-summary").evaluate_all(
            "rows => rows.map(row => [row.querySelector('.opblock-summary-method').textContent,"
            " row.querySelector('[data-path]').dataset.path])"
        )
        operations |= {(method, path) for method, path in rows if path.startswith("/")}
        is_end = page.evaluate("() => innerHeight + scrollY >= document.documentElement.scrollHeight - 2")
        page.evaluate("() => scrollBy(0, innerHeight / 2)")
        page.wait_for_timeout(100)
    return operations


def open_operation(page: Page, path: str) -> Locator:
    """Find an operation by its path, open it and return it."""
    page.locator(".operation-filter-input").fill(path)
    expect(page.locator(".opblock-tag-section").first).to_be_visible()
    operation = page.locator(".opblock", has=page.locator(f"[data-path='{path}']")).first
    operation.locator(".opblock-summary-control").click()
    return operation


def test_page_lists_all_operations(reference: Page, api: Api) -> None:
    paths = api.get_body("/openapi.json")["paths"]
    assert list_operations(reference) == {
        (method.upper(), path) for path, methods in paths.items() for method in methods
    }
    expect(reference.get_by_text("What an analysis service receives.")).to_be_visible()


def test_search_finds_operations_by_words_and_parameters(reference: Page) -> None:
    reference.keyboard.press("/")
    reference.keyboard.type("Comment POST")
    expect(reference.locator(".opblock-tag-section")).to_have_count(1)
    assert list_operations(reference) == {("POST", "/sources/{source_id}/comments")}
    reference.get_by_role("button", name="Search").click()
    expect(reference.locator(".operation-filter-input")).to_be_focused()
    reference.locator(".operation-filter-input").fill("numPerPage sources")
    expect(reference.locator("[data-path='/sources']").first).to_be_visible()
    assert ("GET", "/sources") in list_operations(reference)


def test_operation_names_its_permission_and_its_schema_expands(reference: Page) -> None:
    operation = open_operation(reference, "/photometry")
    expect(operation).to_contain_text("Needs a token with the permission Upload data.")
    expect(operation).to_contain_text('"ZTF21aaqjmps"')
    operation.get_by_role("tab", name="Schema").first.click()
    expect(operation).to_contain_text("PostedPhotometry")
    expect(operation).to_contain_text("The bandpass, by sncosmo's name.")
    schema = operation.get_by_role("tabpanel").first
    expect(schema).not_to_contain_text("ZTF21aaqjmps")
    schema.get_by_role("button", name="Expand all").first.click()
    expect(schema).to_contain_text("ZTF21aaqjmps")
    expect(reference.get_by_text("Resolver error")).to_have_count(0)


def test_page_is_for_reading_only(reference: Page) -> None:
    operation = open_operation(reference, "/sysinfo")
    expect(operation).to_contain_text("Needs no token.")
    expect(reference.get_by_role("button", name="Try it out")).to_have_count(0)
    expect(reference.get_by_role("button", name="Authorize")).to_have_count(0)


def test_page_asks_for_nothing_else(stranger: App) -> None:
    requests: list[str] = []
    stranger.page.on("request", lambda request: requests.append(request.url))
    url = f"{stranger.url}api/docs"
    stranger.page.goto(url)
    open_operation(stranger.page, "/photometry")
    stranger.page.wait_for_load_state("networkidle")
    assert [request for request in requests if not request.startswith("data:")] == [url]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_follows_the_colour_scheme_and_fits_a_phone(browser: Browser, stack: RunningStack, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{stack.url}/api/docs")
    open_operation(page, "/photometry")
    light = page.evaluate("getComputedStyle(document.documentElement).colorScheme") != "dark"
    assert light == (scheme == "light")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()
