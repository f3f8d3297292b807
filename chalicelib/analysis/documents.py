"""The document that a service calls back with, or that a user uploads: read, checked, stored.

Everything in it is hostile. Base64 is decoded and looked at by its first bytes, never opened:
pickles and netCDF are for the renderer.
"""

import base64
import binascii
import hashlib
import json
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from chalicelib import blobs
from chalicelib.errors import InvalidError
from chalicelib.json_text import dump_json, parse_json
from chalicelib.schemas.base import is_name

__all__ = [
    "CURVE_FIELDS",
    "Document",
    "StoredDocument",
    "delete_document",
    "parse_document",
    "store_document",
    "summarize_results",
]

MAX_PLOTS = 100
MAX_SCALARS = 200
MAX_ANNOTATIONS = 20
MAX_SUMMARY = 5000
INLINE_BYTES = 60_000
"""Model light curves, and annotations, up to this stand in the record itself."""

IMAGES = {
    "png": (b"\x89PNG\r\n\x1a\n", "image/png"),
    "jpeg": (b"\xff\xd8\xff", "image/jpeg"),
    "gif": (b"GIF8", "image/gif"),
    "pdf": (b"%PDF-", "application/pdf"),
}
OPAQUE = "application/octet-stream"

CURVE_FIELDS = ("model_lightcurve", "model_lightcurves", "model_name", "n_detections")
"""What a source's list of analyses carries of each document."""


@dataclass
class Document:
    """A checked document.

    Attributes
    ----------
    analysis : dict
        As it came, but that each plot has both ``format`` and ``type``.
    parts : dict
        Its parts as blobs: ``(bytes, content type)`` by name.
    products : dict
        What the record says of it: which parts there are.
    """

    analysis: dict[str, Any]
    parts: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    products: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredDocument:
    """A stored document.

    Attributes
    ----------
    prefix : str
        Where its parts lie.
    products : dict
        What the record says of it.
    """

    prefix: str
    products: dict[str, Any]


def parse_document(analysis: dict[str, Any] | None) -> Document:
    """Check a document.

    Raises
    ------
    InvalidError
        Naming the part that is malformed.
    """
    document = Document(analysis or {})
    _read_plots(document)
    _read_inference_data(document)
    _read_results(document)
    _read_samples(document)
    _read_annotations(document)
    given = {
        name: document.analysis[name] for name in CURVE_FIELDS if document.analysis.get(name) is not None
    }
    if len(json.dumps(given)) <= INLINE_BYTES:
        document.products["curves"] = given
    whole = dump_json(document.analysis)
    document.products["hash"] = hashlib.md5(whole, usedforsecurity=False).hexdigest()
    document.parts["document.json"] = (whole, "application/json")
    return document


def store_document(analysis_id: int, document: Document) -> StoredDocument:
    """Put a document and its parts into S3, under a key of its own."""
    prefix = f"analyses/{analysis_id}/documents/{uuid.uuid4()}/"
    for name, (data, content_type) in document.parts.items():
        blobs.write_blob(prefix + name, data, content_type)
    return StoredDocument(prefix, document.products)


def delete_document(prefix: str) -> None:
    """Remove a stored document."""
    blobs.delete_blobs(prefix)


def _decoded(place: str, text: Any) -> bytes:
    if not isinstance(text, str):
        raise InvalidError(f"{place}: base64 text is needed.")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidError(f"{place}: this is no valid base64.") from None


def _read_plots(document: Document) -> None:
    plots = document.analysis.get("plots")
    if plots is None:
        plots = []
    if not isinstance(plots, list) or len(plots) > MAX_PLOTS:
        raise InvalidError(f"analysis.plots: a list of at most {MAX_PLOTS} plots is needed.")
    named: list[dict[str, str]] = []
    shown: list[dict[str, Any]] = []
    for number, plot in enumerate(plots):
        place = f"analysis.plots.{number}"
        given = {"data": plot} if isinstance(plot, str) else plot
        if not isinstance(given, dict):
            raise InvalidError(f'{place}: {{"format": …, "data": <base64>}} is needed.')
        data = _decoded(f"{place}.data", given.get("data"))
        kind = next((kind for kind, (magic, _) in IMAGES.items() if data.startswith(magic)), None)
        claimed = given.get("format") or given.get("type") or kind or "png"
        key = f"plots/{number}"
        document.parts[key] = (data, IMAGES[kind][1] if kind else OPAQUE)
        named.append({"format": str(claimed)[:20], "key": key})
        shown.append({**given, "format": named[-1]["format"], "type": named[-1]["format"]})
    document.products["plots"] = named
    if shown:
        document.analysis = {**document.analysis, "plots": shown}


def _read_inference_data(document: Document) -> None:
    given = document.analysis.get("inference_data")
    if given is None:
        return
    if not isinstance(given, dict):
        raise InvalidError('analysis.inference_data: {"format": "netcdf4", "data": <base64>} is needed.')
    data = _decoded("analysis.inference_data.data", given.get("data"))
    document.parts["inference_data.nc"] = (data, "application/x-netcdf")
    document.products["inference_data"] = str(given.get("format", "netcdf4"))[:20]


def _read_results(document: Document) -> None:
    given = document.analysis.get("results")
    if given is None:
        return
    if not isinstance(given, dict) or "data" not in given:
        given = {"format": "json", "data": given}
    kind = str(given.get("format") or "json")[:20]
    data = given["data"]
    if kind == "json":
        data = _from_text(data)
        document.parts["results.json"] = (dump_json(data), "application/json")
        document.products |= summarize_results(data)
    else:
        document.parts[f"results.{'joblib' if kind == 'joblib' else 'bin'}"] = (
            _decoded("analysis.results.data", data),
            OPAQUE,
        )
    document.products["results"] = kind


def _read_annotations(document: Document) -> None:
    given = document.analysis.get("annotations")
    if given is None:
        return
    if not isinstance(given, list) or len(given) > MAX_ANNOTATIONS:
        raise InvalidError(f"analysis.annotations: a list of at most {MAX_ANNOTATIONS} is needed.")
    for number, annotation in enumerate(given):
        place = f"analysis.annotations.{number}"
        if not isinstance(annotation, dict) or not isinstance(annotation.get("data"), dict):
            raise InvalidError(f'{place}: {{"origin": …, "data": {{…}}}} is needed.')
        origin = annotation.get("origin")
        if origin is not None and not is_name(origin):
            raise InvalidError(f"{place}.origin: a text of 1 to 200 characters in one line is needed.")
    if len(json.dumps(given)) > INLINE_BYTES:
        raise InvalidError(f"analysis.annotations: more than {INLINE_BYTES} characters of JSON.")
    document.products["annotations"] = given


def summarize_results(results: Any) -> dict[str, Any]:
    """Return what a record says of results: their scalars, and their summary if they have one."""
    summary = results.get("summary") if isinstance(results, dict) else None
    said = {"summary": summary[:MAX_SUMMARY]} if isinstance(summary, str) and summary.strip() else {}
    return {"scalars": _scalars(results), **said}


def _scalars(results: Any) -> dict[str, float | str | bool]:
    """Return the scalars of results by their dotted names, for lists to compare; not too many."""
    found: dict[str, float | str | bool] = {}
    stack, room = [("", results)], INLINE_BYTES
    while stack and len(found) < MAX_SCALARS:
        name, value = stack.pop()
        if isinstance(value, dict):
            inner = list(value.items())[:MAX_SCALARS]
            stack += [(f"{name}.{key}" if name else str(key), item) for key, item in reversed(inner)]
        elif isinstance(value, float | bool | int) or (isinstance(value, str) and len(value) <= 100):
            room -= len(json.dumps([name[:100], value]))
            if room < 0:
                break
            found[name[:100]] = value
    return found


def _from_text(data: Any) -> Any:
    """Return results in JSON, given as an object, or as a text that encodes one."""
    if isinstance(data, str):
        # A text that is no JSON is a fine result, too.
        with suppress(InvalidError):
            return parse_json(data, "analysis.results.data")
    return data


def _read_samples(document: Document) -> None:
    for name in ("posterior_samples", "posteriors"):
        if isinstance(document.analysis.get(name), dict | list):
            samples = dump_json(document.analysis[name])
            document.parts["samples.json"] = (samples, "application/json")
            document.products["samples"] = name
            return
