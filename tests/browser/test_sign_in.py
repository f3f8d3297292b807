"""Signing in with a token, and out again."""

from playwright.sync_api import expect

from infra.local.control import RunningStack
from tests.browser.app import App


def test_a_token_that_nobody_knows_is_refused_with_the_way_out(stranger: App) -> None:
    stranger.page.goto(stranger.url)
    stranger.field("Token *").fill("no-such-token")
    with stranger.refusals(401):
        stranger.press("Sign in")
        expect(stranger.page.get_by_role("alert")).to_contain_text("Ask an administrator for a new one")
    assert stranger.page.evaluate("sessionStorage.length") == 0


def test_one_sees_who_one_is_and_the_token_is_kept_for_the_tab_alone(app: App, stack: RunningStack) -> None:
    app.open("me")
    expect(app.page.get_by_role("heading", name="admin", level=1)).to_be_visible()
    expect(app.card("Groups")).to_contain_text("Demo group")
    expect(app.card("Who you are")).to_contain_text("Super admin")
    assert stack.token in app.page.evaluate("JSON.stringify(sessionStorage)")
    assert app.page.evaluate("localStorage.length + document.cookie.length") == 0
    app.page.reload()
    expect(app.page.get_by_role("heading", name="admin", level=1)).to_be_visible()
    other = app.page.context.new_page()
    other.goto(app.url)
    expect(other.get_by_label("Token")).to_be_visible()


def test_signing_out_forgets_the_token(app: App) -> None:
    app.press("Sign out")
    expect(app.field("Token *")).to_be_visible()
    assert app.page.evaluate("sessionStorage.length") == 0
    app.page.reload()
    expect(app.field("Token *")).to_be_visible()


def test_a_page_that_does_not_exist_leads_back(app: App) -> None:
    app.open("nowhere")
    app.page.get_by_role("main").get_by_role("link", name="sources").click()
    expect(app.page.get_by_role("heading", name="Sources", level=1)).to_be_visible()


def test_a_server_that_is_gone_is_told_of_and_tried_again(app: App) -> None:
    app.page.route("**/api/sources?*", lambda route: route.abort())
    app.page.goto(f"{app.url}#/sources?search=2")
    expect(app.page.get_by_role("alert")).to_contain_text("does not answer")
    app.page.unroute("**/api/sources?*")
    app.press("Try again")
    expect(app.page.get_by_role("link", name="2019dwz")).to_be_visible()
    assert all("net::ERR_FAILED" in error for error in app.errors)
    app.errors.clear()
