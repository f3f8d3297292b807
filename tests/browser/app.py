"""The web app in a browser, in the words of somebody who uses it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Download, Locator, Page, expect

__all__ = ["App"]

PATIENCE = 90_000
"""Milliseconds that a fit on a busy machine may take."""


@dataclass
class App:
    """One tab with the app.

    Attributes
    ----------
    page : Page
    url : str
        Of the app, with the slash at its end.
    errors : list of str
        What the browser's console complained of.
    """

    page: Page
    url: str
    errors: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def listen(self) -> None:
        """Note every complaint of the console from now on."""
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        refused = re.search(
            r"Failed to load resource: the server responded with a status of (\d+)", message.text
        )
        if not refused or int(refused[1]) not in self.expected:
            self.errors.append(message.text)

    @contextmanager
    def refusals(self, *statuses: int) -> Iterator[None]:
        """Provoke answers that the browser itself reports as errors."""
        before = self.expected
        self.expected = before | set(statuses)
        yield
        self.page.wait_for_timeout(50)
        self.expected = before

    def sign_in(self, token: str) -> None:
        """Come in through the door."""
        self.page.goto(self.url)
        self.page.get_by_label("Token").fill(token)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", name="Sources", level=1)).to_be_visible()

    def open(self, address: str) -> None:
        """Open a page by the part of its address after the #, and wait until it is all there."""
        self.page.goto(f"{self.url}#/{address}")
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is waited for."""
        self.page.wait_for_timeout(100)
        expect(self.page.locator(".waiting")).to_have_count(0, timeout=PATIENCE)

    def card(self, title: str) -> Locator:
        """A part of the page by its title."""
        return self.page.get_by_role("region", name=title, exact=True)

    def field(self, label: str) -> Locator:
        """A field by what stands over it."""
        return self.page.get_by_label(label, exact=True)

    def press(self, name: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def agree(self, name: str) -> None:
        """Answer the question that stands before something that cannot be undone."""
        self.page.get_by_role("dialog").get_by_role("button", name=name).click()

    def download(self, name: str, folder: Path) -> Path:
        """Press a button that gives a file, and keep the file."""
        with self.page.expect_download(timeout=PATIENCE) as waiting:
            self.press(name)
        given: Download = waiting.value
        path = folder / given.suggested_filename
        given.save_as(path)
        return path

    def ends(self, state: str = "completed") -> None:
        """Wait until the analysis that is shown has ended in a state."""
        expect(self.page.locator(f".state.{state}").first).to_be_visible(timeout=PATIENCE)
        self.settle()

    def points(self, card: str) -> int:
        """How many markers a plot has."""
        return self.card(card).locator(".plot .points path").count()
