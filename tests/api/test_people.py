"""Users: create, find and list them; errors that all requests have in common."""

from typing import Any

import pytest

from chalicelib import people
from chalicelib.aws import get_client
from tests.gateway import Gateway


def make_user(admin: Gateway, name: str, *acls: str, groups: tuple[int, ...] = ()) -> Gateway:
    """Add a user with a token that has these permissions."""
    memberships = [[group, False] for group in groups]
    user = admin.post("/user", {"username": name, "groupIDsAndAdmin": memberships}).data["id"]
    body = {"name": name, "acls": list(acls), "user_id": user}
    return admin.as_user(admin.post("/internal/tokens", body).data["token_id"])


def user_id(user: Gateway) -> int:
    return int(user.get("/internal/profile").data["id"])


def test_a_user_has_the_details_of_the_request(admin: Gateway) -> None:
    details = {
        "username": "ada", "roles": ["Full user", "View only"], "first_name": "Ada", "last_name": "Lovelace",
        "affiliations": ["Sternwarte"], "contact_email": "ada@example.org", "contact_phone": None,
    }  # fmt: skip
    group = admin.post("/groups", {"name": "novae"}).data["id"]
    number = admin.post("/user", {**details, "groupIDsAndAdmin": [[group, True], [1, False]]}).data["id"]
    user = admin.get(f"/user/{number}").data
    assert details.items() <= user.items()
    assert [g["name"] for g in user["groups"]] == ["Sitewide Group", "novae", "ada"]
    members = admin.get(f"/groups/{group}").data["users"]
    rights = {"admin": True, "can_save": True, "can_share_photometry": False}
    rights = {"admin": True, "can_save": True, "can_share_photometry": False}
    assert members[1] == {"id": number, "username": "ada", **rights}


def test_a_profile_says_what_the_token_allows(admin: Gateway) -> None:
    profile = make_user(admin, "ada", "Comment", "Annotate").get("/internal/profile").data
    assert (profile["username"], profile["permissions"]) == ("ada", ["Annotate", "Comment"])
    assert profile["first_name"] is None
    assert [g["name"] for g in profile["groups"]] == ["Sitewide Group", "ada"]


def test_other_users_are_visible_to_those_who_manage_users(admin: Gateway) -> None:
    ada, bob = make_user(admin, "ada", "Manage users"), make_user(admin, "bob")
    assert bob.get(f"/user/{user_id(bob)}").data["username"] == "bob"
    assert ada.get(f"/user/{user_id(bob)}").data["username"] == "bob"
    for number in (user_id(ada), 4711):
        reply = bob.get(f"/user/{number}")
        assert (reply.status, "Manage users" in reply.message) == (401, True)
    admin.post("/user", {"username": "eve", "contact_email": "eve@example.org", "roles": ["View only"]})
    assert [user["contact_email"] for user in bob.get("/user?username=EV").data["users"]] == [None]
    assert [user["contact_email"] for user in ada.get("/user?username=EV").data["users"]] == ["eve@example.org"]
    assert [user["username"] for user in bob.get("/user?role=View only").data["users"]] == ["eve"]
    assert bob.get("/user?role=View only").data["totalMatches"] == 1
    for missing in ("4711", "0", "ada", "9" * 30):
        assert ada.get(f"/user/{missing}").status == 403


def test_users_are_shown_with_the_groups_that_the_reader_sees(admin: Gateway) -> None:
    group = admin.post("/groups", {"name": "closed"}).data["id"]
    ada, bob = make_user(admin, "ada", "Manage users"), make_user(admin, "bob", groups=(group,))
    assert [g["name"] for g in ada.get(f"/user/{user_id(bob)}").data["groups"]] == ["Sitewide Group"]
    assert len(admin.get(f"/user/{user_id(bob)}").data["groups"]) == 3
    assert "closed" not in ada.get("/user").text


def test_users_are_listed_in_pages(admin: Gateway) -> None:
    for name in ("dora", "bob", "carl"):
        make_user(admin, name)
    assert admin.post("/user", {"username": "bob"}).status == 400

    def page(query: str) -> tuple[list[str], int]:
        data = admin.get(f"/user?{query}").data
        return [user["username"] for user in data["users"]], data["totalMatches"]

    assert page("") == (["admin", "bob", "carl", "dora"], 4)
    assert page("numPerPage=3") == (["admin", "bob", "carl"], 4)
    assert page("numPerPage=3&pageNumber=2") == (["dora"], 4)
    assert page("numPerPage=2&pageNumber=2") == (["carl", "dora"], 4)
    assert page("pageNumber=1000000&numPerPage=500") == ([], 4)


@pytest.mark.parametrize("query", ["pageNumber=0", "numPerPage=501", "numPerPage=-1", "pageNumber=1e99"])
def test_pages_that_are_not_valid(admin: Gateway, query: str) -> None:
    assert admin.get(f"/user?{query}").message.startswith(query.partition("=")[0])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"roles": ["x" * 101]}, "roles"), ({"roles": [""]}, "roles"), ({"roles": ["x"] * 21}, "roles"),
        ({"roles": "Full user"}, "roles"), ({"contact_email": "ada"}, "contact_email"),
        ({"contact_email": "a@b\n"}, "contact_email"), ({"first_name": 3}, "first_name"),
        ({"affiliations": ["x"] * 21}, "affiliations"), ({"groupIDsAndAdmin": [[1]]}, "groupIDsAndAdmin"),
        ({"groupIDsAndAdmin": {"1": True}}, "groupIDsAndAdmin"),
        ({"groupIDsAndAdmin": [[n, False] for n in range(1, 42)]}, "groupIDsAndAdmin"),
    ],
)  # fmt: skip
def test_users_that_are_not_valid(admin: Gateway, body: dict[str, Any], field: str) -> None:
    reply = admin.post("/user", {"username": "ada", **body})
    assert (reply.status, reply.message[: len(field)]) == (400, field)
    assert admin.get("/user").data["totalMatches"] == 1


def test_users_are_added_only_to_groups_that_one_administrates(admin: Gateway) -> None:
    ada = make_user(admin, "ada", "Manage users", "Manage groups")
    group = admin.post("/groups", {"name": "novae"}).data["id"]
    assert admin.post(f"/groups/{group}/users", {"userID": user_id(ada)}).status == 200
    request = {"username": "eve", "groupIDsAndAdmin": [[group, False]]}
    assert ada.post("/user", request).status == 403
    assert admin.patch(f"/groups/{group}/users", {"userID": user_id(ada), "admin": True}).status == 200
    assert ada.post("/user", request).status == 200
    assert admin.post("/user", {"username": "mallory", "groupIDsAndAdmin": [[1, True]]}).status == 403


def test_names_are_unique(admin: Gateway) -> None:
    make_user(admin, "ada")
    assert "taken" in admin.post("/user", {"username": "ada"}).message
    assert admin.post("/groups", {"name": "ada"}).status == 400
    assert admin.post("/groups", {"name": "novae"}).status == 200
    assert "taken" in admin.post("/user", {"username": "novae"}).message


def test_the_longest_possible_user_is_stored(admin: Gateway) -> None:
    wide = "\U0001f52d" * 200
    groups = [admin.post("/groups", {"name": f"group {n}"}).data["id"] for n in range(40)]
    body = {
        "username": wide, "first_name": wide, "last_name": wide, "affiliations": [wide] * 20,
        "roles": [f"{n:02d}" + "x" * 98 for n in range(20)], "contact_phone": wide,
        "groupIDsAndAdmin": [[group, True] for group in groups],
    }  # fmt: skip
    number = admin.post("/user", body).data["id"]
    assert len(admin.get(f"/user/{number}").data["groups"]) == 42


def test_the_first_administrator_is_created_once(admin: Gateway) -> None:
    again = admin.as_user(people.ensure_administrator("admin"))
    assert user_id(again) == user_id(admin)
    assert again.get("/user").data["totalMatches"] == 1


def test_authentication_takes_two_calls(admin: Gateway) -> None:
    calls: list[str] = []

    def note(model: Any, **_: Any) -> None:
        calls.append(model.name)

    events = get_client("dynamodb").meta.events
    events.register("before-call.dynamodb", note)
    people.authenticate(f"token {admin.token}")
    events.unregister("before-call.dynamodb", note)
    assert calls == ["GetItem", "BatchGetItem"]


def test_errors_name_the_field_and_what_was_expected(admin: Gateway) -> None:
    assert admin.post("/user", {"username": ""}).message.startswith("username: ")
    assert admin.post("/user", {}).message == "username: required."
    assert (
        "wings: there is no such field; the fields are username"
        in admin.post("/user", {"username": "a", "wings": 2}).message
    )


@pytest.mark.parametrize(
    "body", ["{", "[]", "3", '"a"', "[" * 100_000, '{"name": "\\ud800"}', '{"name": 1e999}', "\xff\x00"]
)
def test_a_malformed_body_is_refused_with_a_reason(admin: Gateway, body: str) -> None:
    reply = admin.post("/groups", body)
    assert reply.status == 400
    assert reply.message


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing/there", 404),
        ("DELETE", "/sysinfo", 405),
        ("PUT", "/groups", 405),
        ("POST", "/candidate/a/analysis/1", 405),
        ("GET", "/candidate/analysis/1", 405),
        ("GET", "/obj/analysis/1/dreams", 404),
    ],
)
def test_unknown_routes_have_the_envelope_too(admin: Gateway, method: str, path: str, status: int) -> None:
    reply = admin.request(method, path)
    assert reply.status == status
    assert reply.message
