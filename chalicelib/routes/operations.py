"""Operations: one method of one path each, served by a view whose signature says what it takes.

A view takes the `Call` and, by name and annotation, what it needs: parts of the path (`path_parameters`),
``query`` and ``body`` (`chalicelib.schemas`; bytes if it is a file), in this order. What it returns becomes
``data`` of the answer. The OpenAPI document is built from the same signatures::

    @routes.post("/sources/{source_id}/comments", Acl.COMMENT, answers=CommentRef)
    def create_comment(call: Call, source_id: SourceId, body: NewComment) -> dict[str, int]:
        '''Comment on a source.'''
"""

import binascii
import hashlib
import inspect
import json
import logging
from collections.abc import Callable
from functools import cached_property, partialmethod
from typing import Any, get_args
from urllib.parse import unquote

from chalice.app import Blueprint, CaseInsensitiveMapping, CORSConfig, Request, Response

from chalicelib import people, settings
from chalicelib.access import Requester, require_permission
from chalicelib.aws import is_temporary_failure, is_throttled
from chalicelib.deadlines import limit_request
from chalicelib.errors import HeliographError, InvalidError, ThrottledError, TooLargeError, UnavailableError
from chalicelib.json_text import parse_json
from chalicelib.operation_signature import CATCH_ALL, Operation, View
from chalicelib.routes.remembered_answers import answer_once
from chalicelib.routes.repeated_deletions import delete_once
from chalicelib.routes.responses import error_response, to_response, without_body
from chalicelib.routes.uploaded_files import extract_file
from chalicelib.schemas.base import Schema, parse_body, parse_query
from chalicelib.schemas.people import Acl
from chalicelib.snapshot_restore import reseed_random

log = logging.getLogger(__name__)


CORS = CORSConfig(allow_headers=["Idempotency-Key"], expose_headers=["X-Next-Cursor", "Retry-After"], max_age=3600)


class Call:
    """A request, as views see it."""

    def __init__(self, request: Request, path: str = CATCH_ALL) -> None:
        self.headers = request.headers
        params = request.query_params
        self.query: dict[str, list[str]] = {name: params.getlist(name) for name in params} if params else {}
        self.notes: list[str] = []
        self.method = str(request.method)
        self._path = path
        self._request = request

    @cached_property
    def requester(self) -> Requester:
        """The user of the token that the request was sent with."""
        return people.authenticate(self.headers.get("authorization"), f"{self.method} {self._path}")

    @cached_property
    def body(self) -> dict[str, Any]:
        """The body: a JSON object; an empty body is an empty object."""
        raw = self.raw_body
        if len(raw) > settings.REQUEST_BYTES:
            limit = settings.REQUEST_BYTES // 1000
            raise TooLargeError(
                f"The request has {len(raw) // 1000} kB; at most {limit} are allowed. Send fewer rows per "
                "request; upload a large document of results separately (POST …/upload, see /api/docs)."
            )
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InvalidError("The body is not valid UTF-8 text; encode it as UTF-8, not as Latin-1.") from None
        body = parse_json(text, "The body") if text.strip() else {}
        if not isinstance(body, dict):
            raise InvalidError("The body must be a JSON object.")
        return body

    @property
    def raw_body(self) -> bytes:
        """The bytes of the body."""
        try:
            raw = self._request.raw_body
            return raw if isinstance(raw, bytes) else raw.encode()
        except (UnicodeEncodeError, binascii.Error):
            raise InvalidError("The body is not valid UTF-8 text.") from None

    @property
    def takes_bytes(self) -> bool:
        """Whether the answer may be bytes: API Gateway decodes them for requests with ``Accept`` only."""
        return "accept" in self.headers

    @property
    def path_values(self) -> dict[str, str]:
        """The values of the variables of the path."""
        return {name: unquote(value) for name, value in (self._request.uri_params or {}).items()}

    @property
    def unknown_path(self) -> str:
        """The path of a request that only the catch-all route matches."""
        return "/" + str((self._request.uri_params or {}).get("proxy", ""))

    @property
    def public_url(self) -> str:
        """The base URL of this API, where a service can call back.

        The configured one, or the deployment's own. The headers of a request must not decide it: the job of one
        person's request can start another person's analysis.
        """
        context = self._request.context
        own = f"https://{context.get('apiId')}.execute-api.{settings.get_region()}.amazonaws.com/{context.get('stage')}"
        return settings.get_public_url() or own

    @property
    def requested_url(self) -> str:
        """The base URL of this API as the sender of the request wrote it: for answers to them alone."""
        host = self.headers.get("host", "localhost")
        scheme = self.headers.get("x-forwarded-proto", "https").split(",")[0]
        return f"{scheme}://{host}/{self._request.context.get('stage', 'api')}"

    @property
    def idempotency_key(self) -> str | None:
        """The header ``Idempotency-Key``."""
        key: str | None = self.headers.get("idempotency-key")
        return key


def _say_accept(request: Request) -> None:
    """Let Chalice pass an answer to a request without ``Accept``: it takes all answers for bytes."""
    request.headers = CaseInsensitiveMapping({"accept": "*/*", **request.headers})


def serve_operation(operation: Operation, request: Request) -> Response:
    """Return the response of an operation to a request."""
    reseed_random()
    call = Call(request, operation.path)
    with limit_request():
        response = _answer_call(operation, call)
    return without_body(response) if call.method == "HEAD" else response


def _answer_call(operation: Operation, call: Call) -> Response:
    try:
        if operation.needs_token:
            requester = call.requester
            if operation.acl is not None:
                require_permission(requester, operation.acl)
        if operation.method != "GET" and "body" not in operation.takes and not operation.is_catch_all:
            _take_unexpected_body(operation, call)
        if "query" not in operation.takes and not operation.is_catch_all:
            _, call.notes = parse_query(None, call.query)
        arguments = {name: _parse_argument(name, hint, call) for name, hint in operation.takes.items()}
        return to_response(_run_view(operation, call, arguments), call.notes, call.takes_bytes)
    except HeliographError as error:
        return error_response(str(error), error.status, error.headers)
    except Exception as error:
        return _answer_fault(operation, error)


def _answer_fault(operation: Operation, error: Exception) -> Response:
    """Return the answer to a request that failed for a reason which it did not cause."""
    log.exception("%s failed", operation.view.__name__)
    if is_throttled(error):
        refusal: HeliographError = ThrottledError("More is asked for at once than can be done. Try again in a second.")
    elif is_temporary_failure(error):
        refusal = UnavailableError("A system that this needs is slow or not reached. Try again in a second.")
    else:
        return error_response("Internal error, not caused by the request. It was logged; try again.", 500)
    return error_response(str(refusal), refusal.status, refusal.headers)


def _run_view(operation: Operation, call: Call, arguments: dict[str, Any]) -> Any:
    """Call the view, unless the request repeats an earlier one that did it all."""

    def run() -> Any:
        return operation.view(call, **arguments)

    request = [operation.path, call.path_values, call.query]
    if operation.method == "DELETE" and operation.answers is None:
        return delete_once(call.requester, request, run)
    key = call.idempotency_key
    if operation.method != "POST" or not key or not operation.needs_token or not operation.is_remembered:
        return run()
    content = hashlib.sha256(call.raw_body).hexdigest() if operation.takes.get("body") is bytes else call.body
    return answer_once(call.requester, key, f"POST {operation.path}", [*request, content], run)


def _take_unexpected_body(operation: Operation, call: Call) -> None:
    """Read the body of a DELETE like its query, where clients send either; refuse fields that nobody reads."""
    for name, value in call.body.items():
        if operation.method != "DELETE":
            raise InvalidError(f"{name}: this request has no fields; leave out its body.")
        if name in call.query:
            raise InvalidError(f"{name}: send it in the query or in the body, not in both.")
        values = value if isinstance(value, list) else [value]
        call.query[name] = [item if isinstance(item, str) else json.dumps(item) for item in values]


def _parse_argument(name: str, hint: Any, call: Call) -> Any:
    """Return the argument of a view's parameter."""
    if name == "query":
        query, notes = parse_query(hint, call.query)
        call.notes += notes
        return query
    if name == "body" and hint is bytes:
        return extract_file(call.raw_body, call.headers.get("content-type", ""))
    if name == "body":
        if not (inspect.isclass(hint) and issubclass(hint, Schema)):
            return call.body
        call.notes += [f"{name}: ignored, it is not kept here." for name in call.body if name in hint.ignored_fields]
        return parse_body(hint, call.body)
    kind, part = get_args(hint)
    text = call.path_values[name]
    return part.parse_id(text) if kind is int else text


_AddOperation = partialmethod[Callable[[View], View]]


class Routes(Blueprint):
    """The routes of one resource.

    Parameters
    ----------
    name : str
        The name of the resource; of a module's name, the last part.
    description : str
        Its description in the OpenAPI document.
    """

    def __init__(self, name: str, description: str | None) -> None:
        super().__init__(name)
        self.operations: list[Operation] = []
        self._tag = (name.rpartition(".")[2], description or "")

    def _add_operation(
        self, method: str, path: str, acl: Acl | None = None, *, alias: str | None = None, **properties: Any
    ) -> Callable[[View], View]:
        """Add an operation, with `alias` at a second path, too."""

        def register(view: View) -> View:
            self._register_operation(Operation(method, path, view, self._tag, acl, **properties))
            if alias is not None:
                self._register_operation(Operation(method, alias, view, self._tag, acl, is_alias=True, **properties))
            return view

        return register

    def _register_operation(self, operation: Operation) -> None:
        self.operations.append(operation)

        def handle(**path_values: str) -> Response:
            response = serve_operation(operation, self.current_request)
            _say_accept(self.current_request)
            return response

        handle.__name__ = operation.operation_id
        methods = ["GET", "HEAD"] if operation.method == "GET" else [operation.method]
        self.route(operation.path, methods=methods, content_types=["*/*"], cors=CORS)(handle)

    get: _AddOperation = partialmethod(_add_operation, "GET")
    post: _AddOperation = partialmethod(_add_operation, "POST")
    put: _AddOperation = partialmethod(_add_operation, "PUT")
    patch: _AddOperation = partialmethod(_add_operation, "PATCH")
    delete: _AddOperation = partialmethod(_add_operation, "DELETE")
    open_to_all: _AddOperation = partialmethod(_add_operation, needs_token=False)
    """Add an operation that requires no token of Heliograph."""
