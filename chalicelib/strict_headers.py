"""The headers with which browsers keep answers apart: from pages of others, from scripts, from caches."""

from collections.abc import Mapping
from types import MappingProxyType

from chalicelib import settings

STRICT_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        # Pages of other origins read answers with a token (CORS); none embeds them without.
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
)
"""Headers of all answers, those of API Gateway and of the local front door too; a file has another policy."""

PAGE_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
)
"""Further headers of pages."""

ALWAYS_HTTPS: Mapping[str, str] = MappingProxyType(
    {} if settings.STAGE == "local" else {"Strict-Transport-Security": "max-age=63072000; includeSubDomains"}
)
"""The local stack has no HTTPS."""


def add_strict_headers(headers: Mapping[str, str | list[str]]) -> dict[str, str | list[str]]:
    """Return headers of an answer with those of all answers, unless it has its own."""
    return {**STRICT_HEADERS, **ALWAYS_HTTPS, **headers}
