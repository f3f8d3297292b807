"""Answers as they go out: one envelope for all, and a redirect to what API Gateway cannot carry."""

import json
import math
from collections.abc import Mapping
from typing import Any

from chalice.app import Response

from chalicelib import blobs, settings
from chalicelib.blob_keys import large_answer_key
from chalicelib.routes.http import HtmlPage, Redirect, Reply, SplicedReply

__all__ = ["error_response", "to_response"]


COMPACT = (",", ":")
"""Ten thousand points fit an answer so; with blanks in between they would not."""


def error_response(message: str, status: int, headers: Mapping[str, str]) -> Response:
    """Return the answer that says what went wrong."""
    return _carried(_dumps({"status": "error", "message": message}), status, dict(headers))


def to_response(result: Any) -> Response:
    """Return the answer that a view's result stands for."""
    if isinstance(result, Response):
        return result
    if isinstance(result, Redirect):
        return _elsewhere(result.url)
    if isinstance(result, SplicedReply):
        return _spliced(result)
    if isinstance(result, HtmlPage):
        return Response(result.html, headers={"Content-Type": "text/html; charset=utf-8", **result.headers})
    answer = result if isinstance(result, Reply) else Reply(result)
    content = answer.data if answer.bare else {"status": "success", "data": answer.data, **answer.beside}
    return _carried(_dumps(content), 200, answer.headers)


def _carried(text: str, status: int, headers: dict[str, str]) -> Response:
    # Lambda carries the body as a JSON string, in which every quotation mark takes two bytes.
    if len(text) + text.count('"') + text.count("\\") > settings.LARGE_ANSWER_BYTES:
        key = large_answer_key()
        blobs.write_blob(key, text.encode())
        return _elsewhere(blobs.presign_download(key))
    return Response(body=text, status_code=status, headers={"Content-Type": "application/json", **headers})


def _spliced(answer: SplicedReply) -> Response:
    """Join an answer with its blobs; a large one is put together in S3, piece by piece."""
    most = settings.LARGE_ANSWER_BYTES // 2 // answer.pieces.count(None)
    blob = blobs.read_small_blob(answer.blob, most)
    if blob is not None:
        text = (blob or b"null").decode()
        return _carried("".join(text if piece is None else piece for piece in answer.pieces), 200, {})
    key = large_answer_key()
    blobs.join_blobs(
        key, [piece or blobs.BlobRef(answer.blob) for piece in answer.pieces], "application/json"
    )
    return _elsewhere(blobs.presign_download(key))


def _elsewhere(url: str) -> Response:
    return Response(body="", status_code=303, headers={"Location": url})


def _dumps(content: Any) -> str:
    try:
        return json.dumps(content, allow_nan=False, separators=COMPACT)
    except ValueError:
        return json.dumps(_finite(content), separators=COMPACT)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value
