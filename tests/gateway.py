"""A gateway in process: requests become the events that API Gateway makes, answers become `Reply`."""

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
from chalice.app import Chalice

from chalicelib import blobs
from chalicelib.reference.openapi_document import build_openapi_document
from chalicelib.routes import OPERATIONS

FAULTS = (500,)
"""Statuses that nothing promises: a test that makes something break sees them."""


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def data(self) -> Any:
        assert self.status == 200, self.text
        return self.json["data"]

    @property
    def message(self) -> str:
        assert self.json["status"] == "error", self.text
        return str(self.json["message"])


def check_promise(method: str, resource: str, reply: Reply) -> None:
    """Fail if an answer is not what its route says that it answers."""
    operation = next((o for o in OPERATIONS if (o.method, o.path) == (method, resource)), None)
    if operation is None:
        return
    promised_statuses = _documented()["paths"][resource][method.lower()]["responses"]
    assert str(reply.status) in promised_statuses or reply.status in FAULTS, (
        f"{method} {resource} answered {reply.status}, which the OpenAPI document does not tell"
    )
    if reply.status != 200 or "json" not in reply.headers["Content-Type"]:
        return
    promised = {"data": operation.answers, **operation.beside}
    for name, schema in promised.items():
        given = reply.json if operation.bare else reply.json.get(name)
        if given is not None or name == "data":
            msgspec.convert(given, schema or None, strict=True)


@cache
def _documented() -> dict[str, Any]:
    return build_openapi_document(OPERATIONS)


class Gateway:
    """The app behind a base path ``/api``, spoken to as one user."""

    def __init__(self, app: Chalice, token: str | None) -> None:
        self._app = app
        self.token = token

    def as_user(self, token: str | None) -> "Gateway":
        return Gateway(self._app, token)

    def get(self, path: str, body: Any = None, **headers: str) -> Reply:
        return self.request("GET", path, body, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Reply:
        return self.request("POST", path, body, **headers)

    def put(self, path: str, body: Any = None) -> Reply:
        return self.request("PUT", path, body)

    def patch(self, path: str, body: Any = None) -> Reply:
        return self.request("PATCH", path, body)

    def delete(self, path: str) -> Reply:
        return self.request("DELETE", path)

    def request(self, method: str, target: str, body: Any = None, **headers: str) -> Reply:
        parts = urlsplit(target)
        resource, names = self._match(method, parts.path)
        query: dict[str, list[str]] = {}
        for name, value in parse_qsl(parts.query, keep_blank_values=True):
            query.setdefault(name, []).append(value)
        sent = {"host": "heliograph.test", "x-forwarded-proto": "https", **headers}
        if self.token:
            sent["authorization"] = f"token {self.token}"
        event = {
            "resource": resource,
            "path": parts.path,
            "httpMethod": method,
            "headers": sent,
            "multiValueHeaders": {name: [value] for name, value in sent.items()},
            "multiValueQueryStringParameters": query or None,
            "pathParameters": names or None,
            "stageVariables": None,
            "requestContext": {
                "resourcePath": resource,
                "httpMethod": method,
                "path": f"/api{parts.path}",
                "stage": "api",
                "identity": {"sourceIp": "127.0.0.1"},
            },
            "body": body if isinstance(body, str) or body is None else json.dumps(body),
            "isBase64Encoded": False,
        }
        answer = self._app(event, None)
        reply = Reply(answer["statusCode"], answer["headers"], answer["body"])
        check_promise(method, resource, reply)
        return reply

    def _match(self, method: str, path: str) -> tuple[str, dict[str, str]]:
        """Choose the route as API Gateway does: fixed parts before variables, ``{proxy+}`` last."""
        for pattern in sorted(
            self._app.routes, key=lambda p: [part.startswith("{") for part in p.split("/")]
        ):
            if "+" in pattern or method not in self._app.routes[pattern]:
                continue
            found = re.fullmatch(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", pattern), path)
            if found:
                return pattern, found.groupdict()
        return "/{proxy+}", {"proxy": path.lstrip("/")}


def followed(reply: Reply) -> bytes:
    """Return the blob that a redirect leads to."""
    assert reply.status == 303, reply.text
    key = urlsplit(reply.headers["Location"]).path.lstrip("/")
    key = key.partition("/")[2] if key.startswith("heliograph-") else key
    found = blobs.read_blob(key)
    assert found is not None, reply.headers["Location"]
    return found
