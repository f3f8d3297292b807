"""The reference of this API: this page, and the same for programs."""

from functools import cache, lru_cache
from typing import Annotated, Any

from msgspec import Meta

from chalicelib.routes.operations import Call, Operation, Routes
from chalicelib.routes.responses import HtmlPage, Reply

__all__ = ["routes_about"]

Html = Annotated[
    str,
    Meta(
        description="A page of HTML.",
        examples=["<!doctype html>…"],
        extra_json_schema={"contentMediaType": "text/html"},
    ),
]
Document = Annotated[
    dict[str, Any], Meta(description="An OpenAPI 3.1 document.", examples=[{"openapi": "3.1.0"}])
]


def routes_about(operations: list[Operation]) -> Routes:
    """Return the routes that tell of all operations, and tell of themselves as well.

    Parameters
    ----------
    operations : list of Operation
        Every other operation.
    """
    routes = Routes(__name__, __doc__)

    @cache
    def made() -> dict[str, Any]:
        # Nobody who does not ask for it shall wait for the import.
        from chalicelib.reference.document import document

        return document([*operations, *routes.operations])

    def of(base: str) -> dict[str, Any]:
        return {**made(), "servers": [{"url": base}]}

    @lru_cache(maxsize=4)
    def page_of(base: str) -> HtmlPage:
        from chalicelib.reference.page import whole

        return HtmlPage(whole.page(of(base)), whole.headers())

    @routes.open_to_all("GET", "/openapi.json", answers=Document, bare=True)
    def openapi(call: Call) -> Reply:
        """Read this reference as an OpenAPI 3.1 document."""
        return Reply(of(call.public_url), bare=True)

    @routes.open_to_all("GET", "/docs", answers=Html, bare=True)
    def docs(call: Call) -> HtmlPage:
        """Read this reference as a page."""
        return page_of(call.public_url)

    return routes
