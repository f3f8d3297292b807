"""The profile: tokens are created and deleted, groups are created, joined and left."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from infra.client import Api
from tests.browser.app import App
from tests.running_stack import RunningStack


@pytest.fixture
def username(api: Api) -> str:
    name = f"user{uuid4().hex[:8]}"
    api.post("/user", {"username": name})
    return name


def test_a_token_is_created_shown_once_copied_and_deleted(app: App, stack: RunningStack) -> None:
    name = f"laptop {uuid4().hex[:6]}"
    app.open("me")
    app.press("New token")
    app.field("Name *").fill(name)
    app.field("Comment").check()
    app.field("Stops working").select_option("after 30 days")
    app.press("Create token")
    text = app.page.locator(".once pre").inner_text()
    app.press("Copy token")
    expect(app.page.locator(".notice", has_text="Copied the token")).to_be_visible()
    assert app.page.evaluate("navigator.clipboard.readText()") == text
    row = app.card("Tokens").get_by_role("row", name=name)
    expect(row).to_contain_text("Comment")
    expect(row).to_contain_text("never used")
    profile = Api(f"{stack.url}/api", text).get("/internal/profile")
    assert profile["permissions"] == ["Comment"]
    app.press("I have copied it")
    assert text not in app.page.content()
    app.page.reload()
    app.settle()
    expect(row).to_contain_text("GET /internal/profile")
    expect(row).to_contain_text(f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}")
    app.press(f"Delete the token {name}")
    app.answer("Delete token")
    expect(app.card("Tokens").get_by_role("row", name=name)).to_have_count(0)


def test_a_group_is_created_and_members_are_added_by_name_and_removed(app: App, api: Api, username: str) -> None:
    name = f"Group {uuid4().hex[:6]}"
    app.open("me")
    app.press("New group")
    app.field("Name of the group *").fill(name)
    app.press("Create group")
    app.card("Groups").get_by_text(name, exact=True).click()
    members = app.page.get_by_role("group", name=f"Members of {name}")
    expect(members.get_by_role("row", name="admin (you)")).to_contain_text("administrator")
    app.field(f"Add to {name} *").fill(username[:-1])
    app.press("Add member")
    expect(app.page.get_by_text(f"Did you mean: {username}?")).to_have_count(1)
    app.field(f"Add to {name} *").fill(username.upper())
    app.press("Add member")
    expect(members.get_by_role("row", name=username)).to_contain_text("member")
    app.press(f"Make administrator: {username}")
    expect(members.get_by_role("row", name=username)).to_contain_text("administrator")
    app.press(f"Remove {username} from {name}")
    app.answer("Remove member")
    expect(members.get_by_role("row", name=username)).to_have_count(0)
    group = api.get(f"/groups?name={name.replace(' ', '%20')}")[0]["id"]
    assert [user["username"] for user in api.get(f"/groups/{group}")["users"]] == ["admin"]


def test_a_member_who_may_not_change_a_group_can_only_leave_it(
    stranger: App, stack: RunningStack, api: Api, username: str
) -> None:
    name = f"Group {uuid4().hex[:6]}"
    group = api.post("/groups", {"name": name})["id"]
    user = api.get(f"/user?username={username}")["users"][0]["id"]
    api.post(f"/groups/{group}/users", {"userID": user})
    stranger.sign_in(api.post("/internal/tokens", {"name": "t", "user_id": user})["token_id"])
    stranger.open("me")
    expect(stranger.page.get_by_role("button", name="New group")).to_have_count(0)
    stranger.card("Groups").get_by_text(name, exact=True).click()
    expect(stranger.page.get_by_role("button", name="Add member")).to_have_count(0)
    expect(stranger.page.get_by_role("button", name="Remove")).to_have_count(0)
    stranger.press(f"Leave {name}")
    stranger.answer("Leave group")
    expect(stranger.card("Groups").get_by_text(name, exact=True)).to_have_count(0)
    assert [member["username"] for member in api.get(f"/groups/{group}")["users"]] == ["admin"]


def test_the_last_administrator_of_a_group_is_told_why_they_cannot_leave(app: App, api: Api) -> None:
    name = f"Group {uuid4().hex[:6]}"
    api.post("/groups", {"name": name})
    app.open("me")
    app.page.reload()
    app.settle()
    app.card("Groups").get_by_text(name, exact=True).click()
    app.press(f"Leave {name}")
    with app.allow_statuses(403):
        app.answer("Leave group")
        expect(app.card("Groups").get_by_role("alert")).to_contain_text("make another member its administrator")
