"""Routes: a path, a permission, and a plain function whose signature says the rest.

A view takes the `Call` and, by their names and annotations, what it needs: the parts of the path
(`paths`), ``query`` and ``body`` (schemas). What it returns goes into ``data``. The OpenAPI
document is made from the same signatures::

    @routes.post("/sources/{source_id}/comments", Acl.COMMENT, answers=CommentRef)
    def add(call: Call, source_id: SourceId, body: NewComment) -> dict[str, int]:
        '''Comment on a source.'''
"""

import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, get_args, get_type_hints

from chalice.app import Blueprint, CORSConfig, Request, Response

from chalicelib.access import require_permission
from chalicelib.errors import HeliographError
from chalicelib.routes.http import Call
from chalicelib.routes.responses import error_response, to_response
from chalicelib.schemas.base import Schema, parse_body, parse_query
from chalicelib.schemas.people import Acl

__all__ = ["Operation", "Routes"]

log = logging.getLogger(__name__)

View = Callable[..., Any]

CORS = CORSConfig(
    allow_headers=["Idempotency-Key"], expose_headers=["X-Next-Cursor", "Retry-After"], max_age=3600
)


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    Attributes
    ----------
    method, path : str
        Where it is.
    view : callable
        What does it.
    acl : Acl or None
        The permission that it needs.
    needs_token : bool
        Whether it needs a token of ours at all.
    answers : type
        What stands in ``data``; None if nothing does.
    beside : dict
        What stands beside ``data``.
    bare : bool
        Whether ``answers`` is the whole body, without the envelope.
    links : str or None
        The content type of the product that it redirects to.
    raises : tuple of type
        Errors besides those that follow from its signature.
    """

    method: str
    path: str
    view: View
    acl: Acl | None = None
    needs_token: bool = True
    answers: Any = None
    beside: dict[str, Any] = field(default_factory=dict)
    bare: bool = False
    links: str | None = None
    raises: tuple[type[HeliographError], ...] = ()

    @cached_property
    def takes(self) -> dict[str, Any]:
        """The annotations of the view's parameters, but for the call."""
        hints = get_type_hints(self.view, include_extras=True)
        names = list(inspect.signature(self.view).parameters)[1:]
        return {name: hints[name] for name in names}

    @property
    def in_path(self) -> dict[str, Any]:
        """Those of them that are parts of the path."""
        return {name: hint for name, hint in self.takes.items() if name not in ("query", "body")}

    def answer(self, request: Request) -> Response:
        """Answer a request."""
        try:
            call = Call(request)
            if self.needs_token:
                requester = call.requester
                if self.acl is not None:
                    require_permission(requester, self.acl)
            return to_response(self.view(call, **self._given(call)))
        except HeliographError as error:
            return error_response(str(error), error.status, error.headers)
        except Exception:
            log.exception("%s failed", self.view.__name__)
            message = "Something went wrong here, not with your request. It was logged; try again."
            return error_response(message, 500, {})

    def _given(self, call: Call) -> dict[str, Any]:
        given: dict[str, Any] = {name: _part(hint, call.names[name]) for name, hint in self.in_path.items()}
        if "query" in self.takes:
            given["query"] = parse_query(self.takes["query"], call.query)
        if "body" in self.takes:
            given["body"] = _body(self.takes["body"], call)
        return given


def _part(hint: Any, text: str) -> Any:
    kind, meaning = get_args(hint)
    return meaning.number(text) if kind is int else text


def _body(hint: Any, call: Call) -> Any:
    if inspect.isclass(hint) and issubclass(hint, Schema):
        return parse_body(hint, call.body)
    return call.body


class Routes(Blueprint):
    """The routes of one resource."""

    def __init__(self, import_name: str) -> None:
        super().__init__(import_name)
        self.operations: list[Operation] = []

    def get(self, path: str, acl: Acl | None = None, **said: Any) -> Callable[[View], View]:
        return self._on("GET", path, acl=acl, **said)

    def post(self, path: str, acl: Acl | None = None, **said: Any) -> Callable[[View], View]:
        return self._on("POST", path, acl=acl, **said)

    def put(self, path: str, acl: Acl | None = None, **said: Any) -> Callable[[View], View]:
        return self._on("PUT", path, acl=acl, **said)

    def patch(self, path: str, acl: Acl | None = None, **said: Any) -> Callable[[View], View]:
        return self._on("PATCH", path, acl=acl, **said)

    def delete(self, path: str, acl: Acl | None = None, **said: Any) -> Callable[[View], View]:
        return self._on("DELETE", path, acl=acl, **said)

    def open_to_all(self, method: str, path: str, **said: Any) -> Callable[[View], View]:
        """A route that needs no token of ours."""
        return self._on(method, path, needs_token=False, **said)

    def _on(self, method: str, path: str, **said: Any) -> Callable[[View], View]:
        def register(view: View) -> View:
            operation = Operation(method, path, view, **said)
            self.operations.append(operation)

            def handle(**names: str) -> Response:
                return operation.answer(self.current_request)

            handle.__name__ = view.__name__
            name = f"{view.__module__.rpartition('.')[2]}_{view.__name__}"
            decorate = self.route(path, methods=[method], name=name, content_types=["*/*"], cors=CORS)
            decorate(handle)
            return view

        return register
