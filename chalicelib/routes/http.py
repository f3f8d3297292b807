"""The skin over Chalice: every request in one form, every answer in one envelope.

A route is a plain function that takes a `Call` (and what its path names) and returns what goes
into ``data``; an `Answer` where something stands beside it, a `Redirect` where the answer lies
elsewhere. Errors of the heart become answers with their status and message.
"""

import json
import logging
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import unquote

from chalice.app import Blueprint, Request, Response

from chalicelib import blobs, people, settings
from chalicelib.access import Requester, must_have
from chalicelib.errors import HeliographError, InvalidError, TooLargeError
from chalicelib.json_text import parse
from chalicelib.schemas.base import LARGEST_ID, Schema, read, truth
from chalicelib.schemas.people import Acl

__all__ = ["Answer", "Call", "Redirect", "Routes", "id_in_path"]

log = logging.getLogger(__name__)

S = TypeVar("S", bound=Schema)

View = Callable[..., Any]


@dataclass(frozen=True)
class Answer:
    """An answer with more than ``data``: keys beside it, or a body without the envelope."""

    data: Any = None
    beside: dict[str, Any] = field(default_factory=dict)
    bare: bool = False


@dataclass(frozen=True)
class Redirect:
    """An answer that lies elsewhere, at a short-lived address."""

    url: str


class Call:
    """One request."""

    def __init__(self, request: Request) -> None:
        self.headers = request.headers
        self.query = _query(request)
        self._request = request

    @cached_property
    def requester(self) -> Requester:
        """Who asks."""
        return people.requester_of(self.headers.get("authorization"))

    @cached_property
    def body(self) -> dict[str, Any]:
        """The body: a JSON object; an empty body is an empty object."""
        body = _json(self._request.raw_body)
        if not isinstance(body, dict):
            raise InvalidError("The body must be a JSON object.")
        return body

    def read(self, schema: type[S]) -> S:
        """Return the body by its schema."""
        return read(schema, self.body)

    def switch(self, name: str) -> bool:
        """Return a switch of the query; absent is off."""
        return truth(self.query.get(name, False), name)

    @property
    def path(self) -> str:
        """The path of a request that no route has taken."""
        return "/" + str((self._request.uri_params or {}).get("proxy", ""))

    @property
    def public_url(self) -> str:
        """Where this request came in: what a service can call back to."""
        host = self.headers.get("host", "localhost")
        scheme = self.headers.get("x-forwarded-proto", "https").split(",")[0]
        return f"{scheme}://{host}/{self._request.context.get('stage', 'api')}"


class Routes(Blueprint):
    """A blueprint whose routes have a method, a path and, most of them, a permission."""

    def get(self, path: str, acl: Acl | None = None) -> Callable[[View], View]:
        return self._on("GET", path, acl)

    def post(self, path: str, acl: Acl | None = None) -> Callable[[View], View]:
        return self._on("POST", path, acl)

    def put(self, path: str, acl: Acl | None = None) -> Callable[[View], View]:
        return self._on("PUT", path, acl)

    def patch(self, path: str, acl: Acl | None = None) -> Callable[[View], View]:
        return self._on("PATCH", path, acl)

    def delete(self, path: str, acl: Acl | None = None) -> Callable[[View], View]:
        return self._on("DELETE", path, acl)

    def open_to_all(self, method: str, path: str) -> Callable[[View], View]:
        """A route that needs no token of ours."""
        return self._on(method, path, None, needs_token=False)

    def _on(
        self, method: str, path: str, acl: Acl | None, *, needs_token: bool = True
    ) -> Callable[[View], View]:
        def register(view: View) -> View:
            def handle(**names: str) -> Response:
                return _answered(self.current_request, view, acl, needs_token, names)

            handle.__name__ = view.__name__
            name = f"{view.__module__.rpartition('.')[2]}_{view.__name__}"
            decorate = self.route(path, methods=[method], name=name, content_types=["*/*"], cors=True)
            decorate(handle)
            return view

        return register


def _answered(
    request: Request, view: View, acl: Acl | None, needs_token: bool, names: dict[str, str]
) -> Response:
    try:
        call = Call(request)
        if needs_token:
            requester = call.requester
            if acl is not None:
                must_have(requester, acl)
        given = {name: unquote(value) for name, value in names.items()}
        return _response(view(call, **given))
    except HeliographError as error:
        return _json_response({"status": "error", "message": str(error)}, error.status)
    except Exception:
        log.exception("%s failed", view.__name__)
        message = "Something went wrong here, not with your request. It was logged; try again."
        return _json_response({"status": "error", "message": message}, 500)


def _response(result: Any) -> Response:
    if isinstance(result, Redirect):
        return Response(body="", status_code=303, headers={"Location": result.url})
    answer = result if isinstance(result, Answer) else Answer(result)
    if answer.bare:
        return _json_response(answer.data, 200)
    return _json_response({"status": "success", "data": answer.data, **answer.beside}, 200)


def _json_response(content: Any, status: int) -> Response:
    """Answer in JSON; an answer that API Gateway cannot carry is a redirect to it."""
    text = _dumps(content)
    # Lambda carries the body as a JSON string, in which every quotation mark takes two bytes.
    if len(text) + text.count('"') + text.count("\\") > settings.LARGE_ANSWER_BYTES:
        key = f"uploads/answers/{uuid.uuid4()}.json"
        blobs.put(key, text.encode(), "application/json")
        return Response(body="", status_code=303, headers={"Location": blobs.link(key)})
    headers: dict[str, str | list[str]] = {"Content-Type": "application/json"}
    if status in (429, 503):
        headers["Retry-After"] = "1"
    return Response(body=text, status_code=status, headers=headers)


def _dumps(content: Any) -> str:
    try:
        return json.dumps(content, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(content))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value


def _json(raw: bytes | str) -> Any:
    if len(raw) > settings.REQUEST_BYTES:
        raise TooLargeError(
            f"The request takes {len(raw) // 1024} kB; at most {settings.REQUEST_BYTES // 1024} are taken. "
            "Send fewer or smaller plots or files, or thin the samples."
        )
    return parse(raw, "The body") if raw.strip() else {}


def _query(request: Request) -> dict[str, str]:
    return dict(request.query_params or {})


def id_in_path(text: str, what: str, error: type[HeliographError]) -> int:
    """Return an id from a path.

    Raises
    ------
    HeliographError
        Of the type given, if it is no id: whatever it names does not exist.
    """
    if not text.isascii() or not text.isdecimal() or len(text) > 16 or int(text) > LARGEST_ID:
        raise error(f"There is no {what} {text[:40]!r}.")
    return int(text)
