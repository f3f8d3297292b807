"""An error of a form is shown once: at its field, or below the form."""

import pytest
from playwright.sync_api import expect

from infra.client import Api
from tests.browser.app import App


@pytest.mark.parametrize(
    ("fields", "button", "words"),
    [
        ({"Classification *": "Ia", "Probability": "7"}, "Classify", "at most 1"),
        ({"Classification *": " Ia" + "x" * 300}, "Classify", "200 characters"),
        ({"Comment *": "x" * 30_000}, "Comment", "characters"),
    ],
)
def test_an_error_of_a_field_is_shown_once(app: App, api: Api, fields: dict[str, str], button: str, words: str) -> None:
    api.post("/sources", {"id": "Errors_1", "ra": 10.0, "dec": 20.0})
    app.open("source/Errors_1")
    for label, text in fields.items():
        app.field(label).fill(text)
    with app.allow_statuses(400):
        app.press(button)
        expect(app.page.get_by_text(words)).to_have_count(1)


def test_the_name_of_a_token_is_refused_once_and_in_plain_words(app: App) -> None:
    app.open("me")
    app.press("New token")
    app.field("Name *").fill("x" * 300)
    with app.allow_statuses(400):
        app.press("Create token")
        expect(app.page.get_by_text("expected text of 1 to 200 characters")).to_have_count(1)
