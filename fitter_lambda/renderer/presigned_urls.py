"""Presigned URLs: a source is fetched from one, its product is stored at another."""

import time
from typing import Any

import requests

from fitter_lambda.errors import RenderError

MAX_SOURCE_BYTES = 250 * 1024 * 1024
#: JSON takes some ten times its size in memory.
MAX_JSON_BYTES = 32 * 1024 * 1024
_TIMEOUT = (5.0, 10.0)
_MAX_SECONDS = 12.0
_CHUNK = 1024 * 1024


def fetch_bytes(url: object, max_bytes: int = MAX_SOURCE_BYTES) -> bytes:
    """Fetch a source, within bounds of size and time.

    Raises
    ------
    RenderError
        Not a URL, no response, another status than 200, or too many bytes.
    """
    began = time.monotonic()
    try:
        with _send_request("GET", url, stream=True) as response:
            if response.status_code != 200:
                raise RenderError(f"The source could not be fetched (HTTP {response.status_code}).")
            data = bytearray()
            for chunk in response.iter_content(_CHUNK):
                data += chunk
                if time.monotonic() - began > _MAX_SECONDS:
                    raise RenderError("The source came too slowly; try again.")
                if len(data) > max_bytes:
                    raise RenderError(f"The source has more than {max_bytes >> 20} MB; send less.")
            return bytes(data)
    except requests.RequestException as error:
        raise RenderError(f"The source could not be fetched ({type(error).__name__}).") from None


def store_product(url: object, body: bytes, content_type: str) -> None:
    """Store a product.

    Raises
    ------
    RenderError
        Not a URL, no response, or another status than 2xx.
    """
    try:
        response = _send_request("PUT", url, data=body, headers={"Content-Type": content_type})
    except requests.RequestException as error:
        raise RenderError(f"The product could not be stored ({type(error).__name__}).") from None
    if not 200 <= response.status_code < 300:
        raise RenderError(f"The product could not be stored (HTTP {response.status_code}).")


def _send_request(method: str, url: object, **options: Any) -> requests.Response:
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise RenderError("source and target have to be presigned http(s) URLs.")
    session = requests.Session()
    session.trust_env = False  # no proxies, no .netrc
    return session.request(method, url, timeout=_TIMEOUT, allow_redirects=False, **options)
