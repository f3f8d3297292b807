"""The document of a callback or an upload: what it holds, checked part by part.

Nothing in it is trusted. Base64 is decoded, its first bytes say what it is, and it is never opened
here: pickles and netCDF are for the renderer.
"""

import base64
import binascii
import hashlib
import json
from codecs import BOM_UTF8
from dataclasses import dataclass, field
from typing import Any

import msgspec

from chalicelib import blob_keys
from chalicelib.errors import InvalidError, NestedTooDeeplyError
from chalicelib.json_text import dump_json, parse_json
from chalicelib.schemas.base import is_name
from chalicelib.tables.analysis_items import VERDICT_WORDS, PlotPart, Products

MAX_PLOTS = 100
MAX_SCALARS = 200
MAX_ANNOTATIONS = 20
MAX_SUMMARY = 5000
MAX_FORMAT = 20
MAX_VERDICT = 300
INLINE_BYTES = 60_000
"""Annotations up to this size, and model light curves, are kept in the record itself."""

SCALARS_BYTES = 30_000
"""Scalars up to this size are kept in the record itself, and compared in lists."""

RECORD_BYTES = 130_000
"""Most characters of JSON that a record keeps of its document: an item holds 400 kB, with the request in it."""

IMAGES = {
    "png": (b"\x89PNG\r\n\x1a\n", "image/png"),
    "jpeg": (b"\xff\xd8\xff", "image/jpeg"),
    "gif": (b"GIF8", "image/gif"),
    "webp": (b"RIFF", "image/webp"),
    "tiff": (b"II*\x00", "image/tiff"),
    "pdf": (b"%PDF-", "application/pdf"),
    "eps": (b"%!PS", "application/postscript"),
}
JSON_TYPE = "application/json"
BINARY_TYPE = "application/octet-stream"

CURVE_FIELDS = ("model_lightcurve", "model_lightcurves", "model_name", "model_summary", "n_detections")
"""The fields of each document that a source's list of analyses shows."""


@dataclass
class Document:
    """A checked document.

    Attributes
    ----------
    analysis : dict
        As posted, except that each plot has both ``format`` and ``type``.
    parts : dict
        The blobs to store: ``(bytes, content type)`` by name.
    products : Products
        What the record says of it.
    """

    analysis: dict[str, Any]
    parts: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    products: Products = field(default_factory=Products)


def parse_document(analysis: dict[str, Any] | None) -> Document:
    """Check a document and split it into its parts.

    Raises
    ------
    InvalidError
        If a part is malformed; the message names it.
    """
    document = Document(analysis or {})
    _parse_plots(document)
    _parse_inference_data(document)
    _parse_results(document)
    _parse_samples(document)
    _parse_annotations(document)
    _parse_verdict(document)
    curves = {name: document.analysis[name] for name in CURVE_FIELDS if document.analysis.get(name) is not None}
    room = RECORD_BYTES - len(json.dumps(msgspec.to_builtins(document.products)))
    if len(json.dumps(curves)) <= min(INLINE_BYTES, room):
        document.products.curves = curves
    text = dump_json(document.analysis)
    document.products.hash = hashlib.md5(text, usedforsecurity=False).hexdigest()
    document.parts[blob_keys.DOCUMENT] = (text, JSON_TYPE)
    return document


def _decode_base64(field_name: str, text: Any) -> bytes:
    if not isinstance(text, str):
        raise InvalidError(f"{field_name}: not a text. Send the data in base64.")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidError(f"{field_name}: not valid base64.") from None


def _parse_plots(document: Document) -> None:
    plots = document.analysis.get("plots")
    if plots is None:
        return
    if not isinstance(plots, list) or len(plots) > MAX_PLOTS:
        raise InvalidError(f"analysis.plots: expected a list of at most {MAX_PLOTS} plots.")
    complete = [_parse_plot(document, number, plot) for number, plot in enumerate(plots)]
    if complete:
        document.analysis = {**document.analysis, "plots": complete}


def _parse_plot(document: Document, number: int, plot: Any) -> dict[str, Any]:
    """Add a plot to the document's parts; return it with both its keys for the format."""
    field_name = f"analysis.plots.{number}"
    plot = {"data": plot} if isinstance(plot, str) else plot
    if not isinstance(plot, dict):
        raise InvalidError(f'{field_name}: expected {{"format": …, "data": <base64>}}.')
    data = _decode_base64(f"{field_name}.data", plot.get("data"))
    kind, content_type = _recognize_image(data)
    image_format = str(plot.get("format") or plot.get("type") or kind or "png")[:MAX_FORMAT]
    part = blob_keys.plot_part(number)
    document.parts[part] = (data, content_type)
    document.products.plots = [*document.products.plots, PlotPart(image_format, part)]
    return {**plot, "format": image_format, "type": image_format}


def _recognize_image(data: bytes) -> tuple[str | None, str]:
    """Return the format and the content type of an image by its first bytes."""
    for kind, (magic, content_type) in IMAGES.items():
        if data.startswith(magic):
            return kind, content_type
    head = data[:4096].removeprefix(BOM_UTF8).lstrip()
    if head.startswith(b"<") and b"<svg" in head:
        return "svg", "image/svg+xml"
    return None, BINARY_TYPE


def _parse_inference_data(document: Document) -> None:
    inference_data = document.analysis.get("inference_data")
    if inference_data is None:
        return
    if not isinstance(inference_data, dict):
        raise InvalidError('analysis.inference_data: expected {"format": "netcdf4", "data": <base64>}.')
    data = _decode_base64("analysis.inference_data.data", inference_data.get("data"))
    document.parts[blob_keys.INFERENCE_DATA] = (data, "application/x-netcdf")
    document.products.inference_data = str(inference_data.get("format", "netcdf4"))[:MAX_FORMAT]


def _parse_results(document: Document) -> None:
    results = document.analysis.get("results")
    if results is None:
        return
    if not isinstance(results, dict) or "data" not in results:
        results = {"format": "json", "data": results}
    results_format = str(results.get("format") or "json")[:MAX_FORMAT]
    document.products.results = results_format
    if results_format == "json":
        _keep_results(document, blob_keys.RESULTS, _decode_json_text(results["data"]))
        return
    part = blob_keys.RESULTS_JOBLIB if results_format == "joblib" else blob_keys.RESULTS_BINARY
    document.parts[part] = (_decode_base64("analysis.results.data", results["data"]), BINARY_TYPE)
    if results_format == "joblib" and results.get("json") is not None:
        _keep_results(document, blob_keys.RENDERED_RESULTS, results["json"])


def _keep_results(document: Document, part: str, data: Any) -> None:
    document.parts[part] = (dump_json(data), JSON_TYPE)
    document.products.scalars, document.products.summary = summarize_results(data)


def _decode_json_text(data: Any) -> Any:
    """Return results that are an object, or a text that encodes one."""
    if isinstance(data, str):
        try:
            return parse_json(data, "analysis.results.data")
        except NestedTooDeeplyError:
            raise
        except InvalidError:
            # A text that is not JSON is a valid result as well.
            return data
    return data


def _parse_samples(document: Document) -> None:
    if document.products.inference_data is not None:
        # Figures are drawn from that; the samples are stored once, in the document.
        return
    for name in ("posterior_samples", "posteriors"):
        if isinstance(document.analysis.get(name), dict | list):
            document.parts[blob_keys.SAMPLES] = (dump_json(document.analysis[name]), JSON_TYPE)
            document.products.samples = name
            return


def _parse_annotations(document: Document) -> None:
    annotations = document.analysis.get("annotations")
    if annotations is None:
        return
    if not isinstance(annotations, list) or len(annotations) > MAX_ANNOTATIONS:
        raise InvalidError(f"analysis.annotations: expected a list of at most {MAX_ANNOTATIONS}.")
    for number, annotation in enumerate(annotations):
        field_name = f"analysis.annotations.{number}"
        if not isinstance(annotation, dict) or not isinstance(annotation.get("data"), dict):
            raise InvalidError(f'{field_name}: expected {{"origin": …, "data": {{…}}}}.')
        origin = annotation.get("origin")
        if origin is not None and not is_name(origin):
            raise InvalidError(f"{field_name}.origin: expected one line of 1 to 200 characters.")
    if len(json.dumps(annotations)) > INLINE_BYTES:
        raise InvalidError(f"analysis.annotations: more than {INLINE_BYTES} characters of JSON. Send fewer.")
    document.products.annotations = annotations


def _parse_verdict(document: Document) -> None:
    """Keep a verdict of the form that Heliograph knows; any other value is the service's own."""
    verdict = document.analysis.get("verdict")
    if not isinstance(verdict, dict) or "describes_data" not in verdict:
        return
    message = verdict.get("message", "")
    if not isinstance(verdict["describes_data"], bool) or not isinstance(message, str):
        raise InvalidError('analysis.verdict: expected {"describes_data": true or false, "message": <text>}.')
    words = VERDICT_WORDS[verdict["describes_data"]]
    if verdict.get("word", words[0]) not in words:
        raise InvalidError(
            f"analysis.verdict.word: expected {' or '.join(map(repr, words))}, where describes_data is "
            f"{json.dumps(verdict['describes_data'])}."
        )
    document.products.verdict = {
        "describes_data": verdict["describes_data"],
        "word": verdict.get("word", words[0]),
        "message": message[:MAX_VERDICT],
    }


def summarize_results(results: Any) -> tuple[dict[str, int | float | str | bool], str | None]:
    """Return the scalars of results by dotted name, for lists to compare, and their summary if any."""
    summary = results.get("summary") if isinstance(results, dict) else None
    has_summary = isinstance(summary, str) and summary.strip()
    return _collect_scalars(results), summary[:MAX_SUMMARY] if summary and has_summary else None


def _collect_scalars(results: Any) -> dict[str, int | float | str | bool]:
    scalars: dict[str, int | float | str | bool] = {}
    stack = [("", results)]
    room = SCALARS_BYTES
    while stack and len(scalars) < MAX_SCALARS:
        name, value = stack.pop()
        if isinstance(value, dict):
            entries = list(value.items())[:MAX_SCALARS]
            stack += [(f"{name}.{key}" if name else str(key), item) for key, item in reversed(entries)]
        elif isinstance(value, float | bool | int) or (isinstance(value, str) and len(value) <= 100):
            room -= len(json.dumps([name[:100], value]))
            if room < 0:
                break
            scalars[name[:100]] = value
    return scalars
