"""How an operation can fail: the statuses that follow from what it takes, with what they say."""

from collections.abc import Iterator
from typing import Any

import msgspec

from chalicelib.access import Requester, require_permission
from chalicelib.errors import (
    BusyError,
    ForbiddenError,
    HeliographError,
    InvalidError,
    LateError,
    MethodError,
    NotFoundError,
    TooLargeError,
    UnauthorizedError,
    UnavailableError,
    UnreadableError,
)
from chalicelib.reference.json_schemas import Json
from chalicelib.reference.views import Operation, body_schema, in_path, query_schema
from chalicelib.schemas.base import Schema, parse_body, parse_query

__all__ = ["failures"]

NAMES = {"group_ids": ForbiddenError, "groupIDsAndAdmin": ForbiddenError, "obj_id": NotFoundError}
"""Fields that name something which may not be there, or not be the requester's."""

MESSAGES: dict[type[HeliographError], str] = {
    InvalidError: "The body must be a JSON object.",
    LateError: "Too late: the analysis was valid until 2026-11-22T04:14:15.926535 and is timed_out.",
    UnauthorizedError: "A token is needed: send the header 'Authorization: token <your token>'.",
    ForbiddenError: "group_ids: you are not in group 4711, or there is no such group.",
    NotFoundError: "There is no source '2019dwz' that you may see.",
    MethodError: "/sources has no method PUT; it has GET, POST.",
    TooLargeError: "The request takes 7168 kB; at most 6144 are taken.",
    UnreadableError: "The results are no joblib file that can be read here.",
    BusyError: "Others are changing the same records at this moment. Try again in a second.",
    UnavailableError: "The render function did not answer in time. Try again.",
}
"""What such errors say, for example."""

TRY_AGAIN = {
    "Retry-After": {
        "description": "After how many seconds to try again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
        "example": 1,
    }
}

Failure = tuple[type[HeliographError], str]


def failures(operation: Operation) -> dict[str, Json]:
    """Return how an operation can fail: an OpenAPI response for each status."""
    found: dict[int, list[Failure]] = {}
    for error, message in (*_of_permission(operation), *_of_input(operation), *_of_rest(operation)):
        found.setdefault(error.status, []).append((error, message))
    return {str(status): _response(found[status], operation) for status in sorted(found)}


def _of_permission(operation: Operation) -> Iterator[Failure]:
    if operation.needs_token:
        yield UnauthorizedError, MESSAGES[UnauthorizedError]
    if operation.acl:
        nobody = Requester(user_id=0, username="", own_group=0, member_of=frozenset(), acls=frozenset())
        try:
            require_permission(nobody, operation.acl)
        except UnauthorizedError as error:
            yield UnauthorizedError, str(error)


def _of_input(operation: Operation) -> Iterator[Failure]:
    for _, part in in_path(operation).values():
        yield part.error, f"There is no {part.what} 4711 that you may see."
    query, body = query_schema(operation), body_schema(operation)
    if query:
        yield InvalidError, _refusal_of_query(query)
    if body:
        yield InvalidError, _refusal_of_body(body)
    if "body" in operation.takes:
        yield InvalidError, MESSAGES[InvalidError]
        yield TooLargeError, MESSAGES[TooLargeError]
    for name in (*_fields(query), *_fields(body)):
        if name in NAMES:
            yield NAMES[name], MESSAGES[NAMES[name]]


def _of_rest(operation: Operation) -> Iterator[Failure]:
    if operation.links:
        yield NotFoundError, "Analysis 4711 is pending and has no products."
    if operation.method != "GET":
        yield BusyError, MESSAGES[BusyError]
    for error in operation.raises:
        yield error, MESSAGES.get(error) or MESSAGES[_plain(error)]


def _fields(schema: type[Schema] | None) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(schema)] if schema else []


def _refusal_of_body(schema: type[Schema]) -> str:
    """Return what is said of a body with a field that is wrong."""
    for name in _fields(schema):
        try:
            parse_body(schema, {name: {"wrong": []}})
        except InvalidError as error:
            return str(error)
    return MESSAGES[InvalidError]


def _refusal_of_query(schema: type[Schema]) -> str:
    """Return what is said of a query with a value that is wrong."""
    for name in _fields(schema):
        try:
            parse_query(schema, {name: "perhaps"})
        except InvalidError as error:
            return str(error)
    return f"{_fields(schema)[0]}: this is no valid JSON: Expecting value: line 1 column 1 (char 0)."


def _plain(error: type[HeliographError]) -> type[HeliographError]:
    """Return the error that this one is a special case of."""
    return next(kind for kind in error.__mro__[::-1] if kind in MESSAGES)


def _response(found: list[Failure], operation: Operation) -> Json:
    error = _plain(found[0][0])
    messages = dict.fromkeys(message for _, message in found)
    examples: dict[str, Any] = {
        f"{number}": {"value": {"status": "error", "message": message}}
        for number, message in enumerate(messages, start=1)
    }
    needed = f" It needs `{operation.acl}`." if operation.acl and error is UnauthorizedError else ""
    return {
        "description": (error.__doc__ or "") + needed,
        **({"headers": TRY_AGAIN} if "Retry-After" in error.headers else {}),
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Failure"}, "examples": examples}
        },
    }
