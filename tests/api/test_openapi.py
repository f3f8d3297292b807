"""The reference: a document that says what the code does, all of it, and a page made of nothing else."""

import ast
import base64
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from chalice.test import Client, HTTPResponse
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from app import app
from chalicelib import errors
from chalicelib.reference.document import document
from chalicelib.reference.examples import example
from chalicelib.reference.page import literals
from chalicelib.reference.views import body_schema
from chalicelib.routes import OPERATIONS
from chalicelib.schemas.base import parse_body

DOCUMENT: dict[str, Any] = document(OPERATIONS)
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]

DESCRIBED = [
    pytest.param(path, method, operation, id=operation["operationId"])
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
]
every_operation = pytest.mark.parametrize(("path", "method", "operation"), DESCRIBED)

STATUSES = {
    str(kind.status)
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.HeliographError) and kind.status < 500
} | {str(errors.UnavailableError.status)}


def get(path: str, **headers: str) -> HTTPResponse:
    with Client(app) as client:
        return client.http.get(path, headers={"host": "heliograph.test", **headers})


def check(value: Any, schema: dict[str, Any]) -> None:
    """Fail if a value does not fit a schema of the document."""
    whole = {**schema, "components": DOCUMENT["components"]}
    Draft202012Validator(whole).validate(value)


def contents(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body that an operation takes or answers, with its place."""
    for place in ({"body": operation.get("requestBody", {})}, operation["responses"]):
        for name, holder in place.items():
            for content in holder.get("content", {}).values():
                yield name, content


def undescribed(schema: Any, place: str) -> Iterator[str]:
    """Every property below a schema that nothing is said of; what is referred to has its own test."""
    if isinstance(schema, list):
        for number, item in enumerate(schema):
            yield from undescribed(item, f"{place}.{number}")
    elif isinstance(schema, dict):
        for name, field in schema.get("properties", {}).items():
            target = SCHEMAS[field["$ref"].rpartition("/")[2]] if "$ref" in field else {}
            if not (field.get("description") or target.get("description")):
                yield f"{place}.{name}"
            yield from undescribed(field, f"{place}.{name}")
        for key in ("items", "prefixItems", "anyOf", "additionalProperties"):
            yield from undescribed(schema.get(key), place)


def test_the_document_is_openapi() -> None:
    validate(json.loads(json.dumps(DOCUMENT)))


def test_it_tells_of_every_route_and_of_no_other() -> None:
    routes = {(path, method) for path, item in app.routes.items() for method in item if path != "/{proxy+}"}
    assert routes == {(path, method.upper()) for path, item in DOCUMENT["paths"].items() for method in item}
    # Each Operation stands for one of them: none has taken another's place.
    assert len(routes) == len(OPERATIONS)


def test_operations_have_names_of_their_own() -> None:
    names = [operation.values[2]["operationId"] for operation in DESCRIBED]
    assert len(set(names)) == len(names)


@every_operation
def test_operations_say_what_they_do(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation["summary"].endswith("."), "a summary is a sentence"
    (tag,) = operation["tags"]
    assert next(known["description"] for known in DOCUMENT["tags"] if known["name"] == tag)
    assert any(status[0] in "23" for status in operation["responses"])
    assert set(re.findall(r"{(\w+)}", path)) == {
        parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"
    }
    assert method != "get" or "requestBody" not in operation, "many clients cannot send it"


@every_operation
def test_everything_it_takes_and_answers_is_described(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    missing = [parameter["name"] for parameter in operation["parameters"] if not parameter["description"]]
    missing += [
        name for place, content in contents(operation) for name in undescribed(content["schema"], place)
    ]
    assert not missing


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_of_every_schema_is_described(name: str) -> None:
    assert not list(undescribed(SCHEMAS[name], name))


@every_operation
def test_examples_fit_their_schemas(path: str, method: str, operation: dict[str, Any]) -> None:
    for parameter in operation["parameters"]:
        for value in parameter["schema"].get("examples", ()):
            check(value, parameter["schema"])
    for _, content in contents(operation):
        values = [shown["value"] for shown in content.get("examples", {}).values()]
        values += [content["example"]] if "example" in content else []
        assert values
        for value in values:
            check(value, content["schema"])


@pytest.mark.parametrize("name", SCHEMAS)
def test_examples_of_fields_fit_them(name: str) -> None:
    for field in SCHEMAS[name].get("properties", {}).values():
        for value in field.get("examples", ()):
            check(value, field)


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if body_schema(o) and o.method != "GET"])
def test_the_code_takes_the_bodies_that_it_is_shown_with(operation: Any) -> None:
    described = DOCUMENT["paths"][operation.path][operation.method.lower()]
    parse_body(body_schema(operation), described["requestBody"]["content"]["application/json"]["example"])


@every_operation
def test_errors_are_those_of_the_code(path: str, method: str, operation: dict[str, Any]) -> None:
    failed = {status: said for status, said in operation["responses"].items() if status[0] in "45"}
    assert set(failed) <= STATUSES
    for status, response in failed.items():
        assert response["description"]
        assert response["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Failure"}
        assert ("Retry-After" in response.get("headers", {})) == (status in ("429", "503"))
    takes_values = any(p["in"] == "query" for p in operation["parameters"]) or "requestBody" in operation
    assert ("400" in failed) >= takes_values
    assert ("413" in failed) >= ("requestBody" in operation)
    assert ("401" in failed) == bool(operation["security"])


def test_the_permission_is_said_with_the_error_of_its_lack() -> None:
    service = DOCUMENT["paths"]["/analysis_service"]["post"]
    assert service["security"][0] == {"token": ["Manage Analysis Services"]}
    assert "`Manage Analysis Services`" in service["responses"]["401"]["description"]
    assert DOCUMENT["paths"]["/sysinfo"]["get"]["security"] == []


def test_what_is_large_or_no_json_lies_elsewhere() -> None:
    corner = DOCUMENT["paths"]["/obj/analysis/{analysis_id}/corner"]["get"]
    assert "200" not in corner["responses"]
    assert "image/png" in corner["responses"]["303"]["description"]
    assert "Location" in corner["responses"]["303"]["headers"]
    assert "plot_kwargs" in [parameter["name"] for parameter in corner["parameters"]]
    assert "303" in DOCUMENT["paths"]["/sources/{source_id}/photometry"]["get"]["responses"]


def test_services_learn_what_they_receive() -> None:
    received = DOCUMENT["webhooks"]["analysis"]["post"]
    assert {p["name"] for p in received["parameters"]} == {
        "webhook-id", "webhook-timestamp", "webhook-signature",
    }  # fmt: skip
    assert set(SCHEMAS["Payload"]["properties"]) == {
        "callback_url", "callback_method", "inputs", "analysis_parameters", "invalid_after",
        "analysis_resource_type", "resource_id", "resource", "extinction",
    }  # fmt: skip


def test_two_schemas_of_one_name_are_noticed() -> None:
    from msgspec import defstruct

    from chalicelib.reference.json_schemas import Components

    components = Components()
    components.schema(defstruct("Star", [("ra", float)]))
    with pytest.raises(ValueError, match="Star"):
        components.schema(defstruct("Star", [("dec", float)]))


def test_examples_hold_what_is_required_and_what_has_one() -> None:
    schema = {
        "type": "object",
        "required": ["ra", "kind"],
        "properties": {
            "ra": {"type": "number", "minimum": 3},
            "kind": {"enum": ["SN Ia", "AGN"]},
            "alias": {"type": "array", "items": {"type": "string"}, "examples": [["dwz"]]},
            "dec": {"type": "number"},
        },
    }
    assert example(schema, {}) == {"ra": 3, "kind": "SN Ia", "alias": ["dwz"]}


def test_it_is_served_for_where_it_is_asked() -> None:
    reply = get("/openapi.json", host="there.example.org", **{"x-forwarded-proto": "http"})
    assert reply.status_code == 200
    assert reply.json_body["servers"] == [{"url": "http://there.example.org/api"}]
    assert reply.json_body["paths"].keys() == DOCUMENT["paths"].keys()


class Page(HTMLParser):
    """What a browser would find: texts of scripts and styles, ids, addresses, inline code."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.code: dict[str, str] = {}
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.inline: list[str] = []
        self._within = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag
        for name, value in attrs:
            self.ids += [value or ""] if name == "id" else []
            self.addresses += [value or ""] if name in ("href", "src", "action") else []
            self.inline += [name] if name == "style" or name.startswith("on") else []

    def handle_data(self, data: str) -> None:
        if self._within in ("script", "style"):
            self.code[self._within] = self.code.get(self._within, "") + data

    def handle_endtag(self, tag: str) -> None:
        self._within = ""


def test_the_page_shows_every_operation() -> None:
    reply = get("/docs")
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    found = Page(reply.body.decode())
    assert len(set(found.ids)) == len(found.ids)
    assert {operation.values[2]["operationId"] for operation in DESCRIBED} <= set(found.ids)
    assert {"#" + name for name in found.ids} >= {a for a in found.addresses if a.startswith("#")}


def test_a_browser_runs_what_is_in_the_page_and_nothing_else() -> None:
    reply = get("/docs")
    policy = dict(part.strip().split(" ", 1) for part in reply.headers["Content-Security-Policy"].split(";"))
    found = Page(reply.body.decode())
    for name in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(found.code[name].encode()).digest()).decode()
        assert policy.pop(f"{name}-src") == f"'sha256-{digest}'"
    assert policy.pop("default-src") == "'none'"
    assert set(policy.values()) == {"'none'"}
    assert not found.inline
    assert {urlsplit(address).scheme for address in found.addresses} <= {"", "https"}


def test_who_asks_puts_nothing_into_the_page() -> None:
    reply = get("/docs", host="</style><script>alert(1)</script>\"'&")
    assert reply.status_code == 200
    assert b"<script>alert" not in reply.body
    assert set(Page(reply.body.decode()).code) == {"script", "style"}


def test_nobody_waits_for_what_nobody_asked() -> None:
    code = "import app, sys; print([name for name in sys.modules if name.startswith('chalicelib.reference')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_samples_are_code(value: Any) -> None:
    assert ast.literal_eval(literals.as_python(value)) == value
    assert json.loads(literals.as_json(value)) == value
