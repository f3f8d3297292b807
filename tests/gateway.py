"""API Gateway in process: makes a request into Lambda's event, and the app's answer into a `Reply`."""

import base64
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
from tests.permissions import run_as

FAULTS = (500,)
"""Statuses that no route documents: they mean a fault of the app."""


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    text: str
    content: bytes

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


def check_strict_headers(reply: Reply) -> None:
    """Fail if an answer lacks one of the headers that all have."""
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy, policy
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["X-Frame-Options"] == "DENY"
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert reply.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert reply.headers["Cache-Control"] in ("no-store", "no-cache")


def check_reply(method: str, resource: str, reply: Reply) -> None:
    """Fail if a reply is not one that its route documents."""
    operation = next((o for o in OPERATIONS if (o.method, o.path) == (method, resource)), None)
    if operation is None:
        return
    statuses = _load_openapi_document()["paths"][resource][method.lower()]["responses"]
    assert str(reply.status) in statuses or reply.status in FAULTS, (
        f"{method} {resource} answered {reply.status}, which is not in the OpenAPI document"
    )
    if reply.status != 200 or "json" not in reply.headers["Content-Type"]:
        return
    schemas = {"data": operation.answers, **operation.beside}
    for name, schema in schemas.items():
        value = reply.json if operation.bare else reply.json.get(name)
        if value is not None or name == "data":
            msgspec.convert(value, schema or None, strict=True)


@cache
def _load_openapi_document() -> dict[str, Any]:
    return build_openapi_document(OPERATIONS)


class Gateway:
    """The app behind the base path ``/api``, with the token of one user."""

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

    def delete(self, path: str, body: Any = None) -> Reply:
        return self.request("DELETE", path, body)

    def request(self, method: str, target: str, body: Any = None, **headers: str) -> Reply:
        parts = urlsplit(target)
        resource, names = self._match_route(method, parts.path)
        query: dict[str, list[str]] = {}
        for name, value in parse_qsl(parts.query, keep_blank_values=True):
            query.setdefault(name, []).append(value)
        sent_headers = {"host": "heliograph.test", "x-forwarded-proto": "https", "accept": "*/*", **headers}
        sent_headers = {name: text for name, text in sent_headers.items() if text}
        if self.token:
            sent_headers["authorization"] = f"token {self.token}"
        event = {
            "resource": resource,
            "path": parts.path,
            "httpMethod": method,
            "headers": sent_headers,
            "multiValueHeaders": {name: [value] for name, value in sent_headers.items()},
            "multiValueQueryStringParameters": query or None,
            "pathParameters": names or None,
            "stageVariables": None,
            "requestContext": {
                "resourcePath": resource,
                "httpMethod": method,
                "path": f"/api{parts.path}",
                "stage": "api",
                "apiId": "a1b2c3",
                "identity": {"sourceIp": "127.0.0.1"},
            },
            **_encode_body(body),
        }
        with run_as("api_handler"):
            answer = self._app(event, None)
        reply = Reply(answer["statusCode"], answer["headers"], *_decode_body(answer))
        check_strict_headers(reply)
        check_reply(method, resource, reply)
        return reply

    def _match_route(self, method: str, path: str) -> tuple[str, dict[str, str]]:
        """Return the route that API Gateway would use: fixed parts before variables, ``{proxy+}`` last."""
        for pattern in sorted(self._app.routes, key=lambda p: [part.startswith("{") for part in p.split("/")]):
            if "+" in pattern or method not in self._app.routes[pattern]:
                continue
            match = re.fullmatch(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", pattern), path)
            if match:
                return pattern, match.groupdict()
        return "/{proxy+}", {"proxy": path.lstrip("/")}


def _encode_body(body: Any) -> dict[str, Any]:
    """Return a body as API Gateway passes it: in base64."""
    if body is None:
        return {"body": None, "isBase64Encoded": False}
    text = body if isinstance(body, bytes | str) else json.dumps(body)
    content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return {"body": base64.b64encode(content).decode(), "isBase64Encoded": True}


def _decode_body(answer: dict[str, Any]) -> tuple[str, bytes]:
    """Return the text and the bytes of an answer, as API Gateway passes it on."""
    if not answer.get("isBase64Encoded"):
        return answer["body"], answer["body"].encode()
    content = base64.b64decode(answer["body"])
    return content.decode("utf-8", "replace"), content


def get_redirect_blob(reply: Reply) -> bytes:
    """Return the blob that a redirect points to."""
    assert reply.status == 303, reply.text
    key = urlsplit(reply.headers["Location"]).path.lstrip("/")
    key = key.partition("/")[2] if key.startswith("heliograph-") else key
    blob = blobs.read_blob(key)
    assert blob is not None, reply.headers["Location"]
    return blob
