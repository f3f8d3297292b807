"""The error responses of an operation: statuses that follow from its signature, with example messages."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from chalicelib import errors, settings
from chalicelib.access import Requester, require_permission
from chalicelib.operation_signature import Operation, get_body_schema, get_path_parts, get_query_schema
from chalicelib.reference.schema_components import Json
from chalicelib.schemas.base import Schema, parse_body, parse_query

FIELD_ERRORS = {
    "group_ids": errors.ForbiddenError,
    "groupIDsAndAdmin": errors.ForbiddenError,
    "obj_id": errors.NotFoundError,
}
"""Fields that refer to a record, and the error if the requester cannot see that record."""

MESSAGES: dict[type[errors.HeliographError], str] = {
    errors.InvalidError: "The body must be a JSON object.",
    errors.LateError: "Too late: the analysis was valid until 2026-11-22T04:14:15.926535 and is timed_out.",
    errors.UnauthorizedError: "A token is needed: send the header 'Authorization: token <your token>'.",
    errors.ForbiddenError: "group_ids: you are not in group 4711, or there is no such group.",
    errors.NotFoundError: "There is no source '2019dwz' that you may see.",
    errors.MethodError: "/sources has no method PUT; it has GET, POST.",
    errors.TooLargeError: "The request has 7168 kB; at most 6144 kB are allowed. Send fewer rows per request.",
    errors.UnreadableError: "The joblib file is broken (EOFError); send it again.",
    errors.ThrottledError: "More is asked for at once than can be done. Try again in a second.",
    errors.RateLimitedError: "Your token has sent 3000 requests in this minute: try again in 12 s.",
    errors.BusyError: "Other requests are changing the same records. Try again in a second.",
    errors.UnavailableError: "The render function did not respond in time. Try again.",
}
"""An example message of each error."""

RETRY_HEADERS = {
    "Retry-After": {
        "description": "Seconds to wait before trying again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
        "example": 1,
    }
}

ErrorExample = tuple[type[errors.HeliographError], str]


def build_error_responses(operation: Operation) -> dict[str, Json]:
    """Return the OpenAPI response of each error status of an operation."""
    by_status: dict[int, list[ErrorExample]] = {}
    for error, message in (
        *_list_permission_errors(operation), *_list_input_errors(operation), *_list_other_errors(operation),
    ):  # fmt: skip
        by_status.setdefault(error.status, []).append((error, message))
    return {str(status): _build_response(by_status[status], operation) for status in sorted(by_status)}


def _list_permission_errors(operation: Operation) -> Iterator[ErrorExample]:
    if operation.needs_token:
        yield errors.UnauthorizedError, MESSAGES[errors.UnauthorizedError]
    if operation.acl:
        nobody = Requester(user_id=0, username="", own_group=0, member_of=frozenset(), acls=frozenset())
        try:
            require_permission(nobody, operation.acl)
        except errors.UnauthorizedError as error:
            yield errors.UnauthorizedError, str(error)


def _list_input_errors(operation: Operation) -> Iterator[ErrorExample]:
    for _, part in get_path_parts(operation).values():
        yield part.error, f"There is no {part.what} 4711 that you may see."
    yield errors.InvalidError, "colour: there is no such parameter; leave it out."
    query = get_query_schema(operation)
    body = get_body_schema(operation)
    if query:
        yield errors.InvalidError, _provoke_error(parse_query, query, ["perhaps"])
    if body:
        yield errors.InvalidError, _provoke_error(parse_body, body, {"wrong": []})
    if "body" in operation.takes:
        yield errors.InvalidError, MESSAGES[errors.InvalidError]
        yield errors.TooLargeError, MESSAGES[errors.TooLargeError]
    for name in (*_list_field_names(query), *_list_field_names(body)):
        if name in FIELD_ERRORS:
            yield FIELD_ERRORS[name], MESSAGES[FIELD_ERRORS[name]]


def _list_other_errors(operation: Operation) -> Iterator[ErrorExample]:
    if operation.file_type:
        yield errors.NotFoundError, "Analysis 4711 is pending and has no products."
    if operation.method != "GET":
        yield errors.BusyError, MESSAGES[errors.BusyError]
    if operation.needs_token:
        yield errors.RateLimitedError, MESSAGES[errors.RateLimitedError]
    yield errors.ThrottledError, MESSAGES[errors.ThrottledError]
    yield errors.UnavailableError, MESSAGES[errors.UnavailableError]
    for error in operation.raises:
        yield error, MESSAGES.get(error) or MESSAGES[_get_documented_base(error)]


def _list_field_names(schema: type[Schema] | None) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(schema)] if schema else []


def _provoke_error(parse: Callable[[Any, dict[str, Any]], Any], schema: type[Schema], wrong: Any) -> str:
    """Return the message for the first field of a request that refuses a wrong value."""
    for name in _list_field_names(schema):
        try:
            parse(schema, {name: wrong})
        except errors.InvalidError as error:
            return str(error)
    # Only a field of JSON takes any text of its type.
    return f"{_list_field_names(schema)[0]}: this is not valid JSON: Expecting value: line 1 column 1 (char 0)."


def _get_documented_base(error: type[errors.HeliographError]) -> type[errors.HeliographError]:
    """Return the most general class of an error that has an example message."""
    return next(kind for kind in error.__mro__[::-1] if kind in MESSAGES)


def _build_response(error_examples: list[ErrorExample], operation: Operation) -> Json:
    error = _get_documented_base(error_examples[0][0])
    messages = dict.fromkeys(message for _, message in error_examples)
    examples: dict[str, Any] = {
        str(number): {"value": {"status": "error", "message": message, "data": {}, "version": settings.VERSION}}
        for number, message in enumerate(messages, start=1)
    }
    permission = f" It needs `{operation.acl}`." if operation.acl and error is errors.UnauthorizedError else ""
    return {
        "description": (error.__doc__ or "") + permission,
        **({"headers": RETRY_HEADERS} if "Retry-After" in error.headers else {}),
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}, "examples": examples}},
    }
