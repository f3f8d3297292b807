"""ACLs and roles: what users are granted, and that revoking takes it from their tokens."""

from typing import Any

import pytest

from chalicelib import people
from chalicelib.people import api_tokens, permissions
from chalicelib.tables import api_tokens as api_tokens_table, users as users_table
from tests.api.test_people import make_user, user_id
from tests.gateway import Gateway


@pytest.fixture
def manager(admin: Gateway) -> Gateway:
    """Return a user who manages users."""
    return make_user(admin, "manager", "Manage users", "Annotate")


@pytest.fixture
def bob(admin: Gateway) -> Gateway:
    return make_user(admin, "bob")


def acls_of(token: dict[str, Any]) -> list[str]:
    return [acl["id"] for acl in token["acls"]]


def make_token(user: Gateway, *acls: str, **more: Any) -> Gateway:
    """Return the user with another token, which they create themselves."""
    text = user.post("/internal/tokens", {"name": "more", "acls": acls, **more}).data["token_id"]
    return user.as_user(text)


def permissions_of(user: Gateway) -> list[str]:
    """Return what the user's token allows."""
    return [str(acl) for acl in user.get("/internal/profile").data["permissions"]]


def test_all_acls_and_roles_are_listed(bob: Gateway) -> None:
    acls = bob.get("/acls").data
    assert {"Comment", "Annotate", "Upload data", "System admin"} <= set(acls)
    roles = {role["id"]: role["acls"] for role in bob.get("/roles").data}
    assert roles["View only"] == []
    assert roles["Full user"] == ["Annotate", "Classify", "Comment", "Run Analyses", "Upload data"]
    assert set(roles["Full user"]) < set(roles["Group admin"]) < set(acls)
    assert "Manage groups" not in roles["Group admin"], "as in SkyPortal"
    assert roles["Super admin"] == acls


def test_what_was_granted_is_shown(admin: Gateway, bob: Gateway) -> None:
    path = f"/user/{user_id(bob)}"
    assert admin.post(f"{path}/acls", {"aclIds": ["Comment", "Manage groups"]}).data is None
    assert admin.post(f"{path}/roles", {"roleIds": ["Full user"]}).data is None
    user = admin.get(path).data
    assert (user["acls"], user["roles"]) == (["Comment", "Manage groups"], ["Full user"])
    assert user["permissions"] == ["Annotate", "Classify", "Comment", "Manage groups", "Run Analyses", "Upload data"]
    profile = bob.get("/internal/profile").data
    assert (profile["acls"], profile["roles"]) == (user["acls"], user["roles"])
    assert profile["permissions"] == [], "those of the token, which does not change"
    assert admin.delete(f"{path}/acls/Comment").data is None
    assert admin.delete(f"{path}/roles/Full%20user").data is None
    user = admin.get(path).data
    assert (user["acls"], user["roles"], user["permissions"]) == (["Manage groups"], [], ["Manage groups"])
    assert user["modified"] > user["created_at"]


@pytest.mark.parametrize(("kind", "field"), [("acls", "aclIds"), ("roles", "roleIds")])
def test_names_that_are_not_known_are_listed(admin: Gateway, bob: Gateway, kind: str, field: str) -> None:
    path = f"/user/{user_id(bob)}/{kind}"
    reply = admin.post(path, {field: ["Fly", "View only", "Annotate", "annotate"]})
    assert reply.status == 400
    assert reply.message.startswith(f"{field}: ")
    assert "'Fly'" in reply.message
    assert "'annotate'" in reply.message
    assert admin.get(f"/user/{user_id(bob)}").data[kind] == []
    for wrong in ("Annotate", None, [3], {}):
        assert admin.post(path, {field: wrong}).message.startswith(field)
    assert admin.post(path, {}).message == f"{field}: required."
    assert admin.delete(f"{path}/Fly").status == 400
    assert admin.delete(f"{path}/{'x' * 2000}").status == 400
    for missing in ("4711", "0", "ada"):
        assert admin.post(f"/user/{missing}/{kind}", {field: []}).status == 403
        assert admin.delete(f"/user/{missing}/{kind}/Annotate").status in (400, 403)


def test_a_role_that_the_user_does_not_have_cannot_be_revoked(admin: Gateway, bob: Gateway) -> None:
    path = f"/user/{user_id(bob)}/roles"
    admin.post(path, {"roleIds": ["View only"]})
    reply = admin.delete(f"{path}/Full%20user")
    assert (reply.status, "View only" in reply.message) == (400, True)


def test_managing_permissions_needs_one(bob: Gateway) -> None:
    path = f"/user/{user_id(bob)}"
    for method, route, body in (
        ("POST", "acls", {"aclIds": ["Annotate"]}),
        ("DELETE", "acls/Annotate", None),
        ("POST", "roles", {"roleIds": ["View only"]}),
        ("DELETE", "roles/View%20only", None),
    ):
        reply = bob.request(method, f"{path}/{route}", body)
        assert (reply.status, "Manage users" in reply.message) == (401, True)


def test_nobody_grants_what_their_own_token_lacks(admin: Gateway, manager: Gateway, bob: Gateway) -> None:
    path = f"/user/{user_id(bob)}"
    assert manager.post(f"{path}/acls", {"aclIds": ["Annotate"]}).status == 200
    for own in (path, f"/user/{user_id(manager)}"):
        for acls in (["Comment"], ["System admin"], ["Annotate", "Comment"]):
            reply = manager.post(f"{own}/acls", {"aclIds": acls})
            assert (reply.status, acls[-1] in reply.message) == (401, True)
        for role in ("Full user", "Super admin"):
            assert manager.post(f"{own}/roles", {"roleIds": [role]}).status == 401
    assert manager.post(f"{path}/roles", {"roleIds": ["View only"]}).status == 200
    assert manager.post("/user", {"username": "eve", "roles": ["Super admin"]}).status == 401
    assert manager.post("/user", {"username": "eve", "roles": ["View only"]}).status == 200
    user = admin.get(path).data
    assert (user["acls"], user["roles"]) == (["Annotate"], ["View only"])


def test_only_system_administrators_change_one(admin: Gateway, manager: Gateway, bob: Gateway) -> None:
    by_role = admin.post("/user", {"username": "by role", "roles": ["Super admin"]}).data["id"]
    make_token(admin, "System admin", user_id=user_id(bob))
    for user in (by_role, user_id(bob)):
        for method, route, body in (
            ("POST", "/acls", {"aclIds": ["Annotate"]}),
            ("DELETE", "/acls/Annotate", None),
            ("POST", "/roles", {"roleIds": ["View only"]}),
            ("DELETE", "/roles/Super%20admin", None),
            ("PATCH", "", {"expirationDate": "2020-01-01"}),
            ("DELETE", "", None),
        ):
            reply = manager.request(method, f"/user/{user}{route}", body)
            assert (reply.status, "system administrator" in reply.message) == (401, True), (method, route)
    assert admin.delete(f"/user/{by_role}/roles/Super%20admin").status == 200


# Tokens


def test_a_weak_token_makes_no_strong_one_of_a_user_with_grants(admin: Gateway, bob: Gateway) -> None:
    number = user_id(bob)
    reply = admin.post(f"/user/{number}/acls", {"aclIds": ["Annotate"]})
    assert reply.json["notes"] == [f"No token changes: create one with POST /api/internal/tokens, user_id {number}."]
    admin.post(f"/user/{user_id(bob)}/roles", {"roleIds": ["Full user"]})
    assert bob.post("/internal/tokens", {"name": "x", "acls": ["Annotate"]}).status == 401
    token = make_token(admin, "Annotate", "Run Analyses", user_id=user_id(bob))
    assert permissions_of(token) == ["Annotate", "Run Analyses"]
    weak = make_token(admin, "Comment")
    assert weak.post("/internal/tokens", {"name": "x", "acls": ["System admin"]}).status == 401


def test_what_is_revoked_is_taken_from_all_tokens(admin: Gateway, bob: Gateway) -> None:
    path = f"/user/{user_id(bob)}"
    admin.post(f"{path}/acls", {"aclIds": ["Annotate", "Manage groups"]})
    admin.post(f"{path}/roles", {"roleIds": ["Full user"]})
    acls = ("Annotate", "Manage groups", "Comment", "Fly")
    tokens = [make_token(admin, *acls, user_id=user_id(bob)) for _ in range(3)]
    # A role still has Annotate.
    for acl in ("Annotate", "Manage groups"):
        assert admin.delete(f"{path}/acls/{acl.replace(' ', '%20')}").status == 200
    for token in tokens:
        assert permissions_of(token) == ["Annotate", "Comment", "Fly"]
        assert token.post("/groups", {"name": "novae"}).status == 401
    admin.post(f"{path}/acls", {"aclIds": ["Comment"]})
    assert admin.delete(f"{path}/roles/Full%20user").status == 200
    assert [acls_of(token) for token in bob.get("/internal/tokens").data] == [[], *[["Comment", "Fly"]] * 3]
    assert permissions_of(tokens[0]) == ["Comment", "Fly"]


def test_an_acl_that_only_a_token_has_is_revoked(admin: Gateway) -> None:
    ada = make_user(admin, "ada", "Annotate", "Comment")
    assert admin.delete(f"/user/{user_id(ada)}/acls/Annotate").status == 200
    assert permissions_of(ada) == ["Comment"]


def test_an_interrupted_revocation_holds(admin: Gateway, bob: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/user/{user_id(bob)}/acls"
    admin.post(path, {"aclIds": ["Annotate"]})
    token = make_token(admin, "Annotate", user_id=user_id(bob))
    with monkeypatch.context() as patch:
        patch.setattr(permissions, "_remove_from_tokens", lambda user_id, acls: None)
        assert admin.delete(f"{path}/Annotate").status == 200
    assert acls_of(token.get("/internal/tokens").data[1]) == ["Annotate"], "its removal was interrupted"
    assert permissions_of(token) == []
    assert token.post("/internal/tokens", {"name": "x", "acls": ["Annotate"]}).status == 400
    requester = people.load_requester(user_id(bob), ["Annotate", "Comment"])
    assert requester is not None
    assert requester.acls == {"Comment"}
    # A token does not regain it when it is granted again.
    assert admin.post(path, {"aclIds": ["Annotate"]}).status == 200
    assert permissions_of(token) == []
    assert permissions_of(make_token(admin, "Annotate", user_id=user_id(bob))) == ["Annotate"]


@pytest.mark.parametrize("route", ["acls/Annotate", "roles/Full%20user"])
def test_a_token_made_at_the_same_moment_does_not_keep_it(
    admin: Gateway, bob: Gateway, monkeypatch: pytest.MonkeyPatch, route: str
) -> None:
    path = f"/user/{user_id(bob)}"
    kind = route.partition("/")[0]
    body = {"aclIds": ["Annotate"]} if kind == "acls" else {"roleIds": ["Full user"]}
    assert admin.post(f"{path}/{kind}", body).status == 200
    token = make_token(admin, "Annotate", user_id=user_id(bob))
    real = api_tokens_table.insert_token

    def meanwhile(*arguments: Any) -> None:
        monkeypatch.undo()
        assert admin.delete(f"{path}/{route}").status == 200
        real(*arguments)

    monkeypatch.setattr(api_tokens.api_tokens_table, "insert_token", meanwhile)
    reply = token.post("/internal/tokens", {"name": "late", "acls": ["Annotate"]})
    assert (reply.status, "taken" in reply.message) == (400, True)
    assert all(acls_of(token) == [] for token in bob.get("/internal/tokens").data)


def test_a_token_found_by_the_revocation_may_be_deleted_meanwhile(
    admin: Gateway, bob: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/user/{user_id(bob)}/roles"
    admin.post(path, {"roleIds": ["Full user"]})
    make_token(admin, "Annotate", user_id=user_id(bob))
    real = permissions.remove_token_acls

    def meanwhile(*arguments: Any) -> None:
        api_tokens_table.delete_token(arguments[0])
        real(*arguments)

    monkeypatch.setattr(permissions, "remove_token_acls", meanwhile)
    assert admin.delete(f"{path}/Full%20user").status == 200
    assert [acls_of(token) for token in bob.get("/internal/tokens").data] == [[]]


def test_administrators_grant_again_before_they_make_a_token_with_it(admin: Gateway, bob: Gateway) -> None:
    path, body = f"/user/{user_id(bob)}/acls", {"name": "x", "acls": ["Annotate"], "user_id": user_id(bob)}
    assert admin.post("/internal/tokens", body).status == 200
    assert admin.delete(f"{path}/Annotate").status == 200
    reply = admin.post("/internal/tokens", body)
    assert (reply.status, reply.message[:15]) == (400, "acls: Annotate ")
    assert admin.post(path, {"aclIds": ["Annotate"]}).status == 200
    assert permissions_of(admin.as_user(admin.post("/internal/tokens", body).data["token_id"])) == ["Annotate"]


def test_two_grants_at_the_same_moment_are_both_kept(
    admin: Gateway, bob: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/user/{user_id(bob)}/acls"
    real = users_table.update_user_item

    def meanwhile(*arguments: Any) -> None:
        monkeypatch.undo()
        assert admin.post(path, {"aclIds": ["Comment"]}).status == 200
        real(*arguments)

    monkeypatch.setattr(permissions.users_table, "update_user_item", meanwhile)
    assert admin.post(path, {"aclIds": ["Annotate"]}).status == 200
    assert admin.get(f"/user/{user_id(bob)}").data["acls"] == ["Annotate", "Comment"]


# The last system administrator


def test_the_last_system_administrator_remains(admin: Gateway, bob: Gateway) -> None:
    path, other = f"/user/{user_id(admin)}", f"/user/{user_id(bob)}"
    attempts = (("DELETE", f"{path}/roles/Super%20admin", None), ("PATCH", path, {"expirationDate": "2040-01-01"}))
    for method, route, body in attempts:
        reply = admin.request(method, route, body)
        assert (reply.status, "last system administrator" in reply.message) == (403, True)
    # The ACL by itself is enough, but not with an end.
    assert admin.post(f"{path}/acls", {"aclIds": ["System admin"]}).status == 200
    assert admin.delete(f"{path}/roles/Super%20admin").status == 200
    assert admin.delete(f"{path}/acls/System%20admin").status == 403
    admin.post(f"{other}/roles", {"roleIds": ["Super admin"]})
    assert admin.patch(other, {"expirationDate": "2040-01-01"}).status == 200
    assert admin.delete(f"{path}/acls/System%20admin").status == 403
    assert admin.patch(other, {"expirationDate": None}).status == 200
    assert admin.delete(f"{path}/acls/System%20admin").status == 200
    assert "System admin" not in permissions_of(admin)


def test_two_system_administrators_cannot_both_lose_it_at_the_same_moment(
    admin: Gateway, bob: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other = f"/user/{user_id(admin)}", f"/user/{user_id(bob)}"
    admin.post(f"{other}/roles", {"roleIds": ["Super admin"]})
    second = make_token(admin, "System admin", "Manage users", user_id=user_id(bob))
    real = users_table.update_user_item

    def meanwhile(*arguments: Any) -> None:
        monkeypatch.undo()
        assert second.delete(f"{path}/roles/Super%20admin").status == 200
        real(*arguments)

    monkeypatch.setattr(permissions.users_table, "update_user_item", meanwhile)
    reply = admin.delete(f"{other}/roles/Super%20admin")
    assert (reply.status, "last system administrator" in reply.message) == (403, True)
    assert second.get(other).data["roles"] == ["Super admin"]


def test_the_command_of_the_operator_restores_an_administrator(admin: Gateway, bob: Gateway) -> None:
    number = user_id(admin)
    admin.post(f"/user/{user_id(bob)}/roles", {"roleIds": ["Super admin"]})
    second = make_token(admin, "System admin", user_id=user_id(bob))
    assert admin.patch(f"/user/{number}", {"expirationDate": "2020-01-01"}).status == 200
    assert second.delete(f"/user/{number}/roles/Super%20admin").status == 200
    assert admin.get("/internal/profile").status == 401
    again = admin.as_user(people.ensure_administrator("admin"))
    assert "System admin" in permissions_of(again)
    assert again.get(f"/user/{number}").data["roles"] == ["Super admin"]
    assert permissions_of(admin) == [], "the old token does not regain what was revoked"
