"""Users, groups, tokens."""

import pytest

from tests.gateway import Gateway


def make_user(admin: Gateway, name: str, *acls: str, groups: tuple[int, ...] = ()) -> Gateway:
    """Add a user with a token that has these permissions."""
    user = admin.post("/user", {"username": name, "groupIDsAndAdmin": [[g, False] for g in groups]}).data[
        "id"
    ]
    token = admin.post("/internal/tokens", {"name": name, "acls": list(acls), "user_id": user}).data[
        "token_id"
    ]
    return admin.as_user(token)


@pytest.mark.parametrize("token", [None, "", "unknown", "\u00e9"])
def test_nobody_comes_in_without_a_token_that_is_known(admin: Gateway, token: str | None) -> None:
    reply = admin.as_user(token).get("/groups")
    assert reply.status == 401
    assert "token" in reply.message


def test_a_token_is_taken_in_both_forms(admin: Gateway) -> None:
    for scheme in ("token", "Token", "Bearer", "bearer"):
        reply = admin.as_user(None).get("/internal/profile", authorization=f"{scheme} {admin.token}")
        assert reply.data["username"] == "admin"


def test_a_token_without_the_permission_is_told_which_one_it_lacks(admin: Gateway) -> None:
    user = make_user(admin, "ada", "Run Analyses")
    reply = user.post("/groups", {"name": "novae"})
    assert reply.status == 401
    assert "Manage groups" in reply.message


def test_a_group_holds_its_creator(admin: Gateway) -> None:
    user = make_user(admin, "ada", "Manage groups")
    group = user.post("/groups", {"name": "novae"}).data["id"]
    names = {g["id"]: g["name"] for g in user.get("/groups").data["user_groups"]}
    assert names[group] == "novae"
    assert "ada" in names.values(), "the single-user group"
    assert "Sitewide Group" in names.values()


def test_only_those_who_administrate_a_group_add_members(admin: Gateway) -> None:
    ada, bob = make_user(admin, "ada", "Manage groups"), make_user(admin, "bob", "Manage groups")
    bob_id = bob.get("/internal/profile").data["id"]
    group = ada.post("/groups", {"name": "novae"}).data["id"]
    assert bob.post(f"/groups/{group}/users", {"userID": bob_id}).status == 403
    assert ada.post(f"/groups/{group}/users", {"userID": bob_id}).status == 200
    assert group in [g["id"] for g in bob.get("/groups").data["user_groups"]]
    own = next(g["id"] for g in bob.get("/groups").data["user_groups"] if g["name"] == "bob")
    assert admin.post(f"/groups/{own}/users", {"userID": 1}).status == 403


def test_names_are_taken_once(admin: Gateway) -> None:
    make_user(admin, "ada")
    assert "taken" in admin.post("/user", {"username": "ada"}).message
    assert admin.post("/groups", {"name": "ada"}).status == 400


def test_nobody_gives_away_more_than_they_have(admin: Gateway) -> None:
    user = make_user(admin, "ada", "Run Analyses")
    assert user.post("/internal/tokens", {"name": "x", "acls": ["Run Analyses"]}).status == 200
    assert user.post("/internal/tokens", {"name": "x", "acls": ["System admin"]}).status == 401
    assert user.post("/internal/tokens", {"name": "x", "user_id": 1}).status == 401
    assert user.post("/internal/tokens", {"name": "x", "acls": ["Fly"]}).status == 400


def test_a_dropped_token_is_unknown(admin: Gateway) -> None:
    user = make_user(admin, "ada")
    (token,) = user.get("/internal/tokens").data
    assert user.token not in str(token)
    assert user.delete(f"/internal/tokens/{token['id']}").status == 200
    assert user.get("/internal/tokens").status == 401


def test_errors_name_the_field_and_what_was_expected(admin: Gateway) -> None:
    assert admin.post("/user", {"username": ""}).message.startswith("username: ")
    assert admin.post("/user", {}).message == "username: required"
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
def test_what_no_route_takes_has_the_envelope_too(
    admin: Gateway, method: str, path: str, status: int
) -> None:
    reply = admin.request(method, path)
    assert reply.status == status
    assert reply.message
