"""Tokens: what they allow, who sees them, and that their text is never revealed."""

import json

import pytest

from chalicelib import settings
from chalicelib.aws import get_client
from tests.api.test_people import make_user, user_id
from tests.gateway import Gateway


@pytest.mark.parametrize("token", [None, "", "unknown", "\u00e9", "\ud800", "a b", "x" * 10_000])
def test_a_missing_or_unknown_token_is_refused(admin: Gateway, token: str | None) -> None:
    reply = admin.as_user(token).get("/groups")
    assert reply.status == 401
    assert "token" in reply.message


def test_a_token_is_accepted_in_both_schemes(admin: Gateway) -> None:
    for scheme in ("token", "Token", "Bearer", "bearer"):
        reply = admin.as_user(None).get("/internal/profile", authorization=f"{scheme} {admin.token}")
        assert reply.data["username"] == "admin"


def test_the_error_names_the_permission_that_the_token_lacks(admin: Gateway) -> None:
    user = make_user(admin, "ada", "Run Analyses")
    reply = user.post("/groups", {"name": "novae"})
    assert reply.status == 401
    assert "Manage groups" in reply.message


def test_a_token_cannot_create_one_with_more_permissions(admin: Gateway) -> None:
    user = make_user(admin, "ada", "Run Analyses")
    assert user.post("/internal/tokens", {"name": "x", "acls": ["Run Analyses"]}).status == 200
    assert user.post("/internal/tokens", {"name": "x", "acls": ["System admin"]}).status == 401
    assert user.post("/internal/tokens", {"name": "x", "user_id": 1}).status == 401
    assert user.post("/internal/tokens", {"name": "x", "acls": ["Fly"]}).status == 200, (
        "as in SkyPortal; it allows nothing"
    )
    assert admin.post("/internal/tokens", {"name": "x", "user_id": 4711}).status == 400


def test_a_token_is_found_by_its_id(admin: Gateway) -> None:
    user = make_user(admin, "ada", "Run Analyses")
    (token,) = user.get("/internal/tokens").data
    assert user.get(f"/internal/tokens/{token['id']}").data == token
    assert (token["name"], token["acls"]) == ("ada", [{"id": "Run Analyses"}])
    for missing in ("none", admin.token, "x" * 2000):
        assert user.get(f"/internal/tokens/{missing}").status == 403
        assert user.delete(f"/internal/tokens/{missing}").status == 403


def test_a_token_says_whose_it_is(admin: Gateway) -> None:
    user = make_user(admin, "ada", "Run Analyses")
    (token,) = user.get("/internal/tokens").data
    assert token.keys() == {"id", "name", "acls", "created_at", "modified", "created_by_id"}
    assert (token["created_by_id"], token["modified"]) == (user_id(user), token["created_at"])
    assert admin.delete(f"/user/{user_id(user)}/acls/Run%20Analyses").status == 200
    (token,) = user.get("/internal/tokens").data
    assert token["modified"] > token["created_at"]


def test_the_owner_has_two_names(admin: Gateway) -> None:
    number = user_id(make_user(admin, "ada"))
    for query in (f"user_id={number}", f"userID={number}", f"userID={number}&user_id={number}"):
        assert [token["name"] for token in admin.get(f"/internal/tokens?{query}").data] == ["ada"]
    reply = admin.get(f"/internal/tokens?user_id={number}&userID=1")
    assert (reply.status, reply.message[:15]) == (400, "user_id, userID")
    assert make_user(admin, "bob").get(f"/internal/tokens?userID={number}").status == 401


def test_tokens_are_listed_in_order_of_creation(admin: Gateway) -> None:
    user = make_user(admin, "ada")
    for name in "bcdefgh":
        user.post("/internal/tokens", {"name": name})
    assert [token["name"] for token in user.get("/internal/tokens").data] == ["ada", *"bcdefgh"]


def test_a_revoked_token_is_refused(admin: Gateway) -> None:
    user = make_user(admin, "ada")
    other = user.as_user(user.post("/internal/tokens", {"name": "other"}).data["token_id"])
    token = next(t for t in user.get("/internal/tokens").data if t["name"] == "other")
    assert user.delete(f"/internal/tokens/{token['id']}").data is None
    assert other.get("/internal/tokens").status == 401
    assert user.delete(f"/internal/tokens/{token['id']}").status == 403
    assert [t["name"] for t in user.get("/internal/tokens").data] == ["ada"]


def test_only_administrators_see_the_tokens_of_others(admin: Gateway) -> None:
    ada, bob = make_user(admin, "ada", "Manage users"), make_user(admin, "bob")
    (token,) = ada.get("/internal/tokens").data
    whose = f"?user_id={user_id(ada)}"
    assert bob.get(f"/internal/tokens/{token['id']}").status == 403
    for method, path in (
        ("GET", "/internal/tokens"),
        ("GET", f"/internal/tokens/{token['id']}"),
        ("DELETE", f"/internal/tokens/{token['id']}"),
    ):
        assert bob.request(method, path + whose).status == 401
        assert admin.request(method, path + whose).status == 200
    assert ada.get("/internal/profile").status == 401
    assert admin.get("/internal/tokens?user_id=x").message.startswith("user_id: ")


def test_the_text_of_a_token_is_not_stored(admin: Gateway) -> None:
    user = make_user(admin, "ada")
    stored = json.dumps(get_client("dynamodb").scan(TableName=settings.resource_name("registry"))["Items"])
    assert "ada" in stored
    assert user.token not in stored
    (token,) = user.get("/internal/tokens").data
    assert token["id"] not in str(user.token)
    assert user.token not in json.dumps(token)


def test_a_token_is_known_by_its_text_as_well(admin: Gateway) -> None:
    text = admin.post("/internal/tokens", {"name": "laptop"}).data["token_id"]
    assert admin.get(f"/internal/tokens/{text}").data["name"] == "laptop"
    assert make_user(admin, "bob").delete(f"/internal/tokens/{text}").status == 403
    assert admin.delete(f"/internal/tokens/{text}").status == 200
    assert admin.as_user(text).get("/internal/profile").status == 401
    reply = admin.delete(f"/internal/tokens/{text}")
    assert reply.status == 403
    assert text not in reply.message, "a text is a secret"
