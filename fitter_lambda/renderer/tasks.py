"""The renderer: opens what must not be opened next to secrets, and draws.

It runs without any AWS permission; what it reads and writes are presigned URLs in its event::

    {"task": "results", "source": url, "target": url}
        a joblib file -> application/json
    {"task": "corner", "source": url, "format": "netcdf4" | "json", "target": url, "plot_kwargs": {}}
        samples -> image/png

Bad data never raise; the answer says in one sentence what was wrong.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests

from fitter_lambda.errors import RenderError

__all__ = ["render"]

_logger = logging.getLogger(__name__)

MAX_SOURCE_BYTES = 250 * 1024 * 1024
_TIMEOUT = (5.0, 20.0)
_MOST_SECONDS = 25.0
_CHUNK = 1024 * 1024


def render(event: object) -> dict[str, Any]:
    """Do one task.

    Parameters
    ----------
    event : object
        See the module's docstring.

    Returns
    -------
    dict
        ``{"ok": True}``, or ``{"ok": False, "error": "<one sentence>"}``.
    """
    try:
        task = _TASKS.get(str(event.get("task"))) if isinstance(event, Mapping) else None
        if not isinstance(event, Mapping) or task is None:
            raise RenderError(f"Unknown task; the choices are: {', '.join(_TASKS)}.")
        body, content_type = task(event)
        _put(event.get("target"), body, content_type)
    except RenderError as error:
        return {"ok": False, "error": str(error)}
    except Exception:  # the caller waits for an answer, whatever the data did
        _logger.exception("a task failed unexpectedly")
        return {"ok": False, "error": "The data could not be rendered for a reason that is not known."}
    return {"ok": True}


def _results(event: Mapping[str, Any]) -> tuple[bytes, str]:
    from fitter_lambda.plain import to_plain
    from fitter_lambda.unpickle import load_joblib

    plain = to_plain(load_joblib(_get(event.get("source"))))
    return json.dumps(plain, allow_nan=False).encode(), "application/json"


def _corner(event: Mapping[str, Any]) -> tuple[bytes, str]:
    from fitter_lambda.corner_options import parse_options
    from fitter_lambda.plot_corner import corner_png
    from fitter_lambda.samples import from_json, from_netcdf

    options = parse_options(event.get("plot_kwargs"))
    readers: dict[str, Callable[[bytes, list[str] | None], Any]] = {
        "netcdf4": from_netcdf, "json": from_json,
    }  # fmt: skip
    reader = readers.get(str(event.get("format")))
    if reader is None:
        raise RenderError("Unknown format of samples; the choices are: netcdf4, json.")
    names = options.pop("var_names", None)
    options.pop("divergences", None)  # marks draws of samplers that diverge; there are none to mark here
    samples = reader(_get(event.get("source")), names)
    for name, value in options.items():
        if name in _ONE_EACH and isinstance(value, list) and len(value) != len(samples):
            raise RenderError(
                f"The plot argument {name} has {len(value)} entries for {len(samples)} parameters "
                f"({', '.join(samples)}); give one each."
            )
    try:
        return corner_png(samples, options), "image/png"
    except (ValueError, TypeError, AssertionError) as error:
        raise RenderError(f"These plot arguments do not go together: {str(error)[:200]}") from None


_ONE_EACH = ("bins", "range", "labels", "titles", "truths")
_TASKS: dict[str, Callable[[Mapping[str, Any]], tuple[bytes, str]]] = {"results": _results, "corner": _corner}


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # presigned URLs go where they say, without proxies or .netrc
    return session


def _get(url: object) -> bytes:
    """Fetch a source, bounded in size and time."""
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
                if len(data) > MAX_SOURCE_BYTES:
                    raise RenderError(f"The source has more than {MAX_SOURCE_BYTES >> 20} MB; send less.")
            return bytes(data)
    except requests.RequestException as error:
        raise RenderError(f"The source could not be fetched ({type(error).__name__}).") from None


def _put(url: object, body: bytes, content_type: str) -> None:
    try:
        answer = _session().put(
            _checked(url), data=body, headers={"Content-Type": content_type},
            timeout=_TIMEOUT, allow_redirects=False,
        )  # fmt: skip
    except requests.RequestException as error:
        raise RenderError(f"The product could not be stored ({type(error).__name__}).") from None
    if not 200 <= answer.status_code < 300:
        raise RenderError(f"The product could not be stored (HTTP {answer.status_code}).")


def _checked(url: object) -> str:
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise RenderError("source and target have to be presigned http(s) URLs.")
    return url
