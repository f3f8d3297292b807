"""The page of the reference: Swagger UI and the OpenAPI document in one HTML file.

Styles and scripts are inline, and the Content-Security-Policy allows them by their hashes. So the page needs
no other route or host, and a browser runs nothing else.
"""

import base64
import hashlib
import html
import json
from pathlib import Path
from string import Template

from chalicelib.reference.schema_components import Json

FOLDER = Path(__file__).parent


def _read_text(path: str) -> str:
    return (FOLDER / path).read_text(encoding="utf-8")


TEMPLATE = Template(_read_text("viewer/page.html"))
STYLES = [_read_text("swagger_ui/swagger-ui.css"), _read_text("viewer/viewer.css")]
SCRIPTS = [_read_text("swagger_ui/swagger-ui-bundle.js"), _read_text("viewer/viewer.js")]


def build_page(document: Json) -> str:
    """Return the page of an OpenAPI document, which must name its server."""
    # "<" is escaped so that no text of the document can end the script element.
    data = json.dumps(document, ensure_ascii=False).replace("<", "\\u003c")
    return TEMPLATE.substitute(
        title=html.escape(f"{document['info']['title']} API reference"),
        server=html.escape(document["servers"][0]["url"]),
        document=data,
        styles="".join(f"<style>{style}</style>" for style in STYLES),
        scripts="".join(f"<script>{script}</script>" for script in SCRIPTS),
    )


def build_page_headers() -> dict[str, str]:
    """Return the HTTP headers of the page."""
    policy = (
        f"default-src 'none'; style-src {_hash_sources(STYLES)}; script-src {_hash_sources(SCRIPTS)}; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {"Content-Security-Policy": policy}


def _hash_sources(texts: list[str]) -> str:
    """Return the policy's source list that allows inline texts by their hashes."""
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
    return " ".join(f"'sha256-{digest}'" for digest in digests)
