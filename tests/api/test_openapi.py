"""The API reference: the document describes what the code does, and the page shows the document."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse
from jsonschema import Draft202012Validator
from msgspec import defstruct
from openapi_spec_validator import validate

from app import app
from chalicelib import errors, settings
from chalicelib.operation_signature import get_body_schema
from chalicelib.reference.openapi_document import build_openapi_document
from chalicelib.reference.schema_components import Components, build_example
from chalicelib.routes import OPERATIONS
from chalicelib.schemas.base import parse_body

DOCUMENT: dict[str, Any] = build_openapi_document(OPERATIONS)
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]

DOCUMENTED_OPERATIONS = [
    pytest.param(path, method, operation, id=operation["operationId"])
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
]
for_each_operation = pytest.mark.parametrize(("path", "method", "operation"), DOCUMENTED_OPERATIONS)

STATUSES = {
    str(kind.status)
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.HeliographError) and kind.status < 500
} | {str(errors.UnavailableError.status)}


def get(path: str, **headers: str) -> HTTPResponse:
    with Client(app) as client:
        return client.http.get(path, headers={"host": "heliograph.test", **headers})


def check_against_schema(value: Any, schema: dict[str, Any]) -> None:
    """Raise ValidationError if a value does not fit a schema of the document."""
    full_schema = {**schema, "components": DOCUMENT["components"]}
    Draft202012Validator(full_schema).validate(value)


def iterate_contents(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the bodies that an operation takes or answers, with their places."""
    for place in ({"body": operation.get("requestBody", {})}, operation["responses"]):
        for name, holder in place.items():
            # Files have neither a schema nor an example.
            yield from ((name, content) for content in holder.get("content", {}).values() if content)


def iterate_undescribed(schema: Any, place: str) -> Iterator[str]:
    """Return the properties below a schema without a description; referenced schemas have their own test."""
    if isinstance(schema, list):
        for number, item in enumerate(schema):
            yield from iterate_undescribed(item, f"{place}.{number}")
    elif isinstance(schema, dict):
        for name, field in schema.get("properties", {}).items():
            target = SCHEMAS[field["$ref"].rpartition("/")[2]] if "$ref" in field else {}
            if not (field.get("description") or target.get("description")):
                yield f"{place}.{name}"
            yield from iterate_undescribed(field, f"{place}.{name}")
        for key in ("items", "prefixItems", "anyOf", "additionalProperties"):
            yield from iterate_undescribed(schema.get(key), place)


def test_the_document_is_openapi() -> None:
    validate(json.loads(json.dumps(DOCUMENT)))


def test_document_has_all_routes_and_no_others() -> None:
    routes = {(path, method) for path, item in app.routes.items() for method in item if path != "/{proxy+}"}
    assert {path for path, method in routes if method == "HEAD"} == {path for path, method in routes if method == "GET"}
    routes = {(path, method) for path, method in routes if method != "HEAD"}
    assert routes == {(path, method.upper()) for path, item in DOCUMENT["paths"].items() for method in item}
    # No two operations share a path and method.
    assert len(routes) == len(OPERATIONS)


def test_operation_ids_are_unique() -> None:
    names = [operation.values[2]["operationId"] for operation in DOCUMENTED_OPERATIONS]
    assert len(set(names)) == len(names)


@for_each_operation
def test_operations_have_summary_tag_and_path_parameters(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation["summary"].endswith("."), "a summary is a sentence"
    (tag,) = operation["tags"]
    assert next(known["description"] for known in DOCUMENT["tags"] if known["name"] == tag)
    assert any(status[0] in "23" for status in operation["responses"])
    assert set(re.findall(r"{(\w+)}", path)) == {
        parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"
    }
    assert method != "get" or "requestBody" not in operation, "many clients cannot send one"


@for_each_operation
def test_parameters_and_bodies_are_described(path: str, method: str, operation: dict[str, Any]) -> None:
    missing = [parameter["name"] for parameter in operation["parameters"] if not parameter["description"]]
    missing += [
        name for place, content in iterate_contents(operation) for name in iterate_undescribed(content["schema"], place)
    ]
    assert not missing


@pytest.mark.parametrize("name", SCHEMAS)
def test_fields_of_schemas_are_described(name: str) -> None:
    assert not list(iterate_undescribed(SCHEMAS[name], name))


@for_each_operation
def test_examples_fit_their_schemas(path: str, method: str, operation: dict[str, Any]) -> None:
    for parameter in operation["parameters"]:
        for value in parameter["schema"].get("examples", ()):
            check_against_schema(value, parameter["schema"])
    for _, content in iterate_contents(operation):
        values = [entry["value"] for entry in content.get("examples", {}).values()]
        values += [content["example"]] if "example" in content else []
        assert values
        for value in values:
            check_against_schema(value, content["schema"])


@pytest.mark.parametrize("name", SCHEMAS)
def test_examples_of_fields_fit_them(name: str) -> None:
    for field in SCHEMAS[name].get("properties", {}).values():
        for value in field.get("examples", ()):
            check_against_schema(value, field)


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if get_body_schema(o) and o.method != "GET"])
def test_code_accepts_the_example_bodies(operation: Any) -> None:
    documented = DOCUMENT["paths"][operation.path][operation.method.lower()]
    parse_body(get_body_schema(operation), documented["requestBody"]["content"]["application/json"]["example"])


@for_each_operation
def test_error_statuses_follow_from_the_signature(path: str, method: str, operation: dict[str, Any]) -> None:
    errors_by_status = {status: response for status, response in operation["responses"].items() if status[0] in "45"}
    assert set(errors_by_status) <= STATUSES
    for status, response in errors_by_status.items():
        assert response["description"]
        assert response["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Failure"}
        assert ("Retry-After" in response.get("headers", {})) == (status in ("429", "503"))
    takes_values = any(p["in"] == "query" for p in operation["parameters"]) or "requestBody" in operation
    assert ("400" in errors_by_status) >= takes_values
    assert ("413" in errors_by_status) >= ("requestBody" in operation)
    assert ("401" in errors_by_status) == bool(operation["security"])


def test_permission_is_named_with_its_error() -> None:
    service = DOCUMENT["paths"]["/analysis_service"]["post"]
    assert service["security"][0] == {"token": ["Manage Analysis Services"]}
    assert "`Manage Analysis Services`" in service["responses"]["401"]["description"]
    assert DOCUMENT["paths"]["/sysinfo"]["get"]["security"] == []


def test_products_are_files_and_large_responses_are_redirects() -> None:
    corner = DOCUMENT["paths"]["/obj/analysis/{analysis_id}/corner"]["get"]
    assert corner["responses"]["200"]["content"] == {"image/png": {}, "*/*": {}}
    assert "Location" in corner["responses"]["303"]["headers"]
    assert "plot_kwargs" in [parameter["name"] for parameter in corner["parameters"]]
    assert "303" in DOCUMENT["paths"]["/sources/{source_id}/photometry"]["get"]["responses"]


def test_request_to_services_is_documented() -> None:
    request = DOCUMENT["webhooks"]["analysis"]["post"]
    assert {p["name"] for p in request["parameters"]} == {
        "webhook-id", "webhook-timestamp", "webhook-signature",
    }  # fmt: skip
    assert set(SCHEMAS["Payload"]["properties"]) == {
        "callback_url", "callback_method", "inputs", "analysis_parameters", "invalid_after",
        "analysis_resource_type", "resource_id", "resource", "extinction",
    }  # fmt: skip


def test_two_types_of_one_name_are_refused() -> None:
    components = Components()
    components.build_schema(defstruct("Star", [("ra", float)]))
    with pytest.raises(ValueError, match="Star"):
        components.build_schema(defstruct("Star", [("dec", float)]))


def test_examples_hold_required_fields_and_fields_with_examples() -> None:
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
    assert build_example(schema, {}) == {"ra": 3, "kind": "SN Ia", "alias": ["dwz"]}


def test_server_is_the_requested_host() -> None:
    reply = get("/openapi.json", host="other.example.org", **{"x-forwarded-proto": "http"})
    assert reply.status_code == 200
    assert reply.json_body["servers"] == [{"url": "http://other.example.org/api"}]
    assert reply.json_body["paths"].keys() == DOCUMENT["paths"].keys()


class PageParser(HTMLParser):
    """Collects inline code, addresses and inline attributes of a page.

    Attributes
    ----------
    code : list of tuple
        Tag, attributes and text of each script and style.
    addresses : list of str
        Values of href, src and action.
    inline : list of str
        Names of attributes that would hold code or style.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.code: list[tuple[str, dict[str, str | None], str]] = []
        self.addresses: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "action")]
        self.inline += [name for name, _ in attrs if name == "style" or name.startswith("on")]
        if tag in ("script", "style"):
            self.code.append((tag, dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        if self.lasttag in ("script", "style") and self.cdata_elem:
            tag, attributes, text = self.code[-1]
            self.code[-1] = (tag, attributes, text + data)

    def select_code(self, name: str) -> list[str]:
        """Return the texts of the tags that a browser runs or applies."""
        return [text for tag, attributes, text in self.code if tag == name and "type" not in attributes]

    def parse_document(self) -> Any:
        """Return the OpenAPI document that the page holds."""
        (text,) = (text for _, attributes, text in self.code if attributes.get("id") == "openapi")
        return json.loads(text)


def test_page_holds_the_document() -> None:
    reply = get("/docs")
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert PageParser(reply.body.decode()).parse_document() == get("/openapi.json").json_body


def test_page_fits_a_response_of_lambda() -> None:
    assert len(json.dumps(get("/docs").body.decode())) < settings.LARGE_ANSWER_BYTES


def test_browser_runs_the_code_of_the_page_and_nothing_else() -> None:
    reply = get("/docs")
    policy = dict(part.strip().split(" ", 1) for part in reply.headers["Content-Security-Policy"].split(";"))
    page = PageParser(reply.body.decode())
    for name in ("script", "style"):
        digests = [hashlib.sha256(text.encode()).digest() for text in page.select_code(name)]
        hashes = [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
        assert policy.pop(f"{name}-src").split() == hashes
    assert policy.pop("default-src") == "'none'"
    assert policy.pop("img-src") == "data:", "the icons of the viewer's styles"
    assert set(policy.values()) == {"'none'"}
    assert not page.inline
    assert set(page.addresses) == {"openapi.json"}


def test_host_header_puts_no_code_into_the_page() -> None:
    host = "</style></script><script>alert(1)</script>\"'&"
    reply = get("/docs", host=host)
    assert reply.status_code == 200
    assert b"<script>alert" not in reply.body
    page = PageParser(reply.body.decode())
    assert len(page.code) == len(PageParser(get("/docs").body.decode()).code)
    assert page.parse_document()["servers"] == [{"url": f"https://{host}/api"}]


def test_reference_is_imported_on_request_only() -> None:
    code = "import app, sys; print([name for name in sys.modules if name.startswith('chalicelib.reference')])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
