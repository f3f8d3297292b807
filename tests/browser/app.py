"""Drive the web app in a browser tab."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Locator, Page, expect

__all__ = ["FIT_TIMEOUT_MS", "App"]

FIT_TIMEOUT_MS = 300_000
"""For a fit on a busy machine."""


@dataclass
class App:
    """One tab with the app.

    Attributes
    ----------
    page : Page
    url : str
        Of the app, with a slash at the end.
    errors : list of str
        Errors and warnings on the browser's console.
    allowed_statuses : set of int
        HTTP errors that the browser may report without failing the test.
    """

    page: Page
    url: str
    errors: list[str] = field(default_factory=list)
    allowed_statuses: set[int] = field(default_factory=set)

    def record_errors(self) -> None:
        """Record the console's errors from now on."""
        self.page.on("console", self._record_message)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _record_message(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        http_error = re.search(r"Failed to load resource: the server responded with a status of (\d+)", message.text)
        if not http_error or int(http_error[1]) not in self.allowed_statuses:
            self.errors.append(message.text)

    @contextmanager
    def allow_statuses(self, *statuses: int) -> Iterator[None]:
        """Allow HTTP errors for a while."""
        before = self.allowed_statuses
        self.allowed_statuses = before | set(statuses)
        yield
        self.page.wait_for_timeout(50)
        self.allowed_statuses = before

    def sign_in(self, token: str) -> None:
        """Sign in with a token."""
        self.page.goto(self.url)
        self.page.get_by_label("Token").fill(token)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name="Sources", level=1)).to_be_visible()

    def start_signed_in(self, token: str) -> None:
        """Open the app as a tab does that has a token already: quicker than to sign in by the form."""
        # the name of a tab outlives all that signing out deletes
        self.page.add_init_script(
            f"""if (!window.name) {{
              window.name = "started";
              sessionStorage.setItem("heliograph.token", {json.dumps(token)});
            }}"""
        )
        self.page.goto(self.url)
        expect(self.page.get_by_role("heading", name="Sources", level=1)).to_be_visible()

    def open(self, address: str) -> None:
        """Open a page by the part of its address after the #, and wait until it is loaded."""
        self.page.goto(f"{self.url}#/{address}")
        self.settle()

    def settle(self) -> None:
        """Wait until the page loads nothing more."""
        self.page.wait_for_timeout(100)
        expect(self.page.locator(".waiting")).to_have_count(0, timeout=FIT_TIMEOUT_MS)

    def card(self, title: str) -> Locator:
        """Return a card of the page by its title."""
        return self.page.get_by_role("region", name=title, exact=True)

    def unfold(self, title: str) -> None:
        """Open a folded card, and wait until it is loaded."""
        self.page.locator("summary", has_text=title).click()
        self.settle()

    def field(self, label: str) -> Locator:
        """Return a form field by its label."""
        return self.page.get_by_label(label, exact=True)

    def press(self, name: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def answer(self, name: str) -> None:
        """Press a button of the dialog."""
        self.page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()

    def download(self, name: str, folder: Path) -> Path:
        """Press a button that downloads a file, and return the file's path in a folder."""
        with self.page.expect_download(timeout=FIT_TIMEOUT_MS) as download_info:
            self.press(name)
        download = download_info.value
        path = folder / download.suggested_filename
        download.save_as(path)
        return path

    def wait_for_state(self, state: str = "completed") -> None:
        """Wait until the analysis on the page is in a state."""
        expect(self.page.locator(f".state.{state}").first).to_be_visible(timeout=FIT_TIMEOUT_MS)
        self.settle()
