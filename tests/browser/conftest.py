"""A real browser on the real local stack; skipped, saying so, where there is no Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from infra.local.control import RunningStack
from tests.browser.app import App
from tests.browser.chromium import launched

expect.set_options(timeout=20_000)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    # No longer than these tests last: Playwright keeps an event loop running, beside which no other starts.
    with sync_playwright() as playwright:
        chromium = launched(playwright)
        if chromium is None:
            pytest.skip("no Chromium here (apt install chromium, or set CHROMIUM): the web app is not tested")
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, permissions=["clipboard-read", "clipboard-write"]
    )
    context.set_default_timeout(30_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def stranger(page: Page, stack: RunningStack) -> Iterator[App]:
    """The app before anybody has signed in; no test leaves an error on the console."""
    app = App(page, f"{stack.url}/")
    app.listen()
    yield app
    assert app.errors == []


@pytest.fixture
def app(stranger: App, stack: RunningStack) -> App:
    """The app with the administrator signed in."""
    stranger.sign_in(stack.token)
    return stranger
