"""Responses: what views return, and the HTTP responses built from it.

All JSON has one envelope. Answers that API Gateway cannot carry become redirects to S3.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from chalice.app import Response

from chalicelib import blobs, settings
from chalicelib.blob_keys import large_answer_key
from chalicelib.strict_headers import PAGE_HEADERS, add_strict_headers

NO_HEADERS: Mapping[str, str] = MappingProxyType({})

FILE_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        # A picture in SVG may hold scripts: no browser runs them, whoever opens it.
        "Content-Security-Policy": (
            "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"
        )
    }
)

HTML_HEADERS: Mapping[str, str] = MappingProxyType(
    {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache", **PAGE_HEADERS}
)

COMPACT = (",", ":")
"""Without blanks, ten thousand points fit into a response."""


@dataclass(frozen=True)
class Reply:
    """An answer with more than ``data``: keys beside it, a cursor, or a body without the envelope."""

    data: Any = None
    beside: dict[str, Any] = field(default_factory=dict)
    next_cursor: str | int | None = None
    bare: bool = False


@dataclass(frozen=True)
class HtmlPage:
    """An answer in HTML."""

    html: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FileReply:
    """An answer that is a blob: a picture, or a file.

    Attributes
    ----------
    blob : str
        The key of the blob.
    name : str, optional
        Have browsers save it under this name instead of showing it.
    """

    blob: str
    name: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers that tell browsers what to do with it."""
        disposition = {"Content-Disposition": blobs.make_disposition(self.name)} if self.name else {}
        return {**FILE_HEADERS, **disposition}


@dataclass(frozen=True)
class SplicedReply:
    """An answer that contains a JSON blob, which may be larger than the memory of this function.

    Attributes
    ----------
    blob : str
        The key of the JSON blob.
    data : dict
        The rest of ``data``.
    within : str, optional
        The key of ``data`` that holds the blob; None if the blob is all of ``data``.
    beside : str, optional
        A key beside ``data`` that holds the blob, too.
    """

    blob: str
    data: dict[str, Any] = field(default_factory=dict)
    within: str | None = None
    beside: str | None = None

    @property
    def pieces(self) -> list[str | None]:
        """The text around the blob, with None in the places of the blob."""
        start = '{"status": "success", "data": '
        end = f', "version": "{settings.VERSION}"}}'
        if self.within is None:
            return [start, None, end]
        fields = json.dumps({**self.data, self.within: None}, allow_nan=False).removesuffix("null}")
        pieces: list[str | None] = [start + fields, None, "}"]
        return [*pieces, f', "{self.beside}": ', None, end] if self.beside else [*pieces, end]


class ApiResponse(Response):
    """A response with strict headers that says by itself whether its body is bytes.

    Chalice would go by the types of requests.
    """

    def __init__(self, body: Any, headers: Mapping[str, str | list[str]], status_code: int = 200) -> None:
        super().__init__(body, dict(add_strict_headers(headers)), status_code)

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:
        """Return the response as API Gateway takes it: bytes in base64, text as it is."""
        is_binary = isinstance(self.body, bytes)
        response: dict[str, Any] = super().to_dict(["*/*"] if is_binary else None)
        return response


def error_response(message: str, status: int, headers: Mapping[str, str] = NO_HEADERS) -> Response:
    """Return the response that describes an error."""
    content = {"status": "error", "message": message, "data": {}, "version": settings.VERSION}
    return _json_response(_dump_json(content), status, headers)


def without_body(response: Response) -> Response:
    """Return the response to HEAD: that to GET without its body."""
    return ApiResponse(body="", status_code=response.status_code, headers=response.headers)


def to_response(result: Any, notes: Sequence[str] = (), takes_bytes: bool = True) -> Response:
    """Return the response for the result of a view.

    Parameters
    ----------
    result : object
        What the view returned: the data, or a `Reply`, `FileReply`, `SplicedReply` or `HtmlPage`.
    notes : sequence of str
        What the request holds in vain.
    takes_bytes : bool
        Whether API Gateway can pass on a body of bytes; not to a request without ``Accept``.
    """
    if isinstance(result, FileReply):
        return _file_response(result, takes_bytes)
    if isinstance(result, SplicedReply):
        return _spliced_response(result)
    if isinstance(result, HtmlPage):
        return ApiResponse(result.html, headers={**HTML_HEADERS, **result.headers})
    reply = result if isinstance(result, Reply) else Reply(result)
    envelope = {"status": "success", "data": reply.data, "version": settings.VERSION, **reply.beside}
    if notes:
        envelope["notes"] = list(notes)
    content = reply.data if reply.bare else envelope
    headers = {"X-Next-Cursor": str(reply.next_cursor)} if reply.next_cursor else {}
    return _json_response(_dump_json(content), 200, headers)


def _json_response(text: str, status: int = 200, headers: Mapping[str, str] = NO_HEADERS) -> Response:
    # Lambda returns the body inside a JSON string, where each of these characters takes two bytes.
    if len(text) + text.count('"') + text.count("\\") > settings.LARGE_ANSWER_BYTES:
        key = large_answer_key()
        blobs.write_blob(key, text.encode())
        return _redirect_response(blobs.presign_download(key))
    return ApiResponse(body=text, status_code=status, headers={"Content-Type": "application/json", **headers})


def _file_response(reply: FileReply, takes_bytes: bool) -> Response:
    """Return a small blob itself, and a link to a large one."""
    blob = blobs.read_file(reply.blob, settings.FILE_ANSWER_BYTES) if takes_bytes else None
    if blob is None:
        return _redirect_response(blobs.presign_download(reply.blob, file_name=reply.name))
    return ApiResponse(blob.content, headers={"Content-Type": blob.content_type, **reply.headers})


def _spliced_response(reply: SplicedReply) -> Response:
    """Join an answer with its blob: in memory if it is small, in S3 if it is large."""
    pieces = reply.pieces
    limit = settings.LARGE_ANSWER_BYTES // 2 // pieces.count(None)
    blob = blobs.read_small_blob(reply.blob, limit)
    if blob is not None:
        text = (blob or b"null").decode()
        return _json_response("".join(text if piece is None else piece for piece in pieces))
    key = large_answer_key()
    blobs.join_blobs(key, [piece or blobs.BlobRef(reply.blob) for piece in pieces], "application/json")
    return _redirect_response(blobs.presign_download(key))


def _redirect_response(url: str) -> Response:
    return ApiResponse(body="", status_code=303, headers={"Location": url})


def _dump_json(content: Any) -> str:
    try:
        return json.dumps(content, allow_nan=False, separators=COMPACT)
    except ValueError:
        return json.dumps(_replace_non_finite(content), separators=COMPACT)


def _replace_non_finite(value: Any) -> Any:
    """Return a value with null for NaN and infinity, which JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _replace_non_finite(item) for key, item in value.items()}
    return [_replace_non_finite(item) for item in value] if isinstance(value, list) else value
