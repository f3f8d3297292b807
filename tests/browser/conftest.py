"""A real browser on a local stack. Without Chromium the tests are skipped."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.app import App
from tests.browser.chromium import launch_chromium
from tests.running_stack import RunningStack

expect.set_options(timeout=60_000)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    # Scope "package": Playwright's event loop would keep the tests of other packages from starting theirs.
    with sync_playwright() as playwright:
        chromium = launch_chromium(playwright)
        if chromium is None:
            pytest.skip("no Chromium: install it (apt install chromium), or set CHROMIUM to its path")
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, permissions=["clipboard-read", "clipboard-write"]
    )
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def stranger(page: Page, stack: RunningStack) -> Iterator[App]:
    """The app, not signed in. Errors on the console fail the test."""
    app = App(page, f"{stack.url}/")
    app.record_errors()
    yield app
    assert app.errors == []


@pytest.fixture
def app(stranger: App, stack: RunningStack) -> App:
    """The app, signed in as the administrator."""
    stranger.start_signed_in(stack.token)
    return stranger
