"""Details of users: change them, one's own and those of others; one's profile and preferences."""

from collections.abc import Callable
from typing import Any

from chalicelib.access import Requester
from chalicelib.errors import InvalidError, UnauthorizedError
from chalicelib.people.administrators import get_changeable_user, require_other_administrator
from chalicelib.people.api_tokens import describe_token, find_own_tokens
from chalicelib.people.permissions import BUSY
from chalicelib.people.users import DETAILS, NAME_TAKEN, get_user
from chalicelib.schemas.base import check_size, sent_fields
from chalicelib.schemas.people import ProfileChange, UserChange
from chalicelib.sources.times import parse_time
from chalicelib.tables import users as users_table
from chalicelib.tables.base import NameTaken, retry_on_conflict
from chalicelib.tables.people_items import PreferencesItem, UserItem

REPLACED_PREFERENCES = frozenset({"classificationShortcuts", "photometryButtons", "spectroscopyButtons"})
"""Preferences that a change replaces as a whole, as in SkyPortal: their keys are names that users choose."""

DEEPEST_PREFERENCE = 20
"""Most levels of preferences: merging them is recursive."""


def update_user(requester: Requester, user_id: int, request: UserChange) -> None:
    """Change the details of a user, and when their account expires.

    Raises
    ------
    InvalidError
        If the name is taken, or the date is not a time.
    ForbiddenError
        If there is no such user, or the last system administrator would expire.
    UnauthorizedError
        If the user is a system administrator, and the requester is none.
    """
    changes = sent_fields(request)
    if "expirationDate" in changes:
        changes["expires_at"] = _parse_expiration(changes.pop("expirationDate"))
    _save_details(user_id, changes, lambda: get_changeable_user(requester, user_id))


def update_profile(requester: Requester, request: ProfileChange) -> None:
    """Change the requester's own details, and merge preferences into theirs.

    Raises
    ------
    InvalidError
        If the name is taken, or the preferences are too large or nested too deeply.
    UnauthorizedError
        If the requester was deleted meanwhile.
    """
    changes = sent_fields(request)
    preferences = changes.pop("preferences", None) or {}
    # Before anything is saved: a request that is refused changes nothing.
    _merge_stored_preferences(requester.user_id, preferences)
    _save_details(requester.user_id, changes, lambda: _find_own_user(requester))
    if preferences:

        def attempt() -> None:
            old, merged = _merge_stored_preferences(requester.user_id, preferences)
            users_table.save_preferences(requester.user_id, old, merged)

        retry_on_conflict(attempt, BUSY.format(requester.user_id))


def get_profile(requester: Requester) -> dict[str, Any]:
    """Return the requester, with the permissions of their token, their tokens and their preferences."""
    item = users_table.find_preferences(requester.user_id)
    return {
        **get_user(requester, requester.user_id),
        "permissions": sorted(requester.acls),
        "tokens": [describe_token(token) for token in find_own_tokens(requester)],
        "preferences": item.preferences if item else {},
        "groupAdmissionRequests": [],
        "is_anonymous": False,
    }


def merge_preferences(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return preferences with changes, as SkyPortal merges them: objects key by key, other values as a whole.

    Empty text in an object of the first level changes nothing.
    """
    cleaned = {
        name: {key: part for key, part in value.items() if part != ""} if isinstance(value, dict) else value
        for name, value in new.items()
    }
    kept = {name: value for name, value in old.items() if name not in REPLACED_PREFERENCES & cleaned.keys()}
    return _merge_objects(kept, cleaned)


def _merge_objects(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for name, value in new.items():
        if isinstance(value, dict):
            before = old.get(name)
            merged[name] = _merge_objects(before if isinstance(before, dict) else {}, value)
        else:
            merged[name] = value
    return merged


def _merge_stored_preferences(user_id: int, changes: dict[str, Any]) -> tuple[PreferencesItem | None, dict[str, Any]]:
    """Return the preferences that are stored, and with changes."""
    _require_shallow(changes)
    old = users_table.find_preferences(user_id)
    merged = merge_preferences(old.preferences if old else {}, changes)
    try:
        check_size("preferences", merged)
    except ValueError as error:
        raise InvalidError(f"{error}. Replace large values, for example by null.") from None
    return old, merged


def _require_shallow(value: Any, levels: int = DEEPEST_PREFERENCE) -> None:
    if not isinstance(value, dict | list):
        return
    if levels == 0:
        raise InvalidError(f"preferences: nested too deeply; at most {DEEPEST_PREFERENCE} levels are allowed.")
    for part in value.values() if isinstance(value, dict) else value:
        _require_shallow(part, levels - 1)


def _find_own_user(requester: Requester) -> UserItem:
    user = users_table.find_user(requester.user_id)
    if user is None:
        raise UnauthorizedError("Your user does not exist any more.")
    return user


def _parse_expiration(text: str | None) -> str | None:
    if text is None or not text.strip():
        return None
    return parse_time("expirationDate", text).isoformat(timespec="microseconds")


def _save_details(user_id: int, changes: dict[str, Any], find: Callable[[], UserItem]) -> None:
    """Save details of a user, whom `find` returns or refuses."""
    details = {name: changes.pop(name) or None for name in DETAILS if name in changes}

    def attempt() -> None:
        user = find()
        if not changes and not details:
            return
        fields = {**(user.fields or {}), **details}
        expires = changes.get("expires_at") is not None
        administrator_changes = require_other_administrator(user) if expires else None
        try:
            users_table.update_user_item(user, {**changes, "fields": fields}, administrator_changes)
        except NameTaken:
            raise InvalidError(NAME_TAKEN.format(changes["username"])) from None

    retry_on_conflict(attempt, BUSY.format(user_id))
