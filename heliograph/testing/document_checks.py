"""What a portal refuses of a callback: checked part by part, as a real one does."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from heliograph.errors import ArgumentError

MAX_CALLBACK_BYTES = 4_400_000
MAX_UPLOAD_BYTES = 200_000_000

_MAX_PLOTS = 100
_MAX_ANNOTATIONS = 20
_MAX_CHARACTERS = 60_000
_MAX_ORIGIN = 200
_MAX_DEPTH = 100
_STATUS = re.compile(r"[\w .-]{0,40}")
_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\x00", b"%PDF-", b"%!PS", b"<")
_NETCDF4 = b"\x89HDF\r\n\x1a\n"
_VERDICT_WORDS = {True: ("good", "doubtful"), False: ("refuted",)}
_CURVES = ("model_lightcurve", "model_lightcurves", "model_name", "model_summary", "n_detections")


class DocumentRefusedError(ArgumentError):
    """A portal would answer 400 to this callback, or show nothing of a part of it."""


def decode_body(raw: bytes) -> dict[str, Any]:
    """Decode the JSON object of a request.

    Raises
    ------
    DocumentRefusedError
        If it is none, holds NaN, or is too deep.
    """
    try:
        body = json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        if isinstance(error, DocumentRefusedError):
            raise
        raise DocumentRefusedError("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise DocumentRefusedError("The body is not an object.")
    if _measure_depth(body) > _MAX_DEPTH:
        raise DocumentRefusedError(f"The body has more than {_MAX_DEPTH} levels.")
    return body


def _refuse_constant(text: str) -> NoReturn:
    raise DocumentRefusedError(f"The body holds {text}, which is not JSON.")


def _measure_depth(value: Any) -> int:
    deepest = 0
    stack = [(value, 1)]
    while stack:
        item, depth = stack.pop()
        deepest = max(deepest, depth)
        children = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        stack += [(child, depth + 1) for child in children]
    return deepest


def check_callback(body: Mapping[str, Any]) -> None:
    """Check a callback, apart from what was uploaded.

    Raises
    ------
    DocumentRefusedError
        If a portal would refuse it; the message names the part.
    """
    status = body.get("status")
    if not isinstance(status, str) or not _STATUS.fullmatch(status):
        raise DocumentRefusedError("status: expected a short word, such as success.")
    if not isinstance(body.get("message"), str | None):
        raise DocumentRefusedError("message: expected text.")
    if not isinstance(body.get("analysis"), dict | None):
        raise DocumentRefusedError("analysis: expected an object.")
    check_analysis(body.get("analysis") or {})


def check_analysis(analysis: Mapping[str, Any]) -> None:
    """Check the ``analysis`` of a callback or an upload.

    Raises
    ------
    DocumentRefusedError
        If a portal would refuse it, or could not show a part.
    """
    _check_plots(analysis.get("plots"))
    _check_inference_data(analysis.get("inference_data"))
    _check_results(analysis.get("results"))
    _check_samples(analysis.get("posterior_samples"))
    _check_annotations(analysis.get("annotations"))
    _check_verdict(analysis.get("verdict"))
    curves = {name: analysis[name] for name in _CURVES if analysis.get(name) is not None}
    if len(json.dumps(curves)) > _MAX_CHARACTERS:
        raise DocumentRefusedError(f"{', '.join(curves)}: more than {_MAX_CHARACTERS} characters together.")


def _decode_base64(name: str, text: Any) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (AttributeError, binascii.Error, ValueError):
        raise DocumentRefusedError(f"{name}: not valid base64.") from None


def _check_plots(plots: Any) -> None:
    if plots is None:
        return
    if not isinstance(plots, list) or len(plots) > _MAX_PLOTS:
        raise DocumentRefusedError(f"analysis.plots: expected a list of at most {_MAX_PLOTS} plots.")
    for number, plot in enumerate(plots):
        encoded = plot.get("data") if isinstance(plot, dict) else plot
        if not _decode_base64(f"analysis.plots.{number}.data", encoded).lstrip().startswith(_IMAGES):
            raise DocumentRefusedError(f"analysis.plots.{number}.data: no image that a portal can show.")


def _check_inference_data(inference_data: Any) -> None:
    if inference_data is None:
        return
    if not isinstance(inference_data, dict):
        raise DocumentRefusedError('analysis.inference_data: expected {"format": "netcdf4", "data": <base64>}.')
    content = _decode_base64("analysis.inference_data.data", inference_data.get("data"))
    if not content.startswith(_NETCDF4):
        raise DocumentRefusedError("analysis.inference_data.data: no netCDF4 file.")


def _check_results(results: Any) -> None:
    if isinstance(results, dict) and results.get("format", "json") != "json":
        _decode_base64("analysis.results.data", results.get("data"))


def _check_samples(samples: Any) -> None:
    if isinstance(samples, dict) and not all(isinstance(values, list | dict) for values in samples.values()):
        raise DocumentRefusedError("analysis.posterior_samples: expected draws by name.")


def _check_annotations(annotations: Any) -> None:
    if annotations is None:
        return
    if not isinstance(annotations, list) or len(annotations) > _MAX_ANNOTATIONS:
        raise DocumentRefusedError(f"analysis.annotations: expected a list of at most {_MAX_ANNOTATIONS}.")
    for number, annotation in enumerate(annotations):
        if not isinstance(annotation, dict) or not isinstance(annotation.get("data"), dict):
            raise DocumentRefusedError(f'analysis.annotations.{number}: expected {{"origin": …, "data": {{…}}}}.')
        origin = annotation.get("origin", "-")
        if not isinstance(origin, str) or not origin.strip() or len(origin) > _MAX_ORIGIN or not origin.isprintable():
            raise DocumentRefusedError(f"analysis.annotations.{number}.origin: expected one line of text.")
    if len(json.dumps(annotations)) > _MAX_CHARACTERS:
        raise DocumentRefusedError(f"analysis.annotations: more than {_MAX_CHARACTERS} characters of JSON.")


def _check_verdict(verdict: Any) -> None:
    if not isinstance(verdict, dict) or "describes_data" not in verdict:
        return
    if not isinstance(verdict["describes_data"], bool) or not isinstance(verdict.get("message", ""), str):
        raise DocumentRefusedError('analysis.verdict: expected {"describes_data": true or false, "message": <text>}.')
    words = _VERDICT_WORDS[verdict["describes_data"]]
    if verdict.get("word", words[0]) not in words:
        raise DocumentRefusedError(f"analysis.verdict.word: expected {' or '.join(words)}.")


def check_progress(body: Mapping[str, Any]) -> None:
    """Check a report of progress.

    Raises
    ------
    DocumentRefusedError
        If a portal would refuse it.
    """
    if unknown := set(body) - {"progress", "message"}:
        raise DocumentRefusedError(f"{min(unknown)}: unknown key; expected progress and message.")
    progress = body.get("progress")
    is_number = isinstance(progress, int | float) and not isinstance(progress, bool)
    if progress is not None and not (is_number and 0 <= progress <= 1):
        raise DocumentRefusedError("progress: expected a number from 0 to 1.")
    if not isinstance(body.get("message"), str | None):
        raise DocumentRefusedError("message: expected text.")
