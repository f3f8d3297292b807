"""A request as routes see it, and what they may answer with."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from chalice.app import Request

from chalicelib import people, settings
from chalicelib.access import Requester
from chalicelib.errors import InvalidError, TooLargeError
from chalicelib.json_text import parse_json

__all__ = ["Call", "HtmlPage", "Redirect", "Reply", "SplicedReply"]


@dataclass(frozen=True)
class Reply:
    """An answer with more than ``data``: keys beside it, headers, or a body without the envelope."""

    data: Any = None
    beside: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    bare: bool = False


@dataclass(frozen=True)
class HtmlPage:
    """An answer that is HTML."""

    html: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Redirect:
    """An answer that lies elsewhere, at a short-lived address."""

    url: str


@dataclass(frozen=True)
class SplicedReply:
    """An answer that holds blobs of JSON, which may be larger than this function's memory.

    Attributes
    ----------
    data : dict
        The answer's ``data`` as far as it is at hand.
    blob : str
        The key of a JSON blob.
    within : str, optional
        The key of ``data`` that is the blob; None if the blob is all of ``data``.
    beside : str, optional
        The key beside ``data`` that is the blob as well.
    """

    blob: str
    data: dict[str, Any] = field(default_factory=dict)
    within: str | None = None
    beside: str | None = None

    @property
    def pieces(self) -> list[str | None]:
        """The text around the blob, with None wherever the blob belongs."""
        if self.within is None:
            return ['{"status": "success", "data": ', None, "}"]
        head = json.dumps({**self.data, self.within: None}, allow_nan=False)
        pieces: list[str | None] = [
            '{"status": "success", "data": ' + head[: -len("null}")],
            None,
            "}",
        ]
        return [*pieces, f', "{self.beside}": ', None, "}"] if self.beside else [*pieces, "}"]


class Call:
    """One request."""

    def __init__(self, request: Request) -> None:
        self.headers = request.headers
        self.query = dict(request.query_params or {})
        self._request = request

    @cached_property
    def requester(self) -> Requester:
        """Who asks."""
        return people.authenticate(self.headers.get("authorization"))

    @cached_property
    def body(self) -> dict[str, Any]:
        """The body: a JSON object; an empty body is an empty object."""
        try:
            raw = self._request.raw_body
        except UnicodeEncodeError:
            raise InvalidError("The body is no text that UTF-8 could hold.") from None
        if len(raw) > settings.REQUEST_BYTES:
            most = settings.REQUEST_BYTES // 1024
            raise TooLargeError(
                f"The request takes {len(raw) // 1024} kB; at most {most} are taken. "
                "Send fewer rows at once; a large document of results goes by a presigned upload "
                "(POST …/upload, see /api/docs)."
            )
        body = parse_json(raw, "The body") if raw.strip() else {}
        if not isinstance(body, dict):
            raise InvalidError("The body must be a JSON object.")
        return body

    @property
    def names(self) -> dict[str, str]:
        """What stands in the path for its variables."""
        return {name: unquote(value) for name, value in (self._request.uri_params or {}).items()}

    @property
    def method(self) -> str:
        """The method of the request."""
        return str(self._request.method)

    @property
    def path(self) -> str:
        """The path of a request that no route has taken."""
        return "/" + str((self._request.uri_params or {}).get("proxy", ""))

    @property
    def public_url(self) -> str:
        """Where this request came in: what a service can call back to."""
        host = self.headers.get("host", "localhost")
        scheme = self.headers.get("x-forwarded-proto", "https").split(",")[0]
        return f"{scheme}://{host}/{self._request.context.get('stage', 'api')}"
