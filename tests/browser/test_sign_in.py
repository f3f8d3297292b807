"""Sign in with a token, and sign out."""

import pytest
from playwright.sync_api import expect

from infra.client import Api
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
    app.page.goto(f"{app.url}#/sources?search=2019dwz")
    expect(app.page.get_by_role("alert")).to_contain_text("Cannot reach the server")
    app.page.unroute("**/api/sources?*")
    app.press("Try again")
    expect(app.page.get_by_role("link", name="2019dwz")).to_be_visible()
    assert all("net::ERR_FAILED" in error for error in app.errors)
    app.errors.clear()


GET_SOURCES = """async () => {
    const { api } = await import(new URL("core/api.js", document.baseURI).href);
    await api.get("/sources").catch(() => {});
}"""
POST_BATCH = """async () => {
    const { api } = await import(new URL("core/api.js", document.baseURI).href);
    return api.post("/analysis_batch", {}).catch((error) => error.message);
}"""


def make_token(api: Api, user_id: int | None = None) -> tuple[str, str]:
    """Return the id and the text of a new token."""
    text = api.post("/internal/tokens", {"name": "browser", "user_id": user_id})["token_id"]
    tokens = api.get(f"/internal/tokens?user_id={user_id}" if user_id else "/internal/tokens")
    return str(tokens[-1]["id"]), str(text)


@pytest.mark.parametrize("address", ["analyses", "services", "source/2019dwz", "me", "batches"])
def test_a_revoked_token_leads_to_sign_in_and_back_to_the_page(
    stranger: App, stack: RunningStack, api: Api, address: str
) -> None:
    token_id, text = make_token(api)
    stranger.sign_in(text)
    stranger.open(address)
    heading = stranger.page.locator("h1").inner_text()
    stranger.page.evaluate("sessionStorage.setItem('heliograph.form.fit', '{}')")
    api.send_request("DELETE", f"/internal/tokens/{token_id}")
    with stranger.allow_statuses(401):
        stranger.page.evaluate(GET_SOURCES)
        expect(stranger.field("Token *")).to_be_visible()
        expect(stranger.page.get_by_role("alert")).to_contain_text("does not accept your token any more")
    assert text not in stranger.page.evaluate("JSON.stringify([sessionStorage, localStorage])")
    stranger.field("Token *").fill(stack.token)
    stranger.press("Sign in")
    expect(stranger.page.locator("h1")).to_have_text(heading)
    assert stranger.page.url.endswith(f"#/{address}")
    assert stranger.page.evaluate("sessionStorage.getItem('heliograph.form.fit')") == "{}"


def test_another_user_does_not_find_the_forms_of_the_one_before(stranger: App, stack: RunningStack, api: Api) -> None:
    user = api.post("/user", {"username": "forms"})["id"]
    token_id, text = make_token(api, user)
    stranger.sign_in(text)
    stranger.page.evaluate("sessionStorage.setItem('heliograph.form.fit', '{}')")
    api.send_request("DELETE", f"/internal/tokens/{token_id}?user_id={user}")
    with stranger.allow_statuses(401):
        stranger.page.reload()
        expect(stranger.page.get_by_role("alert")).to_contain_text("does not accept your token any more")
    stranger.field("Token *").fill(stack.token)
    stranger.press("Sign in")
    expect(stranger.page.get_by_role("heading", name="Sources", level=1)).to_be_visible()
    assert stranger.page.evaluate("sessionStorage.getItem('heliograph.form.fit')") is None


def test_a_missing_permission_signs_nobody_out(stranger: App, api: Api) -> None:
    _, text = make_token(api)
    stranger.sign_in(text)
    with stranger.allow_statuses(401):
        assert "needs the permission" in stranger.page.evaluate(POST_BATCH)
    expect(stranger.page.get_by_role("heading", name="Sources", level=1)).to_be_visible()
    stranger.page.reload()
    expect(stranger.page.get_by_role("heading", name="Sources", level=1)).to_be_visible()


def test_a_remembered_user_is_signed_in_everywhere_until_signing_out(stranger: App, stack: RunningStack) -> None:
    stranger.page.goto(stranger.url)
    expect(stranger.page.get_by_text("Kept in this tab until you close it")).to_be_visible()
    stranger.page.get_by_label("Remember me on this device").check()
    expect(stranger.page.get_by_text("Kept in this browser on this device until you sign out")).to_be_visible()
    stranger.field("Token *").fill(stack.token)
    stranger.press("Sign in")
    expect(stranger.page.get_by_role("heading", name="Sources", level=1)).to_be_visible()
    other_tab = stranger.page.context.new_page()
    other_tab.goto(stranger.url)
    expect(other_tab.get_by_role("heading", name="Sources", level=1)).to_be_visible()
    other_tab.get_by_role("button", name="Sign out").click()
    expect(other_tab.get_by_label("Token")).to_be_visible()
    expect(stranger.field("Token *")).to_be_visible()
    assert stranger.page.evaluate("localStorage.length + sessionStorage.length") == 0
