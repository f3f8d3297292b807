"""Tokens: what they allow, who sees them, and that their text is never revealed."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import settings
from chalicelib.aws import get_client
from chalicelib.people import request_limits
from chalicelib.people.api_tokens import hash_token
from chalicelib.tables import api_tokens as api_tokens_table
from chalicelib.tables.base import now, timestamp
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
    assert user.delete(f"/internal/tokens/{token['id']}").status == 200
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
    reply = make_user(admin, "eve", "System admin").delete(f"/internal/tokens/{text}")
    assert reply.status == 403
    assert text not in reply.message, "a text is a secret"


DETAILS = {"expires_at", "last_used_at", "last_use"}


def change_stored_token(text: str | None, **values: str) -> None:
    """Change the stored item of a token."""
    get_client("dynamodb").update_item(
        TableName=settings.resource_name("registry"),
        Key={"kind": {"S": "token"}, "key": {"S": hash_token(str(text))}},
        UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in values),
        ExpressionAttributeValues={f":{name}": {"S": value} for name, value in values.items()},
    )


def find_token(user: Gateway, name: str) -> dict[str, Any]:
    return next(token for token in user.get("/internal/tokens?includeDetails=true").data if token["name"] == name)


def test_a_token_tells_its_owner_when_and_for_what_it_was_used(admin: Gateway) -> None:
    bob = make_user(admin, "bob")
    phone = bob.as_user(bob.post("/internal/tokens", {"name": "phone"}).data["token_id"])
    assert find_token(bob, "phone").keys() > DETAILS
    assert [find_token(bob, "phone")[name] for name in DETAILS] == [None] * 3
    assert phone.get("/sources/Secret_name").status == 404
    token = find_token(bob, "phone")
    assert token["last_use"] == "GET /sources/{source_id}"
    assert token["created_at"] < token["last_used_at"]
    assert "Secret_name" not in json.dumps(get_client("dynamodb").scan(TableName=settings.resource_name("registry")))
    number = f"user_id={user_id(bob)}"
    assert admin.get(f"/internal/tokens/{token['id']}?{number}&includeDetails=true").data == token
    assert make_user(admin, "eve").get(f"/internal/tokens?{number}&includeDetails=true").status == 401


def test_strict_clients_see_the_keys_of_skyportal_alone(admin: Gateway) -> None:
    text = admin.post("/internal/tokens", {"name": "x", "expires_in_days": 3}).data["token_id"]
    admin.as_user(text).get("/groups")
    for answer in (*admin.get("/internal/tokens").data, admin.get(f"/internal/tokens/{text}").data):
        assert answer.keys() == {"id", "name", "acls", "created_at", "modified", "created_by_id"}


def test_the_last_use_is_written_once_a_minute(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [6_000_000.0]
    monkeypatch.setattr(request_limits, "read_clock", lambda: clock[0])
    bob = make_user(admin, "bob")
    bob.get("/groups")
    request_limits._current.counts = {}  # another process
    bob.get("/acls")
    assert find_token(bob, "bob")["last_use"] == "GET /groups"
    clock[0] += 60
    bob.get("/acls")
    assert find_token(bob, "bob")["last_use"] == "GET /acls"


@pytest.mark.parametrize(
    ("fields", "days"),
    [
        ({"expires_in_days": 1}, 1),
        ({"expires_in_days": "90"}, 90),
        ({"expires_in_days": 3660}, 3660),
        ({"expires_at": "tomorrow"}, 1),
        ({"expires_at": "tomorrow+02:00"}, 1),
    ],
)
def test_a_token_expires(admin: Gateway, fields: dict[str, Any], days: int) -> None:
    expected = now() + timedelta(days=days)
    if str(fields.get("expires_at")).startswith("tomorrow"):
        offset = timedelta(hours=2 if "+" in fields["expires_at"] else 0)
        fields = {"expires_at": (expected + offset).isoformat() + fields["expires_at"].removeprefix("tomorrow")}
    text = admin.post("/internal/tokens", {"name": "short", **fields}).data["token_id"]
    expires_at = datetime.fromisoformat(find_token(admin, "short")["expires_at"])
    assert abs(expires_at - expected) < timedelta(minutes=1)
    short = admin.as_user(text)
    assert short.get("/groups").status == 200
    change_stored_token(text, expires_at=timestamp())
    reply = short.get("/groups")
    assert reply.status == 401
    assert "This token expired on " in reply.message and "POST /api/internal/tokens" in reply.message


@pytest.mark.parametrize(
    "fields",
    [
        {"expires_in_days": 0}, {"expires_in_days": -1}, {"expires_in_days": 3661}, {"expires_in_days": 1e300},
        {"expires_in_days": 1.5}, {"expires_in_days": [1]}, {"expires_in_days": True}, {"expires_in_days": "soon"},
        {"expires_at": "2001-01-01"}, {"expires_at": "9999-12-31T23:59:59-12:00"}, {"expires_at": "0001-01-01+14:00"},
        {"expires_at": "soon"}, {"expires_at": 5}, {"expires_at": "2100-01-01"}, {"expires_at": "x" * 5000},
        {"expires_at": "\u202e"}, {"expires_at": "2030-01-01", "expires_in_days": 3},
    ],
)  # fmt: skip
def test_an_expiry_that_is_none_is_refused(admin: Gateway, fields: dict[str, Any]) -> None:
    reply = admin.post("/internal/tokens", {"name": "short", **fields})
    assert reply.status == 400
    assert reply.message.startswith("expires_")
    assert len(admin.get("/internal/tokens").data) == 1


@pytest.mark.parametrize("fields", [{}, {"expires_at": None}, {"expires_at": ""}, {"expires_at": " "}])
def test_without_an_expiry_a_token_stays_valid(admin: Gateway, fields: dict[str, Any]) -> None:
    admin.post("/internal/tokens", {"name": "lasting", **fields})
    assert find_token(admin, "lasting")["expires_at"] is None


def test_a_token_that_expires_makes_none_that_lasts(admin: Gateway) -> None:
    for parent in (admin, make_user(admin, "bob")):
        short = parent.as_user(parent.post("/internal/tokens", {"name": "s", "expires_in_days": 3}).data["token_id"])
        for fields in ({}, {"expires_in_days": 4}, {"expires_at": (now() + timedelta(days=3.1)).isoformat()}):
            reply = short.post("/internal/tokens", {"name": "heir", **fields})
            assert reply.status == 400
            assert "your own token expires on" in reply.message
        assert short.post("/internal/tokens", {"name": "heir", "expires_in_days": 2}).status == 200


def test_a_revoked_token_is_refused_by_every_process_at_once(admin: Gateway) -> None:
    bob = make_user(admin, "bob", "Run Analyses", "Manage groups")
    number = user_id(bob)
    for take in (
        lambda: admin.delete(f"/user/{user_id(bob)}/acls/Manage%20groups"),
        lambda: admin.delete(f"/internal/tokens/{find_token(bob, 'bob')['id']}?user_id={number}"),
    ):
        # This process has seen the token often, and counted it.
        for _ in range(5):
            assert bob.get("/groups").status == 200
        assert take().status == 200
        assert bob.post("/groups", {"name": "x"}).status == 401
    assert bob.get("/groups").status == 401
    assert bob.get("/groups").message.startswith("Unknown token")


def test_the_use_of_a_token_that_is_being_revoked_leaves_nothing(
    admin: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = make_user(admin, "bob")
    token = find_token(admin.as_user(bob.token), "bob")
    number = user_id(bob)
    real = api_tokens_table.add_requests

    def revoke_first(*arguments: Any) -> None:
        monkeypatch.setattr(request_limits.api_tokens_table, "add_requests", real)
        assert admin.delete(f"/internal/tokens/{token['id']}?user_id={number}").status == 200
        real(*arguments)

    request_limits._current.counts = {}
    monkeypatch.setattr(request_limits.api_tokens_table, "add_requests", revoke_first)
    bob.get("/groups")
    stored = json.dumps(get_client("dynamodb").scan(TableName=settings.resource_name("registry"))["Items"])
    assert hash_token(str(bob.token)) not in stored
    assert bob.get("/groups").status == 401
