"""One operation of the page: what it is for, what it takes, what it answers, how it fails."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from chalicelib.reference.json_schemas import Json
from chalicelib.reference.page.fields import fields_of, shape, table
from chalicelib.reference.page.literals import as_json
from chalicelib.reference.page.markup import Node, element, inline, prose
from chalicelib.reference.page.samples import as_curl, as_python, request_of

__all__ = ["article", "badge", "content_of", "permission"]

PLACES = {"path": "In the path", "query": "Query", "header": "Headers"}


def article(method: str, path: str, operation: Json, named: Json, base: str | None) -> Element:
    """Return an operation as an article, which is linked to by its operationId.

    Parameters
    ----------
    method, path : str
        Where it is.
    operation : dict
        What OpenAPI says of it.
    named : dict
        The schemas that it may refer to.
    base : str or None
        Where the API is; None if the request goes elsewhere.
    """
    name = operation["operationId"]
    said = [
        *prose(operation.get("description", "")),
        *([] if base is None else [_needs(operation)]),
        *_parameters(operation, named),
        *_body(operation, named),
        *_answers(operation, named),
        *_failures(operation),
    ]
    return element(
        "article",
        element("h3", element("a", *inline(operation["summary"].removesuffix(".")), href=f"#{name}")),
        element("p", badge(method), " ", element("code", *_marked(path)), class_="route"),
        element(
            "div",
            element("div", *said, class_="says"),
            element("div", *_samples(method, path, operation, base), class_="samples"),
            class_="columns",
        ),
        id=name,
    )


def badge(method: str) -> Element:
    """Return the name of a method."""
    return element("span", method.upper(), class_=f"method {method}")


def permission(operation: Json) -> str | None:
    """Return the permission that an operation needs, if it needs one."""
    needed = [acl for scheme in operation["security"] for acls in scheme.values() for acl in acls]
    return needed[0] if needed else None


def content_of(holder: Json) -> Json:
    """Return the one content of a body or of an answer; empty if it has none."""
    found: Json = next(iter(holder.get("content", {}).values()), {})
    return found


def _marked(path: str) -> Iterator[Node]:
    for piece in re.split(r"({\w+})", path):
        yield element("var", piece) if piece.startswith("{") else piece


def _needs(operation: Json) -> Element:
    needed, schemes = permission(operation), [name for scheme in operation["security"] for name in scheme]
    if needed:
        return element("p", "Needs a token with ", element("b", needed), ".", class_="needs")
    if "fitter" in schemes:
        return element("p", "Needs the fitter's own token.", class_="needs")
    return element("p", "Needs a token." if schemes else "Needs no token.", class_="needs")


def _parameters(operation: Json, named: Json) -> Iterator[Element]:
    for place, title in PLACES.items():
        found = [
            (
                parameter["name"],
                {**parameter["schema"], "description": parameter["description"]},
                parameter["required"],
            )
            for parameter in operation["parameters"]
            if parameter["in"] == place
        ]
        if found:
            yield element("h4", title)
            yield table(found, named)


def _body(operation: Json, named: Json) -> Iterator[Element]:
    if "requestBody" in operation:
        optional = "" if operation["requestBody"]["required"] else " (may be left out)"
        yield element("h4", f"Body{optional}")
        yield from shape(content_of(operation["requestBody"])["schema"], named)


def _answers(operation: Json, named: Json) -> Iterator[Element]:
    for status, response in operation["responses"].items():
        if status[0] in "23":
            yield element("h4", f"Answer {status}")
            content = content_of(response)
            yield from _answer(content["schema"], named) if content else _said(response)


def _answer(schema: Json, named: Json) -> Iterator[Element]:
    fields = schema.get("properties", {})
    if fields.get("status", {}).get("const") != "success":
        yield from shape(schema, named, answered=True)
        return
    yield from shape(fields["data"], named, element("code", "data"), " ", answered=True)
    beside = [field for field in fields_of(schema) if field[0] not in ("status", "data")]
    if beside:
        yield element("p", "Beside ", element("code", "data"), ":")
        yield table(beside, named, answered=True)


def _said(response: Json) -> Iterator[Element]:
    yield element("p", *inline(response["description"]))


def _failures(operation: Json) -> Iterator[Element]:
    found = [(status, said) for status, said in operation["responses"].items() if status[0] not in "23"]
    if not found:
        return
    columns = ["Status", "Meaning", *(["Example"] if any(_messages(said) for _, said in found) else [])]
    head = element("tr", *(element("th", name, scope="col") for name in columns))
    rows = (_failure(status, response, columns) for status, response in found)
    yield element("h4", "Errors")
    yield element("table", element("thead", head), element("tbody", *rows), class_="failures")


def _failure(status: str, response: Json, columns: list[str]) -> Element:
    cells: dict[str, list[Node]] = {
        "Status": [element("code", status)],
        "Meaning": [*inline(response["description"])],
        "Example": [element("p", *inline(message)) for message in _messages(response)],
    }
    return element("tr", *(element("td", *cells[column], data_label=column) for column in columns))


def _messages(response: Json) -> list[str]:
    examples = content_of(response).get("examples", {}).values()
    return [example["value"]["message"] for example in examples]


def _samples(method: str, path: str, operation: Json, base: str | None) -> Iterator[Element]:
    if base is not None:
        request = request_of(method, path, operation, base)
        yield _sample("Python", as_python(request))
        yield _sample("curl", as_curl(request))
    elif "requestBody" in operation:
        yield _sample("Body", as_json(content_of(operation["requestBody"])["example"]))
    answer = content_of(operation["responses"].get("200", {}))
    if "example" in answer:
        yield _sample("Answer", as_json(answer["example"]))


def _sample(title: str, text: str) -> Element:
    code = element("pre", element("code", text), tabindex="0", aria_label=title)
    return element("figure", element("figcaption", title), code, class_=title.lower())
