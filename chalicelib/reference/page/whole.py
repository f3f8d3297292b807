"""The whole page, and the policy by which a browser runs nothing but what is in it."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from chalicelib.reference.json_schemas import Json
from chalicelib.reference.page.markup import element, html, prose
from chalicelib.reference.page.operation import article, badge, permission

__all__ = ["headers", "page"]

HERE = Path(__file__).parent
STYLE = (HERE / "style.css").read_text(encoding="utf-8")
SCRIPT = (HERE / "script.js").read_text(encoding="utf-8")

Entry = tuple[str, str, Json]
"""The method and the path of an operation, and what OpenAPI says of it."""


def headers() -> dict[str, str]:
    """Return the headers that the page is sent with."""
    policy = (
        f"default-src 'none'; style-src '{_digest(STYLE)}'; script-src '{_digest(SCRIPT)}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def page(document: Json) -> str:
    """Return the page of an OpenAPI document.

    Parameters
    ----------
    document : dict
        The document, with the server that it is about.
    """
    title = f"{document['info']['title']} API reference"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", STYLE),
    )
    body = element(
        "body",
        element("a", "Skip to the reference", href="#reference", class_="skip"),
        _contents(document),
        element("main", _introduction(document), *_resources(document), id="reference", tabindex="-1"),
        element("script", SCRIPT, type="module"),
    )
    return html(element("html", head, body, lang="en"))


def _entries(document: Json, tag: str) -> Iterator[Entry]:
    """Return the operations of a resource."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if tag in operation["tags"]:
                yield method, path, operation


def _title(tag: str) -> str:
    return tag.replace("_", " ").capitalize()


def _contents(document: Json) -> Element:
    groups = [
        element(
            "section",
            element("h2", element("a", _title(tag["name"]), href=f"#{tag['name']}")),
            element("ul", *(_link(*entry) for entry in _entries(document, tag["name"]))),
        )
        for tag in document["tags"]
    ]
    return element(
        "nav",
        element(
            "p", element("a", document["info"]["title"], href="#reference"), " ", document["info"]["version"]
        ),
        element(
            "input",
            type="search",
            id="search",
            placeholder="Search ( / )",
            aria_label="Search the operations",
        ),
        element(
            "div", *groups, element("p", "Nothing is called so.", class_="none", hidden=""), id="contents"
        ),
        aria_label="Contents",
    )


def _link(method: str, path: str, operation: Json) -> Element:
    summary = operation["summary"].rstrip(".").replace("`", "")
    names = " ".join(parameter["name"] for parameter in operation["parameters"])
    words = f"{method} {path} {summary} {permission(operation) or ''} {names}".lower()
    link = element(
        "a", badge(method), " ", element("span", summary), href=f"#{operation['operationId']}", title=path
    )
    return element("li", link, data_words=words)


def _introduction(document: Json) -> Element:
    base = document["servers"][0]["url"]
    return element(
        "header",
        element("h1", f"{document['info']['title']} API"),
        element(
            "p",
            "All paths are below ",
            element("code", base),
            ". For programs, the same as an ",
            element("a", "OpenAPI document", href="openapi.json"),
            ".",
        ),
        *prose(document["info"]["description"]),
    )


def _resources(document: Json) -> Iterator[Element]:
    named, base = document["components"]["schemas"], document["servers"][0]["url"]
    for tag in document["tags"]:
        name = tag["name"]
        operations = [article(*entry, named, base) for entry in _entries(document, name)]
        received = [
            article(method, "the url of the service", operation, named, None)
            for item in document["webhooks"].values()
            for method, operation in item.items()
            if name in operation["tags"]
        ]
        yield element(
            "section",
            element("h2", _title(name)),
            *prose(tag["description"]),
            *operations,
            *received,
            id=name,
        )
