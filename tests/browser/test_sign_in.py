"""Sign in with a token, and sign out."""

from playwright.sync_api import expect

from tests.browser.app import App
from tests.running_stack import RunningStack


def test_an_unknown_token_is_refused_with_advice(stranger: App) -> None:
    stranger.page.goto(stranger.url)
    stranger.field("Token *").fill("no-such-token")
    with stranger.allow_statuses(401):
        stranger.press("Sign in")
        expect(stranger.page.get_by_role("alert")).to_contain_text("Ask an administrator for a new one")
    assert stranger.page.evaluate("sessionStorage.length") == 0


def test_the_profile_is_shown_and_the_token_is_kept_in_this_tab_only(app: App, stack: RunningStack) -> None:
    app.open("me")
    expect(app.page.get_by_role("heading", name="admin", level=1)).to_be_visible()
    expect(app.card("Groups")).to_contain_text("Demo group")
    expect(app.card("Profile")).to_contain_text("Super admin")
    assert stack.token in app.page.evaluate("JSON.stringify(sessionStorage)")
    assert app.page.evaluate("localStorage.length + document.cookie.length") == 0
    app.page.reload()
    expect(app.page.get_by_role("heading", name="admin", level=1)).to_be_visible()
    other_tab = app.page.context.new_page()
    other_tab.goto(app.url)
    expect(other_tab.get_by_label("Token")).to_be_visible()


def test_signing_out_deletes_the_token(app: App) -> None:
    app.press("Sign out")
    expect(app.field("Token *")).to_be_visible()
    assert app.page.evaluate("sessionStorage.length") == 0
    app.page.reload()
    expect(app.field("Token *")).to_be_visible()


def test_a_page_that_does_not_exist_links_to_the_sources(app: App) -> None:
    app.open("nowhere")
    app.page.get_by_role("main").get_by_role("link", name="sources").click()
    expect(app.page.get_by_role("heading", name="Sources", level=1)).to_be_visible()


def test_an_unreachable_server_is_reported_and_can_be_tried_again(app: App) -> None:
    app.page.route("**/api/sources?*", lambda route: route.abort())
    app.page.goto(f"{app.url}#/sources?search=2")
    expect(app.page.get_by_role("alert")).to_contain_text("Cannot reach the server")
    app.page.unroute("**/api/sources?*")
    app.press("Try again")
    expect(app.page.get_by_role("link", name="2019dwz")).to_be_visible()
    assert all("net::ERR_FAILED" in error for error in app.errors)
    app.errors.clear()
