"""Groups: who sees and changes them, their members, and their deletion."""

import json
from itertools import count
from typing import Any

import hypothesis
import pytest
from hypothesis import given, strategies as st

from chalicelib import people, queues, settings
from chalicelib.aws import get_client
from chalicelib.people import group_deletion, group_members, groups
from chalicelib.tables import groups as groups_table, memberships, people_items, users as users_table
from chalicelib.tables.people_items import MemberRights
from tests.api.story import deliver
from tests.api.test_people import make_user, user_id
from tests.gateway import Gateway


@pytest.fixture
def ada(admin: Gateway) -> Gateway:
    return make_user(admin, "ada", "Manage groups")


@pytest.fixture
def bob(admin: Gateway) -> Gateway:
    return make_user(admin, "bob", "Manage groups")


def make_group(user: Gateway, name: str, *members: Gateway, **more: Any) -> int:
    group = int(user.post("/groups", {"name": name, **more}).data["id"])
    for member in members:
        assert user.post(f"/groups/{group}/users", {"userID": user_id(member)}).status == 200
    return group


def names_of(user: Gateway, group: int) -> set[str]:
    return {member["username"] for member in user.get(f"/groups/{group}").data["users"]}


def own_group(user: Gateway) -> int:
    return next(int(g["id"]) for g in user.get("/groups").data["user_groups"] if g["single_user_group"])


# Find and create


def test_a_group_lists_its_members(ada: Gateway, bob: Gateway) -> None:
    more = {"nickname": "nov", "description": "Novae of our galaxy", "private": True}
    group = make_group(ada, "novae", bob, **more)
    view = bob.get(f"/groups/{group}").data
    assert {**more, "name": "novae", "single_user_group": False}.items() <= view.items()
    assert view["users"] == [
        {"id": user_id(ada), "username": "ada", "admin": True, "can_save": True, "can_share_photometry": False},
        {"id": user_id(bob), "username": "bob", "admin": False, "can_save": True, "can_share_photometry": False},
    ]
    assert "users" not in bob.get(f"/groups/{group}?includeGroupUsers=f").data


def test_a_group_of_others_is_answered_like_a_missing_one(admin: Gateway, ada: Gateway, bob: Gateway) -> None:
    group = make_group(ada, "novae")
    hidden, missing = bob.get(f"/groups/{group}"), bob.get("/groups/4711")
    assert hidden.status == missing.status == 403
    assert hidden.message == missing.message.replace("4711", str(group))
    assert names_of(admin, group) == {"ada"}, "administrators see every group"
    for path in ("/groups/0", "/groups/novae", f"/groups/{'9' * 30}"):
        assert bob.get(path).status == 403


def test_the_three_lists(admin: Gateway, ada: Gateway, bob: Gateway) -> None:
    group = make_group(ada, "novae")
    lists = bob.get("/groups").data
    assert [g["name"] for g in lists["user_groups"]] == ["Sitewide Group", "bob"]
    assert [g["name"] for g in lists["all_groups"]] == ["Sitewide Group"]
    assert lists["user_accessible_groups"] == lists["all_groups"]
    lists = admin.get("/groups").data
    assert group in [g["id"] for g in lists["all_groups"]]
    assert group not in [g["id"] for g in lists["user_groups"]]
    assert not [g for g in lists["all_groups"] if g["single_user_group"]]


def test_the_public_group_does_not_list_its_members(bob: Gateway) -> None:
    view = bob.get("/groups/1").data
    assert view["private"] is False
    assert "users" not in view


def test_a_single_user_group_holds_its_user(admin: Gateway, bob: Gateway) -> None:
    group = own_group(bob)
    assert names_of(bob, group) == names_of(admin, group) == {"bob"}


def test_a_group_is_created_with_all_its_administrators_or_not_at_all(ada: Gateway, bob: Gateway) -> None:
    group = make_group(ada, "novae", group_admins=[user_id(bob), user_id(ada), user_id(bob)])
    assert [m["admin"] for m in bob.get(f"/groups/{group}").data["users"]] == [True, True]
    reply = ada.post("/groups", {"name": "kilonovae", "group_admins": [user_id(bob), 4711]})
    assert (reply.status, reply.message) == (400, "group_admins: there is no user 4711.")
    assert ada.post("/groups", {"name": "kilonovae"}).status == 200
    assert ada.post("/groups", {"name": "x", "group_admins": list(range(1, 42))}).status == 400


def test_a_group_cannot_be_made_visible_to_all(ada: Gateway) -> None:
    assert "private" in ada.post("/groups", {"name": "novae", "private": False}).message


# Change


def test_a_change_keeps_the_fields_that_it_omits(ada: Gateway) -> None:
    group = make_group(ada, "novae", nickname="nov", description="Novae")
    assert ada.patch(f"/groups/{group}", {"name": "kilonovae", "nickname": None}).data is None
    view = ada.get(f"/groups/{group}").data
    assert (view["name"], view["nickname"], view["description"]) == ("kilonovae", None, "Novae")
    assert ada.patch(f"/groups/{group}", {}).status == 200
    assert ada.patch(f"/groups/{group}", {"name": None}).status == 400


def test_a_name_is_free_again_after_a_change(ada: Gateway, bob: Gateway) -> None:
    group, other = make_group(ada, "novae"), make_group(ada, "kilonovae")
    for taken in ("kilonovae", "bob", "Sitewide Group"):
        reply = ada.patch(f"/groups/{group}", {"name": taken})
        assert (reply.status, "is taken" in reply.message) == (400, True)
    assert ada.patch(f"/groups/{group}", {"name": "novae"}).status == 200
    assert ada.patch(f"/groups/{group}", {"name": "novae 2"}).status == 200
    assert ada.patch(f"/groups/{other}", {"name": "novae"}).status == 200


def test_only_those_who_administrate_a_group_change_it(admin: Gateway, ada: Gateway, bob: Gateway) -> None:
    group = make_group(ada, "novae", bob)
    for method, path, body in (
        ("PATCH", f"/groups/{group}", {"name": "ours"}),
        ("DELETE", f"/groups/{group}", None),
        ("PATCH", f"/groups/{group}/users", {"userID": user_id(bob), "admin": True}),
        ("DELETE", f"/groups/{group}/users/{user_id(ada)}", None),
    ):
        reply = bob.request(method, path, body)
        assert (reply.status, reply.message) == (403, f"There is no group {group} that you administrate.")
    assert admin.patch(f"/groups/{group}", {"name": "theirs"}).status == 200
    assert ada.get(f"/groups/{group}").data["name"] == "theirs"


def test_administrators_rename_the_public_group(admin: Gateway, ada: Gateway) -> None:
    assert ada.patch("/groups/1", {"name": "ours"}).status == 403
    assert admin.patch("/groups/1", {"name": "Observatory"}).status == 200
    assert ada.get("/groups/1").data["name"] == "Observatory"
    people.ensure_administrator("admin")
    assert ada.get("/groups/1").data["name"] == "Observatory"


def test_single_user_groups_and_the_public_group_keep_their_members(admin: Gateway, bob: Gateway) -> None:
    bobs, person = own_group(bob), user_id(bob)
    for user, group in ((admin, 1), (admin, bobs), (bob, bobs)):
        assert user.delete(f"/groups/{group}").status == 403
        assert user.post(f"/groups/{group}/users", {"userID": 1}).status == 403
        assert user.patch(f"/groups/{group}/users", {"userID": person, "admin": True}).status == 403
        assert user.delete(f"/groups/{group}/users/{person}").status == 403
    assert bob.patch(f"/groups/{bobs}", {"name": "robert"}).status == 403
    assert bob.delete(f"/groups/1/users/{person}").status == 403


def test_one_of_two_concurrent_changes_of_a_name_fails(
    ada: Gateway, bob: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = make_group(ada, "novae", group_admins=[user_id(bob)])
    real = groups.groups_table.update_group_item

    def meanwhile(item: groups_table.GroupItem, values: dict[str, Any]) -> None:
        monkeypatch.undo()
        assert bob.patch(f"/groups/{group}", {"name": "by bob"}).status == 200
        real(item, values)

    monkeypatch.setattr(groups.groups_table, "update_group_item", meanwhile)
    assert ada.patch(f"/groups/{group}", {"name": "by ada"}).status == 429
    assert ada.get(f"/groups/{group}").data["name"] == "by bob"
    make_group(ada, "by ada")


# Members


def test_members_are_added_and_removed(admin: Gateway, ada: Gateway, bob: Gateway) -> None:
    group = make_group(ada, "novae")
    body = {"userID": user_id(bob), "admin": False, "canSave": False}
    answered = ada.post(f"/groups/{group}/users", body).data
    assert answered == {"group_id": group, "user_id": user_id(bob), "admin": False}
    assert bob.get(f"/groups/{group}").data["users"][1]["can_save"] is False
    again = ada.post(f"/groups/{group}/users", body)
    assert (again.status, "already" in again.message) == (400, True)
    assert ada.delete(f"/groups/{group}/users/{user_id(bob)}").data is None
    assert bob.get(f"/groups/{group}").status == 403
    assert group not in [g["id"] for g in bob.get("/groups").data["user_groups"]]
    assert admin.delete(f"/groups/{group}/users/{user_id(bob)}").status == 403
    assert ada.post(f"/groups/{group}/users", body).status == 200


def test_members_that_do_not_exist(ada: Gateway) -> None:
    group = make_group(ada, "novae")
    assert ada.post(f"/groups/{group}/users", {"userID": 4711}).message == "userID: there is no user 4711."
    assert ada.post(f"/groups/{group}/users", {"userID": "ada"}).message.startswith("userID: ")
    assert ada.patch(f"/groups/{group}/users", {"userID": 4711, "admin": True}).status == 403
    assert ada.delete(f"/groups/{group}/users/4711").status == 403
    assert ada.delete(f"/groups/{group}/users/ada").status == 403


def test_permissions_of_a_member_are_changed(ada: Gateway, bob: Gateway) -> None:
    group = make_group(ada, "novae", bob)
    path, person = f"/groups/{group}/users", user_id(bob)
    assert ada.patch(path, {"userID": person, "admin": True}).data is None
    assert bob.patch(path, {"userID": person, "canSave": False}).status == 200
    member = bob.get(f"/groups/{group}").data["users"][1]
    assert (member["admin"], member["can_save"]) == (True, False)
    assert ada.patch(path, {"userID": person, "admin": False}).status == 200
    assert bob.patch(path, {"userID": person, "admin": True}).status == 403


def test_leaving_a_group_needs_no_permission(admin: Gateway, ada: Gateway, bob: Gateway) -> None:
    eve = make_user(admin, "eve")
    group = make_group(ada, "novae", bob, eve)
    reply = eve.delete(f"/groups/{group}/users/{user_id(bob)}")
    assert (reply.status, "administrate" in reply.message) == (403, True)
    assert eve.delete(f"/groups/{group}/users/{user_id(eve)}").status == 200
    assert eve.get(f"/groups/{group}").status == 403
    assert eve.delete(f"/groups/{group}/users/{user_id(eve)}").status == 200
    assert names_of(ada, group) == {"ada", "bob"}


def test_a_group_keeps_its_last_administrator(admin: Gateway, ada: Gateway, bob: Gateway) -> None:
    group = make_group(ada, "novae", bob)
    person = user_id(ada)
    for user in (ada, admin):
        assert "administrator first" in user.delete(f"/groups/{group}/users/{person}").message
        assert user.patch(f"/groups/{group}/users", {"userID": person, "admin": False}).status == 403
    assert ada.patch(f"/groups/{group}/users", {"userID": user_id(bob), "admin": True}).status == 200
    assert ada.delete(f"/groups/{group}/users/{person}").status == 200
    assert names_of(bob, group) == {"bob"}


def test_two_administrators_cannot_leave_at_the_same_time(
    ada: Gateway, bob: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = make_group(ada, "novae", group_admins=[user_id(bob)])
    real = memberships.delete_membership

    def meanwhile(group_id: int, member: people_items.MemberItem) -> None:
        monkeypatch.undo()
        assert bob.delete(f"/groups/{group}/users/{user_id(bob)}").status == 200
        real(group_id, member)

    monkeypatch.setattr(memberships, "delete_membership", meanwhile)
    assert ada.delete(f"/groups/{group}/users/{user_id(ada)}").status == 429
    assert names_of(ada, group) == {"ada"}


def test_a_member_added_twice_at_the_same_time_is_counted_once(
    admin: Gateway, ada: Gateway, bob: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = make_group(ada, "novae")
    body, real = {"userID": user_id(bob), "admin": True}, memberships.insert_membership

    def meanwhile(*arguments: Any) -> None:
        monkeypatch.undo()
        assert admin.post(f"/groups/{group}/users", body).status == 200
        real(*arguments)

    monkeypatch.setattr(memberships, "insert_membership", meanwhile)
    assert ada.post(f"/groups/{group}/users", body).status == 429
    item = groups_table.find_group(group)
    assert item is not None
    assert item.admins == 2


def test_the_groups_of_a_user_are_limited(
    admin: Gateway, ada: Gateway, bob: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    group, other = make_group(ada, "novae"), make_group(admin, "kilonovae")
    monkeypatch.setattr(people_items, "GROUPS_PER_USER", 2)
    assert "2 groups" in ada.post("/groups", {"name": "one more"}).message
    assert ada.post(f"/groups/{group}/users", {"userID": user_id(bob)}).status == 200
    reply = admin.post(f"/groups/{other}/users", {"userID": user_id(bob)})
    assert (reply.status, "2 groups" in reply.message) == (400, True)
    # The write has the same condition, for concurrent requests.
    monkeypatch.setattr(group_members, "require_room_for_group", lambda user: None)
    assert admin.post(f"/groups/{other}/users", {"userID": user_id(bob)}).status == 429


numbered = count()

STEPS = st.lists(
    st.tuples(st.sampled_from(["join", "leave", "promote", "demote"]), st.integers(0, 2), st.booleans()), max_size=10
)


@hypothesis.settings(max_examples=15, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_members_follow_from_the_steps(admin: Gateway, steps: list[tuple[str, int, bool]]) -> None:
    """After any steps the members, the users' groups and the count of administrators agree."""
    numbers = [user.id for name in ("p0", "p1", "p2") if (user := _ensure_user(admin, name))]
    group = make_group(admin, f"group {next(numbered)}")
    path = f"/groups/{group}/users"
    model = {1: True}
    left = set()
    for step, which, flag in steps:
        person = int(numbers[which])
        last = model.get(person) and sum(model.values()) == 1
        match step:
            case "join":
                reply, allowed = admin.post(path, {"userID": person, "admin": flag}), person not in model
                model.setdefault(person, flag)
            case "leave":
                reply, allowed = admin.delete(f"{path}/{person}"), person in model and not last
                if allowed:
                    del model[person]
                # a removal that is repeated answers as the first one did
                allowed = allowed or (person in left and person not in model)
                left |= {person} if allowed else set()
            case _:
                promote = step == "promote"
                reply = admin.patch(path, {"userID": person, "admin": promote})
                allowed = person in model and not (last and not promote)
                if allowed:
                    model[person] = promote
        assert (reply.status == 200) == allowed, reply.text
    assert {m["id"]: m["admin"] for m in admin.get(f"/groups/{group}").data["users"]} == model
    item = groups_table.find_group(group)
    assert item is not None
    assert item.admins == sum(model.values())
    for number in numbers:
        user = users_table.find_user(int(number))
        assert user is not None
        assert (group in user.group_ids) == (int(number) in model)


def _ensure_user(admin: Gateway, name: str) -> users_table.UserItem | None:
    if users_table.find_user_by_name(name) is None:
        admin.post("/user", {"username": name})
    return users_table.find_user_by_name(name)


def test_who_may_save_to_a_group(admin: Gateway, ada: Gateway, bob: Gateway) -> None:
    group, closed = make_group(ada, "novae", bob), make_group(ada, "closed")
    bobs = own_group(bob)
    requester = people.authenticate(f"token {bob.token}")
    assert groups.filter_savable_groups(requester, [1, bobs, group, closed]) == {1, bobs, group}
    assert ada.patch(f"/groups/{group}/users", {"userID": user_id(bob), "canSave": False}).status == 200
    assert groups.filter_savable_groups(requester, [1, bobs, group]) == {1, bobs}
    assert groups.filter_savable_groups(people.authenticate(f"token {admin.token}"), [group]) == {group}


# Delete


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliver jobs again without a pause, and remove two members at a time."""
    monkeypatch.setattr(group_deletion, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(group_deletion, "MEMBERS_PER_JOB", 2)


def test_nobody_sees_anything_through_a_deleted_group(admin: Gateway, ada: Gateway, bob: Gateway) -> None:
    group = make_group(ada, "novae", bob)
    source = {"id": "SN1", "ra": 10.0, "dec": -5.0, "group_ids": [group]}
    assert admin.post("/sources", source).status == 200
    assert bob.get("/sources/SN1").status == 200
    assert ada.delete(f"/groups/{group}").data is None
    for user in (ada, bob):
        assert user.get("/sources/SN1").status == 404
        assert user.get(f"/groups/{group}").status == 403
        assert group not in [g["id"] for g in user.get("/groups").data["user_groups"]]
        assert group not in [g["id"] for g in user.get("/internal/profile").data["groups"]]
    assert admin.get("/sources/SN1").data["groups"] == []
    assert group not in [g["id"] for g in admin.get("/groups").data["all_groups"]]


def test_a_deleted_group_cannot_be_changed(admin: Gateway, ada: Gateway, bob: Gateway) -> None:
    group = make_group(ada, "novae", bob)
    assert ada.delete(f"/groups/{group}").status == 200
    assert admin.delete(f"/groups/{group}").status == 403
    for user in (admin, ada):
        assert user.patch(f"/groups/{group}", {"name": "again"}).status == 403
        assert user.post(f"/groups/{group}/users", {"userID": 1}).status == 403
        assert user.delete(f"/groups/{group}/users/{user_id(bob)}").status == 403
    assert admin.post("/user", {"username": "eve", "groupIDsAndAdmin": [[group, False]]}).status == 403
    source = {"id": "SN2", "ra": 1.0, "dec": 1.0, "group_ids": [group]}
    assert admin.post("/sources", source).status == 403


def test_the_name_of_a_deleted_group_is_free_at_once(ada: Gateway) -> None:
    group = make_group(ada, "novae")
    assert ada.delete(f"/groups/{group}").status == 200
    assert make_group(ada, "novae") != group


@pytest.mark.parametrize("times", [1, 3])
def test_nothing_is_left_of_a_deleted_group(
    admin: Gateway, ada: Gateway, bob: Gateway, at_once: None, times: int
) -> None:
    others = [make_user(admin, name) for name in ("carl", "dora", "eve")]
    group = make_group(ada, "novae", bob, *others)
    other = make_group(ada, "kilonovae", bob)
    assert ada.delete(f"/groups/{group}").status == 200
    for _ in range(times - 1):
        # Queues deliver at least once.
        queues.send_message(queues.JOBS, {"job": "delete_group", "group_id": group})
    deliver(queues.JOBS)
    assert list(memberships.iterate_members(group)) == []
    for user in (ada, bob, *others):
        item, deleted_groups = users_table.find_user_and_deleted_groups(user_id(user))
        assert item is not None
        assert group not in item.group_ids
        assert deleted_groups == set()
    items = json.dumps(get_client("dynamodb").scan(TableName=settings.resource_name("registry"))["Items"])
    assert f"{other:012d}" in items
    assert f"{group:012d}" not in items
    assert f"member_of_{group}" not in items
    assert names_of(bob, other) == {"ada", "bob"}


def test_a_member_changed_during_the_deletion_is_removed(
    ada: Gateway, bob: Gateway, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = make_group(ada, "novae", bob)
    member = memberships.find_member(group, user_id(bob))
    assert member is not None
    real = memberships.delete_membership_of_deleted_group

    def meanwhile(group_id: int, member: people_items.MemberItem) -> None:
        if member.username == "bob" and member.can_save:
            memberships.update_membership(group, member, MemberRights(admin=False, can_save=False))
        real(group_id, member)

    monkeypatch.setattr(memberships, "delete_membership_of_deleted_group", meanwhile)
    assert ada.delete(f"/groups/{group}").status == 200
    deliver(queues.JOBS)
    item = users_table.find_user(user_id(bob))
    assert item is not None
    assert group not in item.group_ids


def test_a_job_without_a_deletion_removes_nobody(ada: Gateway, bob: Gateway) -> None:
    group = make_group(ada, "novae", bob)
    queues.send_message(queues.JOBS, {"job": "delete_group", "group_id": group})
    assert deliver(queues.JOBS), "it waits for the deletion"
    assert names_of(bob, group) == {"ada", "bob"}


def test_nobody_joins_a_group_during_its_deletion(ada: Gateway, bob: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    group, real = make_group(ada, "novae"), memberships.insert_membership

    def meanwhile(*arguments: Any) -> None:
        monkeypatch.undo()
        assert ada.delete(f"/groups/{group}").status == 200
        real(*arguments)

    monkeypatch.setattr(memberships, "insert_membership", meanwhile)
    assert ada.post(f"/groups/{group}/users", {"userID": user_id(bob)}).status == 429
    item = users_table.find_user(user_id(bob))
    assert item is not None
    assert group not in item.group_ids


def test_groups_by_name_and_the_public_group(admin: Gateway, ada: Gateway, bob: Gateway) -> None:
    group = make_group(ada, "novae", bob)
    assert [each["id"] for each in bob.get("/groups?name=novae").data] == [group]
    assert bob.get("/groups?name=Novae").data == []
    assert [each["name"] for each in admin.get("/groups?name=ada").data] == ["ada"]
    assert bob.get("/groups?name=ada").data == [], "the group of another user"
    assert bob.get("/groups/public").data["id"] == 1
    names = [each["name"] for each in bob.get("/groups?includeSingleUserGroups=true").data["all_groups"]]
    assert names == ["Sitewide Group", "bob", "novae"]
    assert admin.put(f"/groups/{group}", {"name": "old novae"}).status == 200
    assert bob.get(f"/groups/{group}").data["name"] == "old novae"


def test_the_right_to_share_photometry(admin: Gateway, ada: Gateway, bob: Gateway) -> None:
    group = make_group(ada, "novae", bob)
    path = f"/groups/{group}/users"
    for right in (True, False, True):
        assert ada.patch(path, {"userID": user_id(bob), "canSharePhotometry": right}).status == 200
        member = next(member for member in ada.get(f"/groups/{group}").data["users"] if member["username"] == "bob")
        assert (member["can_share_photometry"], member["can_save"], member["admin"]) == (right, True, False)
    assert bob.patch(path, {"userID": user_id(bob), "canSharePhotometry": True}).status == 403
