"""The reference of this API: this page, and the same for programs."""

from functools import cache, lru_cache
from typing import Annotated, Any

from msgspec import Meta

from chalicelib.operation_signature import Operation
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.responses import HtmlPage, Reply

Html = Annotated[
    str,
    Meta(
        description="A page of HTML.",
        examples=["<!doctype html>…"],
        extra_json_schema={"contentMediaType": "text/html"},
    ),
]
Document = Annotated[dict[str, Any], Meta(description="An OpenAPI 3.1 document.", examples=[{"openapi": "3.1.0"}])]


def build_documentation_routes(operations: list[Operation]) -> Routes:
    """Return the routes of the reference, which describes all operations and these routes too.

    Parameters
    ----------
    operations : list of Operation
        All other operations.
    """
    routes = Routes(__name__, __doc__)

    @cache
    def build_document() -> dict[str, Any]:
        # Imported lazily, to keep cold starts short.
        from chalicelib.reference.openapi_document import build_openapi_document

        return build_openapi_document([*operations, *routes.operations])

    def build_document_for(server: str) -> dict[str, Any]:
        return {**build_document(), "servers": [{"url": server}]}

    @lru_cache(maxsize=4)
    def build_page_for(server: str) -> HtmlPage:
        from chalicelib.reference.viewer_page import build_page, build_page_headers

        return HtmlPage(build_page(build_document_for(server)), build_page_headers())

    @routes.open_to_all("GET", "/openapi.json", answers=Document, bare=True)
    def openapi(call: Call) -> Reply:
        """Read this reference as an OpenAPI 3.1 document."""
        return Reply(build_document_for(call.requested_url), bare=True)

    @routes.open_to_all("GET", "/docs", answers=Html, bare=True)
    def docs(call: Call) -> HtmlPage:
        """Read this reference as a page."""
        return build_page_for(call.requested_url)

    return routes
