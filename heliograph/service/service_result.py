"""The result of an analysis, and the document that is called back; every limit of a portal is checked before."""

import base64
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypedDict

from heliograph.errors import ArgumentError
from heliograph.posterior_files import encode_posterior
from heliograph.service.result_files import encode_plot
from heliograph.service.result_values import clean_text, to_json_value, to_samples

MAX_PLOTS = 100
MAX_MESSAGE = 5000
MAX_ANNOTATIONS = 20
MAX_RECORD_CHARACTERS = 60_000
MAX_DOCUMENT_BYTES = 200_000_000
_MAX_ORIGIN = 200
_MAX_VERDICT = 300
_VERDICT_WORDS = {"good": True, "doubtful": True, "refuted": False}
"""The words of a verdict, and whether the model describes the data."""
_CURVE_KEYS = ("model_lightcurve", "model_lightcurves", "model_name", "model_summary", "n_detections")


class CallbackDocument(TypedDict):
    """What is posted to the callback URL."""

    status: Literal["success", "failure"]
    message: str
    analysis: dict[str, Any]


@dataclass(kw_only=True)
class Result:
    """What an analysis has found; everything is optional.

    Parameters
    ----------
    results : mapping
        Values by name; those that are not finite are sent as null.
    results_format : {'json', 'joblib'}
        joblib keeps arrays of numpy, and values that are not finite; to open it needs joblib.
    plots : list
        Figures of matplotlib, or images as bytes or paths; at most 100.
    inference_data : InferenceData, DataTree, bytes or path, optional
        The posterior, by arviz.
    posterior_samples : mapping, optional
        Draws by name, flat or chains × draws, if there is no inference data.
    annotations : mapping or list of mappings
        Values that are written to the source; a list has ``{"origin", "data"}``.
    message : str
        For people; 5,000 characters are kept.
    verdict : bool, str, tuple or mapping, optional
        Whether the model describes the data, or the word ``good``, ``doubtful`` or ``refuted``; as a tuple, with the
        reason.
    extra : mapping
        Further keys of the document, such as ``model_lightcurve``, or a part in another form than those above.

    Examples
    --------
    >>> from heliograph.service import Result
    >>> result = Result(results={"period": 0.54}, annotations={"period": 0.54}, message="A clear period.")
    >>> result.build_document()["analysis"]["annotations"]
    [{'data': {'period': 0.54}}]
    """

    results: Mapping[str, Any] = field(default_factory=dict)
    results_format: Literal["json", "joblib"] = "json"
    plots: Iterable[Any] = ()
    inference_data: Any = None
    posterior_samples: Mapping[str, Any] | None = None
    annotations: Any = ()
    message: str = ""
    verdict: Any = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Keep the plots of an iterator, which are read more than once."""
        is_single = isinstance(self.plots, bytes | str | Path) or hasattr(self.plots, "savefig")
        self.plots = [self.plots] if is_single else _list_entries("plots", self.plots)

    def build_document(self, *, json_results: bool = False) -> CallbackDocument:
        """Return the document to call back, ready for JSON.

        Parameters
        ----------
        json_results : bool
            Add a copy as JSON to results that are joblib.

        Raises
        ------
        ArgumentError
            If a part is not valid, or beyond a portal's limits; the message names it.
        """
        if not isinstance(self.message, str):
            raise ArgumentError(f"message is a {type(self.message).__name__}; expected text.")
        parts = self._build_parts(json_results)
        extra = _build_extra(self.extra or {})
        if taken := sorted(set(extra) & {*parts, "upload_id"}):
            raise ArgumentError(f"extra has the key {taken[0]!r}, which is set already.")
        analysis = {**extra, **parts}
        size = len(json.dumps(analysis, allow_nan=False))
        if size > MAX_DOCUMENT_BYTES:
            raise ArgumentError(f"The result has {size:,} bytes as JSON; expected at most {MAX_DOCUMENT_BYTES:,}.")
        return {"status": "success", "message": clean_text(self.message)[:MAX_MESSAGE], "analysis": analysis}

    def _build_parts(self, json_results: bool) -> dict[str, Any]:
        parts: dict[str, Any] = {}
        if self.results:
            parts["results"] = _build_results(self.results, self.results_format, json_results)
        if self.inference_data is not None:
            content = encode_posterior(self.inference_data)
            parts["inference_data"] = {"format": "netcdf4", "data": _to_base64(content)}
        if self.posterior_samples is not None:
            parts["posterior_samples"] = _build_samples(self.posterior_samples)
        if plots := _build_plots(self.plots):
            parts["plots"] = plots
        if annotations := _build_annotations(self.annotations):
            parts["annotations"] = annotations
        if self.verdict is not None:
            parts["verdict"] = _build_verdict(self.verdict)
        return parts


def _list_entries(name: str, entries: Any) -> list[Any]:
    """Return the entries of a list or an iterator, none for None."""
    try:
        return [] if entries is None else list(entries)
    except TypeError:
        raise ArgumentError(f"{name} is a {type(entries).__name__}; expected a list.") from None


def build_failure_document(message: str) -> CallbackDocument:
    """Return the document of an analysis that failed, with the reason."""
    return {"status": "failure", "message": clean_text(message)[:MAX_MESSAGE], "analysis": {}}


def _build_results(results: Mapping[str, Any], results_format: str, json_results: bool) -> dict[str, Any]:
    if results_format not in ("json", "joblib"):
        raise ArgumentError(f"results_format is {results_format!r:.40}; expected json or joblib.")
    # what JSON cannot hold could not be shown
    values = _require_mapping("results", results)
    if results_format == "json":
        return {"format": "json", "data": values}
    import joblib

    buffer = io.BytesIO()
    joblib.dump(results, buffer)
    packed = {"format": "joblib", "data": _to_base64(buffer.getvalue())}
    return {**packed, "json": values} if json_results else packed


def _to_base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _require_mapping(name: str, value: Any) -> dict[str, Any]:
    converted = to_json_value(name, value)
    if not isinstance(converted, dict):
        raise ArgumentError(f"{name} is a {type(value).__name__}; expected values by name.")
    return converted


def _build_plots(plots: Iterable[Any]) -> list[dict[str, str]]:
    encoded = [encode_plot(f"plots[{number}]", plot) for number, plot in enumerate(plots)]
    if len(encoded) > MAX_PLOTS:
        raise ArgumentError(f"There are {len(encoded)} plots; expected at most {MAX_PLOTS}.")
    return [{"format": image_format, "data": _to_base64(content)} for image_format, content in encoded]


def _build_samples(samples: Any) -> dict[str, list[Any]]:
    if hasattr(samples, "to_dict") and hasattr(samples, "columns"):
        samples = samples.to_dict(orient="list")
    if not isinstance(samples, Mapping) or not samples:
        raise ArgumentError("posterior_samples: expected draws by the names of the parameters.")
    converted = {str(name): to_samples(str(name), values) for name, values in samples.items()}
    if len({_get_shape(values) for values in converted.values()}) > 1:
        raise ArgumentError("posterior_samples have different shapes; expected the same draws of each parameter.")
    return converted


def _get_shape(values: list[Any]) -> tuple[int, ...]:
    return (len(values), len(values[0])) if isinstance(values[0], list) else (len(values),)


def _build_annotations(annotations: Any) -> list[dict[str, Any]]:
    is_single = isinstance(annotations, Mapping) and bool(annotations)
    entries = [{"data": annotations}] if is_single else _list_entries("annotations", annotations)
    if len(entries) > MAX_ANNOTATIONS:
        raise ArgumentError(f"There are {len(entries)} annotations; expected at most {MAX_ANNOTATIONS}.")
    built = [_build_annotation(f"annotations[{number}]", entry) for number, entry in enumerate(entries)]
    size = len(json.dumps(built))
    if size > MAX_RECORD_CHARACTERS:
        raise ArgumentError(f"The annotations have {size:,} characters; expected at most {MAX_RECORD_CHARACTERS:,}.")
    return built


def _build_annotation(name: str, entry: Any) -> dict[str, Any]:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("data"), Mapping) or set(entry) - {"origin", "data"}:
        raise ArgumentError(f'{name}: expected values by name, or {{"origin": …, "data": {{…}}}}.')
    built = {"data": _require_mapping(f"{name}.data", entry["data"])}
    origin = entry.get("origin")
    if origin is None:
        return built
    is_name = isinstance(origin, str) and origin.strip() and len(origin) <= _MAX_ORIGIN and origin.isprintable()
    if not is_name:
        raise ArgumentError(f"{name}.origin: expected one line of 1 to {_MAX_ORIGIN} characters.")
    return {"origin": origin, **built}


def _build_verdict(verdict: Any) -> dict[str, Any]:
    if isinstance(verdict, Mapping) and set(verdict) <= {"describes_data", "word", "message"}:
        verdict = verdict.get("word", verdict.get("describes_data")), verdict.get("message", "")
    opinion, message = verdict if isinstance(verdict, tuple) and len(verdict) == 2 else (verdict, "")
    # numpy's booleans, as comparisons of arrays make them
    opinion = to_json_value("verdict", opinion)
    word = {True: "good", False: "refuted"}[opinion] if isinstance(opinion, bool) else opinion
    if not isinstance(word, str) or word not in _VERDICT_WORDS or not isinstance(message, str):
        raise ArgumentError(
            "verdict: expected True or False, whether the model describes the data, or one of "
            f"{', '.join(_VERDICT_WORDS)}; or (that, why)."
        )
    return {"describes_data": _VERDICT_WORDS[word], "word": word, "message": message[:_MAX_VERDICT]}


def _build_extra(extra: Mapping[str, Any]) -> dict[str, Any]:
    built = _require_mapping("extra", extra)
    curves = {name: built[name] for name in _CURVE_KEYS if name in built}
    size = len(json.dumps(curves))
    if size > MAX_RECORD_CHARACTERS:
        raise ArgumentError(
            f"{', '.join(curves)} have {size:,} characters; expected at most {MAX_RECORD_CHARACTERS:,} together."
        )
    return built
