"""Users: create, find, change and delete them; errors that all requests have in common."""

import json
from typing import Any

import pytest

from chalicelib import people, queues, settings
from chalicelib.aws import get_client
from chalicelib.people import api_tokens, group_deletion, profiles, user_deletion
from chalicelib.tables import api_tokens as api_tokens_table, memberships, users as users_table
from chalicelib.tables.groups import find_group
from tests.api.story import deliver, drain_queue
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
    ada = make_user(admin, "ada", "Comment", "Annotate")
    profile = ada.get("/internal/profile").data
    assert (profile["username"], profile["permissions"]) == ("ada", ["Annotate", "Comment"])
    assert profile["first_name"] is None
    assert [g["name"] for g in ada.get("/internal/profile").data["groups"]] == ["Sitewide Group", "ada"]


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


def test_users_are_searched_and_sorted(admin: Gateway) -> None:
    group = admin.post("/groups", {"name": "novae"}).data["id"]
    admin.post("/user", {"username": "dora", "first_name": "Dora", "last_name": "Dee", "roles": ["Full user"]})
    bob = make_user(admin, "bob", groups=(group,))
    eve = make_user(admin, "eve", "Manage users")
    admin.patch(f"/user/{user_id(eve)}", {"contact_email": "eve@example.org"})
    admin.post(f"/user/{user_id(bob)}/acls", {"aclIds": ["Annotate"]})

    def names(query: str, user: Gateway = admin) -> list[str]:
        data = user.get(f"/user?{query}").data
        assert data["totalMatches"] == len(data["users"])
        return [user["username"] for user in data["users"]]

    assert names("firstName=dor&lastName=D&role=Full%20user") == ["dora"]
    assert names("acl=Annotate") == names("group=novae&username=b") == ["bob"]
    assert names("group=novae", bob) == ["admin", "bob"]
    assert names("group=novae", eve) == names("group=kilonovae") == []
    assert names("group=Sitewide Group") == ["admin", "bob", "dora", "eve"]
    assert names("email=EXAMPLE", eve) == ["eve"]
    assert bob.get("/user?email=example").status == 401, "it would tell addresses"
    assert names("sortBy=createdAt&sortOrder=desc") == ["eve", "bob", "dora", "admin"]
    assert names("sortOrder=desc") == ["eve", "dora", "bob", "admin"]
    assert admin.get("/user?sortBy=age").message.startswith("sortBy: ")
    admin.patch(f"/user/{user_id(bob)}", {"expirationDate": "2020-01-01"})
    assert names("includeExpired=false&sortBy=username&sortOrder=asc") == ["admin", "dora", "eve"]
    assert names("includeExpired=true") == names("") == ["admin", "bob", "dora", "eve"]


@pytest.mark.parametrize("query", ["pageNumber=0", "numPerPage=501", "numPerPage=-1", "pageNumber=1e99"])
def test_pages_that_are_not_valid(admin: Gateway, query: str) -> None:
    assert admin.get(f"/user?{query}").message.startswith(query.partition("=")[0])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"roles": ["Fly"]}, "roles"), ({"contact_phone": "blah"}, "contact_phone"),
        ({"contact_phone": "1" * 51}, "contact_phone"),
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
        "roles": ["Super admin", "Group admin", "Full user", "View only"], "contact_phone": "1" * 50,
        "groupIDsAndAdmin": [[group, True] for group in groups],
    }  # fmt: skip
    number = admin.post("/user", body).data["id"]
    assert len(admin.get(f"/user/{number}").data["groups"]) == 42


def test_the_first_administrator_is_created_once(admin: Gateway) -> None:
    again = admin.as_user(people.ensure_administrator("admin"))
    assert user_id(again) == user_id(admin)
    assert again.get("/user").data["totalMatches"] == 1


# Change


def test_a_change_of_a_user_keeps_what_it_omits(admin: Gateway) -> None:
    ada = make_user(admin, "ada", "Manage users")
    number = admin.post("/user", {"username": "bob", "first_name": "Bob", "contact_email": "b@example.org"}).data["id"]
    changes = {
        "last_name": "Builder",
        "affiliations": ["Bamberg"],
        "contact_phone": "+49 951 1234",
        "contact_email": "",
    }
    assert ada.patch(f"/user/{number}", changes).data is None
    user = ada.get(f"/user/{number}").data
    assert {**changes, "first_name": "Bob", "contact_email": None}.items() <= user.items()
    assert user["modified"] > user["created_at"]
    assert ada.patch(f"/user/{number}", {"first_name": None, "affiliations": None}).status == 200
    user = ada.get(f"/user/{number}").data
    assert (user["first_name"], user["last_name"], user["affiliations"]) == (None, "Builder", [])
    assert ada.patch(f"/user/{number}", {}).status == 200
    assert make_user(admin, "eve").patch(f"/user/{number}", {"first_name": "Eve"}).status == 401
    assert ada.patch("/user/4711", {"first_name": "Eve"}).status == 403


def test_what_identifies_a_user_is_not_changed(admin: Gateway) -> None:
    ada = make_user(admin, "ada")
    path = f"/user/{user_id(ada)}"
    before = admin.get(path).data
    reply = admin.patch(path, {"id": 4711, "oauth_uid": "x", "created_at": "2020-01-01"})
    assert (reply.status, "ignored" in reply.text) == (200, True)
    assert admin.get(path).data == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"contact_email": "ada"}, "contact_email"), ({"contact_phone": "blah"}, "contact_phone"),
        ({"first_name": 3}, "first_name"), ({"first_name": "x" * 201}, "first_name"),
        ({"affiliations": "Bamberg"}, "affiliations"), ({"affiliations": [""]}, "affiliations"),
        ({"username": None}, "username"), ({"username": " "}, "username"), ({"bio": "x" * 1001}, "bio"),
        ({"username": "admin"}, "username"), ({"username": "novae"}, "username"),
        ({"roles": ["Super admin"]}, "roles"), ({"acls": []}, "acls"), ({"wings": 2}, "wings"),
    ],
)  # fmt: skip
def test_changes_of_a_user_that_are_not_valid(admin: Gateway, body: dict[str, Any], field: str) -> None:
    ada = make_user(admin, "ada")
    admin.post("/groups", {"name": "novae"})
    path = f"/user/{user_id(ada)}"
    before = admin.get(path).data
    for reply in (admin.patch(path, body), ada.patch("/internal/profile", body)):
        assert (reply.status, reply.message[: len(field)]) == (400, field)
    assert admin.get(path).data == before


def test_two_changes_of_a_user_at_the_same_moment_are_both_kept(
    admin: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = make_user(admin, "ada")
    path, real = f"/user/{user_id(ada)}", users_table.update_user_item

    def meanwhile(*arguments: Any) -> None:
        monkeypatch.undo()
        assert admin.patch(path, {"last_name": "Lovelace"}).status == 200
        real(*arguments)

    monkeypatch.setattr(profiles.users_table, "update_user_item", meanwhile)
    assert ada.patch("/internal/profile", {"first_name": "Ada"}).status == 200
    user = admin.get(path).data
    assert (user["first_name"], user["last_name"]) == ("Ada", "Lovelace")


def test_a_new_name_is_that_of_the_single_user_group_too(admin: Gateway) -> None:
    group = admin.post("/groups", {"name": "novae"}).data["id"]
    ada = make_user(admin, "ada", "Manage groups", groups=(group,))
    assert ada.patch("/internal/profile", {"username": "countess"}).status == 200
    assert [g["name"] for g in ada.get("/internal/profile").data["groups"]] == ["Sitewide Group", "novae", "countess"]
    assert [m["username"] for m in ada.get(f"/groups/{group}").data["users"]] == ["admin", "countess"]
    assert [u["username"] for u in admin.get("/user").data["users"]] == ["admin", "countess"]
    assert admin.post("/user", {"username": "countess"}).status == 400
    assert admin.post("/user", {"username": "ada"}).status == 200
    assert ada.patch("/internal/profile", {"username": "ada"}).status == 400
    assert ada.patch("/internal/profile", {"username": "countess"}).status == 200


# Expire


def test_the_tokens_of_an_expired_user_are_refused(admin: Gateway) -> None:
    ada = make_user(admin, "ada", "Annotate")
    path, number = f"/user/{user_id(ada)}", user_id(ada)
    assert admin.patch(path, {"expirationDate": "2999-01-02"}).status == 200
    assert ada.get("/internal/profile").data["expiration_date"] == "2999-01-02T00:00:00.000000"
    for date in ("2020-01-02", "2020-01-02T03:04:05+01:00", "0001-01-01"):
        assert admin.patch(path, {"expirationDate": date}).status == 200
        reply = ada.get("/internal/profile")
        assert (reply.status, f"expired on {date[:10]}" in reply.message) == (401, True)
        assert people.load_requester(number) is None
    for nothing in (None, "", " "):
        assert admin.patch(path, {"expirationDate": nothing}).status == 200
        assert ada.get("/internal/profile").data["expiration_date"] is None
    assert people.load_requester(number) is not None
    assert admin.patch(path, {"expiration_date": "2020-01-02"}).status == 200
    assert ada.get("/internal/profile").status == 401


@pytest.mark.parametrize("date", ["soon", "2020-13-01", "99999-01-01", 5, "x" * 50])
def test_expiration_dates_that_are_not_valid(admin: Gateway, date: Any) -> None:
    ada = make_user(admin, "ada")
    reply = admin.patch(f"/user/{user_id(ada)}", {"expirationDate": date})
    assert (reply.status, reply.message.startswith("expirationDate: ")) == (400, True)
    assert ada.get("/internal/profile").data["expiration_date"] is None


# The own profile


def test_a_profile_has_the_keys_of_skyportal(admin: Gateway) -> None:
    profile = make_user(admin, "ada", "Comment").get("/internal/profile").data
    assert profile.keys() == {
        "id", "created_at", "modified", "username", "first_name", "last_name", "bio", "affiliations", "contact_email",
        "contact_phone", "oauth_uid", "is_bot", "expiration_date", "roles", "permissions", "acls", "tokens",
        "preferences", "gravatar_url", "groupAdmissionRequests", "streams", "is_anonymous", "groups",
    }  # fmt: skip
    (token,) = profile["tokens"]
    assert token.keys() == {"id", "name", "acls", "created_at"}
    assert (token["name"], token["acls"]) == ("ada", ["Comment"])
    assert (profile["preferences"], profile["streams"], profile["groupAdmissionRequests"]) == ({}, [], [])


def test_users_change_their_own_profile(admin: Gateway) -> None:
    ada, bob = make_user(admin, "ada"), make_user(admin, "bob")
    changes = {
        "first_name": "Ada", "last_name": "Lovelace", "affiliations": ["Bamberg"], "bio": "Observes novae.",
        "contact_email": "ada@example.org", "contact_phone": "+49 951 1234",
    }  # fmt: skip
    assert ada.patch("/internal/profile", {**changes, "is_bot": False}).data is None
    assert changes.items() <= ada.get("/internal/profile").data.items()
    assert bob.get("/internal/profile").data["first_name"] is None
    reply = ada.patch("/internal/profile", {"expirationDate": None})
    assert (reply.status, reply.message[:14]) == (400, "expirationDate")


def test_preferences_are_merged(admin: Gateway) -> None:
    ada = make_user(admin, "ada")

    def change(preferences: Any) -> Any:
        assert ada.patch("/internal/profile", {"preferences": preferences}).status == 200
        return ada.get("/internal/profile").data["preferences"]

    assert change({"theme": "dark", "plot": {"size": {"x": 1, "y": 2}, "unit": "ab"}}) == {
        "theme": "dark", "plot": {"size": {"x": 1, "y": 2}, "unit": "ab"},
    }  # fmt: skip
    assert change({"plot": {"size": {"y": 3}, "unit": ""}}) == {
        "theme": "dark", "plot": {"size": {"x": 1, "y": 3}, "unit": "ab"},
    }  # fmt: skip
    assert change({"plot": [1, {"a": None}], "theme": {"name": "light"}}) == {
        "theme": {"name": "light"}, "plot": [1, {"a": None}],
    }  # fmt: skip
    for nothing in (None, {}):
        assert change(nothing) == {"theme": {"name": "light"}, "plot": [1, {"a": None}]}
    assert change({"photometryButtons": {"g": 1, "r": 2}, "plot": None})["photometryButtons"] == {"g": 1, "r": 2}
    assert change({"photometryButtons": {"i": 3}})["photometryButtons"] == {"i": 3}


def test_preferences_that_are_not_valid(admin: Gateway) -> None:
    ada = make_user(admin, "ada")
    assert ada.patch("/internal/profile", {"preferences": {"a": "x" * 30_000}}).status == 200
    deep: Any = {}
    for _ in range(500):
        deep = {"a": deep}
    for preferences in ({"b": "x" * 30_000}, deep, [1], "dark", {"a": [deep]}):
        reply = ada.patch("/internal/profile", {"first_name": "Ada", "preferences": preferences})
        assert (reply.status, reply.message.startswith(("preferences", "The body: it is nested"))) == (400, True)
    profile = ada.get("/internal/profile").data
    assert (profile["first_name"], list(profile["preferences"])) == (None, ["a"]), "nothing is saved"
    assert ada.patch("/internal/profile", {"preferences": {"a": None, "b": "x" * 30_000}}).status == 200


def test_two_changes_of_preferences_at_the_same_moment_are_both_kept(
    admin: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = make_user(admin, "ada")
    real = users_table.save_preferences

    def meanwhile(*arguments: Any) -> None:
        monkeypatch.undo()
        assert ada.patch("/internal/profile", {"preferences": {"a": 1}}).status == 200
        real(*arguments)

    for expected in ({"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 3}):
        monkeypatch.setattr(profiles.users_table, "save_preferences", meanwhile)
        change = {name: value for name, value in expected.items() if name != "a"}
        assert ada.patch("/internal/profile", {"preferences": change}).status == 200
        assert ada.get("/internal/profile").data["preferences"] == expected


# Delete


def test_nothing_works_for_a_deleted_user(admin: Gateway) -> None:
    group = admin.post("/groups", {"name": "novae"}).data["id"]
    manager = make_user(admin, "manager", "Manage users")
    ada = make_user(admin, "ada", "Comment", groups=(group,))
    number = user_id(ada)
    assert manager.delete(f"/user/{number}").data is None
    reply = ada.get("/internal/profile")
    assert (reply.status, reply.message) == (401, "Unknown token. Ask an administrator for a new one.")
    assert people.load_requester(number) is None
    assert [m["username"] for m in admin.get(f"/groups/{group}").data["users"]] == ["admin"]
    assert [u["username"] for u in admin.get("/user").data["users"]] == ["admin", "manager"]
    assert admin.get("/user").data["totalMatches"] == admin.get("/user?username=a").data["totalMatches"] == 2
    groups = admin.get("/groups?includeSingleUserGroups=true").data["all_groups"]
    assert "ada" not in [g["name"] for g in groups]
    body = {"aclIds": ["Comment"], "roleIds": [], "userID": number}
    assert admin.get(f"/user/{number}").status == 403
    assert admin.patch(f"/user/{number}", {"first_name": "Ada"}).status == 403
    assert admin.post(f"/user/{number}/acls", {"aclIds": body["aclIds"]}).status == 403
    assert admin.post(f"/groups/{group}/users", {"userID": number}).status == 400
    assert admin.post("/internal/tokens", {"name": "x", "user_id": number}).status == 400
    assert admin.delete(f"/user/{number}").status == 403


def test_the_records_of_a_deleted_user_stay(admin: Gateway) -> None:
    ada = make_user(admin, "ada", "Comment", "Upload data", "Classify", "Post taxonomy")
    number = user_id(ada)
    assert ada.post("/sources", {"id": "SN1", "ra": 10, "dec": -5, "group_ids": [1]}).status == 200
    assert ada.post("/sources/SN1/comments", {"text": "!"}).status == 200
    assert admin.delete(f"/user/{number}").status == 200
    (comment,) = admin.get("/sources/SN1/comments").data
    assert (comment["author_id"], comment["author"]) == (number, None)


def test_the_name_of_a_deleted_user_is_free(admin: Gateway) -> None:
    ada = make_user(admin, "ada")
    number = user_id(ada)
    assert admin.delete(f"/user/{number}").status == 200
    again = make_user(admin, "ada")
    assert user_id(again) != number
    assert ada.get("/internal/profile").status == 401
    assert [g["name"] for g in again.get("/groups").data["user_groups"]] == ["Sitewide Group", "ada"]


@pytest.mark.parametrize("times", [1, 3])
def test_nothing_is_left_of_a_deleted_user(admin: Gateway, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    monkeypatch.setattr(user_deletion, "PARTS_PER_STEP", 2)
    groups = tuple(admin.post("/groups", {"name": f"group {n}"}).data["id"] for n in range(5))
    ada = make_user(admin, "ada", groups=groups)
    number = user_id(ada)
    for n in range(9):
        ada.post("/internal/tokens", {"name": f"token {n}"})
    ada.patch("/internal/profile", {"preferences": {"a": 1}})
    assert admin.delete(f"/user/{number}").status == 200
    assert users_table.find_deleted_user(number) is not None
    for _ in range(times - 1):
        # Queues deliver at least once.
        queues.send_message(queues.JOBS, {"job": "delete_user", "user_id": number})
    deliver(queues.JOBS)
    items = get_client("dynamodb").scan(TableName=settings.resource_name("registry"))["Items"]
    keys = {item["kind"]["S"] for item in items if item["key"]["S"] == f"{number:012d}"}
    assert keys <= {"group", "shared_group"}, "ids of groups are numbers of their own"
    assert f"token_of_{number}" not in json.dumps(items)
    assert '"ada"' not in json.dumps(items)
    assert drain_queue(queues.JOBS) == []
    for group in groups:
        assert [m["username"] for m in admin.get(f"/groups/{group}").data["users"]] == ["admin"]


def test_an_interrupted_deletion_is_finished_by_the_same_request_or_the_queue(
    admin: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = admin.post("/groups", {"name": "novae"}).data["id"]
    for name in ("ada", "bob"):
        user = make_user(admin, name, groups=(group,))
        number = user_id(user)
        with monkeypatch.context() as patch:
            patch.setattr(user_deletion, "_delete_parts", lambda user_id: False)
            assert admin.delete(f"/user/{number}").status == 200
        assert user.get("/internal/profile").status == 401
        assert [m["username"] for m in admin.get(f"/groups/{group}").data["users"]] == ["admin"]
        assert admin.post(f"/groups/{group}/users", {"userID": number}).status == 400
        assert admin.post("/groups", {"name": "x", "group_admins": [number]}).status == 400
        assert admin.get(f"/user?username={name}").data["users"] == []
        assert users_table.find_deleted_user(number) is not None
        if name == "ada":
            assert admin.delete(f"/user/{number}").status == 200
        else:
            deliver(queues.JOBS)
        assert users_table.find_deleted_user(number) is None
        assert memberships.find_member(group, number) is None


def test_a_deletion_that_is_refused_leaves_the_user(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = make_user(admin, "ada")
    number = user_id(ada)
    assert queues.send_message(queues.JOBS, {"job": "delete_user", "user_id": number}) is None
    assert deliver(queues.JOBS), "delivered again later"
    assert ada.get("/internal/profile").status == 200
    assert ada.delete(f"/user/{number}").status == 401
    reply = admin.delete(f"/user/{user_id(admin)}")
    assert (reply.status, "yourself" in reply.message) == (403, True)
    second = make_user(admin, "second", "System admin")
    reply = second.delete(f"/user/{user_id(admin)}")
    assert (reply.status, "last system administrator" in reply.message) == (403, True)
    assert drain_queue(queues.JOBS) == []


def test_two_system_administrators_cannot_delete_each_other_at_the_same_moment(
    admin: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = admin.post("/user", {"username": "second", "roles": ["Super admin"]}).data["id"]
    body = {"name": "x", "acls": ["System admin"], "user_id": number}
    second = admin.as_user(admin.post("/internal/tokens", body).data["token_id"])
    first = user_id(admin)
    real = users_table.mark_user_deleted

    def meanwhile(*arguments: Any) -> None:
        monkeypatch.undo()
        assert second.delete(f"/user/{first}").status == 200
        real(*arguments)

    monkeypatch.setattr(user_deletion.users_table, "mark_user_deleted", meanwhile)
    assert admin.delete(f"/user/{number}").status == 403
    assert second.get("/internal/profile").status == 200


def test_a_group_with_members_keeps_an_administrator(admin: Gateway) -> None:
    ada, bob = make_user(admin, "ada", "Manage groups"), make_user(admin, "bob")
    group, alone = (ada.post("/groups", {"name": name}).data["id"] for name in ("novae", "alone"))
    assert ada.post(f"/groups/{group}/users", {"userID": user_id(bob)}).status == 200
    number = user_id(ada)
    reply = admin.delete(f"/user/{number}")
    assert (reply.status, f"administrates group {group}," in reply.message) == (403, True)
    assert f"PATCH /api/groups/{group}/users" in reply.message
    assert ada.patch(f"/groups/{group}/users", {"userID": user_id(bob), "admin": True}).status == 200
    assert admin.delete(f"/user/{number}").status == 200
    assert admin.get(f"/groups/{alone}").data["users"] == []
    assert bob.delete(f"/groups/{group}/users/{user_id(bob)}").status == 403, "the last one who administrates it"
    # System administrators can revive the group that nobody is in.
    assert admin.post(f"/groups/{alone}/users", {"userID": user_id(bob), "admin": True}).status == 200


def test_two_who_administrate_a_group_cannot_be_lost_at_the_same_moment(
    admin: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = make_user(admin, "ada", "Manage groups"), make_user(admin, "bob")
    eve = make_user(admin, "eve")
    group = ada.post("/groups", {"name": "novae", "group_admins": [user_id(bob)]}).data["id"]
    assert ada.post(f"/groups/{group}/users", {"userID": user_id(eve)}).status == 200
    real = users_table.mark_user_deleted

    def meanwhile(*arguments: Any) -> None:
        monkeypatch.undo()
        assert bob.delete(f"/groups/{group}/users/{user_id(bob)}").status == 200
        real(*arguments)

    monkeypatch.setattr(user_deletion.users_table, "mark_user_deleted", meanwhile)
    assert admin.delete(f"/user/{user_id(ada)}").status == 403
    assert ada.get(f"/groups/{group}").status == 200


def test_a_user_of_many_groups_is_deleted(admin: Gateway) -> None:
    groups = [admin.post("/groups", {"name": f"group {n}"}).data["id"] for n in range(41)]
    first, last = groups[:40], groups[40]
    body = {"username": "ada", "groupIDsAndAdmin": [[group, True] for group in first]}
    number = admin.post("/user", body).data["id"]
    assert admin.post(f"/groups/{last}/users", {"userID": number, "admin": True}).status == 200
    reply = admin.delete(f"/user/{number}")
    assert (reply.status, "administrates 41 groups" in reply.message) == (403, True)
    assert admin.patch(f"/groups/{last}/users", {"userID": number, "admin": False}).status == 200
    assert admin.delete(f"/user/{number}").status == 200
    assert users_table.find_deleted_user(number) is None
    assert admin.delete(f"/groups/{first[0]}/users/1").status == 403, "the last one who administrates it"


def test_a_user_added_to_a_group_during_the_deletion_is_refused(
    admin: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = admin.post("/groups", {"name": "novae"}).data["id"]
    number = user_id(make_user(admin, "ada"))
    real = memberships.insert_membership

    def meanwhile(*arguments: Any) -> None:
        monkeypatch.undo()
        with monkeypatch.context() as patch:
            patch.setattr(user_deletion, "_delete_parts", lambda user_id: False)
            assert admin.delete(f"/user/{number}").status == 200
        real(*arguments)

    monkeypatch.setattr(memberships, "insert_membership", meanwhile)
    assert admin.post(f"/groups/{group}/users", {"userID": number}).status == 429
    assert memberships.find_member(group, number) is None


def test_a_user_promoted_during_the_deletion_is_counted_out(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    group = admin.post("/groups", {"name": "novae"}).data["id"]
    number = user_id(make_user(admin, "ada", groups=(group,)))
    real = users_table.mark_user_deleted

    def meanwhile(*arguments: Any) -> None:
        monkeypatch.undo()
        assert admin.patch(f"/groups/{group}/users", {"userID": number, "admin": True}).status == 200
        real(*arguments)

    monkeypatch.setattr(user_deletion.users_table, "mark_user_deleted", meanwhile)
    assert admin.delete(f"/user/{number}").status == 200
    item = find_group(group)
    assert item is not None
    assert item.admins == 1


def test_a_member_of_a_group_in_deletion_is_deleted(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_deletion, "PAUSE_SECONDS", 0)
    group = admin.post("/groups", {"name": "novae"}).data["id"]
    number = user_id(make_user(admin, "ada", groups=(group,)))
    assert admin.patch(f"/groups/{group}/users", {"userID": number, "admin": True}).status == 200
    assert admin.delete(f"/groups/{group}").status == 200
    assert admin.delete(f"/user/{number}").status == 200
    deliver(queues.JOBS)
    assert users_table.find_deleted_user(number) is None
    assert list(memberships.iterate_members(group)) == []


def test_a_token_made_during_the_deletion_is_refused(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = make_user(admin, "ada")
    number, real = user_id(ada), api_tokens_table.insert_token

    def meanwhile(*arguments: Any) -> None:
        monkeypatch.undo()
        assert admin.delete(f"/user/{number}").status == 200
        real(*arguments)

    monkeypatch.setattr(api_tokens.api_tokens_table, "insert_token", meanwhile)
    assert ada.post("/internal/tokens", {"name": "late"}).status == 400
    assert api_tokens_table.find_user_tokens(number) == []


# Errors of all requests


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
