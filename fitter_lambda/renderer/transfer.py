"""The renderer's edge: a source is fetched from one presigned URL, its product stored at another."""

import json
import time
from typing import Any

import requests

from fitter_lambda.errors import RenderError

__all__ = ["fetch", "fetch_json", "store"]

MAX_SOURCE_BYTES = 250 * 1024 * 1024
#: JSON takes some ten times its size in memory.
MAX_JSON_BYTES = 32 * 1024 * 1024
_TIMEOUT = (5.0, 20.0)
_MOST_SECONDS = 25.0
_CHUNK = 1024 * 1024


def fetch(url: object, max_bytes: int = MAX_SOURCE_BYTES) -> bytes:
    """Fetch a source, bounded in size and time.

    Raises
    ------
    RenderError
        Not a URL, no answer, another status than 200, or too much.
    """
    began = time.monotonic()
    try:
        with _session().get(_checked(url), stream=True, timeout=_TIMEOUT, allow_redirects=False) as answer:
            if answer.status_code != 200:
                raise RenderError(f"The source could not be fetched (HTTP {answer.status_code}).")
            data = bytearray()
            for chunk in answer.iter_content(_CHUNK):
                data += chunk
                if time.monotonic() - began > _MOST_SECONDS:
                    raise RenderError("The source came too slowly; try again.")
                if len(data) > max_bytes:
                    raise RenderError(f"The source has more than {max_bytes >> 20} MB; send less.")
            return bytes(data)
    except requests.RequestException as error:
        raise RenderError(f"The source could not be fetched ({type(error).__name__}).") from None


def fetch_json(url: object) -> Any:
    """Fetch a source that is JSON; NaN and infinities in it become null.

    Raises
    ------
    RenderError
        As of `fetch`, and if it is not JSON.
    """
    try:
        return json.loads(fetch(url, MAX_JSON_BYTES), parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        raise RenderError("The source is not JSON, or is nested too deeply.") from None


def store(url: object, body: bytes, content_type: str) -> None:
    """Store a product.

    Raises
    ------
    RenderError
        Not a URL, no answer, or a status that is no success.
    """
    try:
        answer = _session().put(
            _checked(url), data=body, headers={"Content-Type": content_type},
            timeout=_TIMEOUT, allow_redirects=False,
        )  # fmt: skip
    except requests.RequestException as error:
        raise RenderError(f"The product could not be stored ({type(error).__name__}).") from None
    if not 200 <= answer.status_code < 300:
        raise RenderError(f"The product could not be stored (HTTP {answer.status_code}).")


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # presigned URLs go where they say, without proxies or .netrc
    return session


def _checked(url: object) -> str:
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise RenderError("source and target have to be presigned http(s) URLs.")
    return url
