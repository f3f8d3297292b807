"""The supernova fitter as an analysis service: `service` is declared, tried, registered and served by the kit."""

import functools
import gc
import time
import warnings
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from fitter_lambda.entry.fitting import fit_request
from fitter_lambda.errors import FitterError
from fitter_lambda.input.fit_parameters import PARAMETERS, Parameters, parse_parameters
from fitter_lambda.input.fit_request import FitRequest
from fitter_lambda.input.light_curve_rows import SentPhotometry, parse_csv_rows
from fitter_lambda.version import __version__
from heliograph.service import ParameterTable, Progress, Redshift, Result, Service, Target

if TYPE_CHECKING:
    from fitter_lambda.output.supernova_fit import SupernovaFit

_MAX_SAMPLES = 500
_ORIGIN = "heliograph-supernova-fitter"
"""Of annotations, before the model: fits with other models keep theirs."""

service = Service(
    "supernova fitter", display_name="Supernova fitter", version=__version__, timeout=1800, reader_errors=(FitterError,)
)


class PhotometryRows(SentPhotometry):
    """Photometry as it was sent: a row that cannot be used is left out of the fit, not refused."""

    input_type: ClassVar[str] = "photometry"

    @classmethod
    def from_csv(cls, text: object) -> Self:
        """Parse the CSV text of a payload."""
        sent = parse_csv_rows(text)
        return cls(sent.rows, sent.unused_columns)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)


@service.analysis
def fit_source(
    photometry: PhotometryRows,
    redshift: Redshift | None,
    target: Target,
    parameters: Annotated[Parameters, ParameterTable(PARAMETERS, parse_parameters)],
    progress: Progress,
) -> Result:
    """Fit a light curve with a model of sncosmo: posterior samples, plots, results."""
    request = build_request(photometry, redshift, target, parameters)
    with warnings.catch_warnings(action="ignore"):  # warnings of libraries are for developers
        _freeze_loaded_objects()
        return build_result(fit_request(request, progress), progress)


def build_request(
    photometry: PhotometryRows, redshift: Redshift | None, target: Target, parameters: Parameters
) -> FitRequest:
    """Return what a fit starts from."""
    known = redshift or Redshift()
    return FitRequest(
        rows=photometry.rows,
        parameters=parameters,
        redshift=known.value,
        redshift_error=known.error,
        position=None if target.ra is None or target.dec is None else (target.ra, target.dec),
        resource_id=target.name,
        dereddened=bool(target.extinction),
        unused_columns=photometry.unused_columns,
    )


def build_result(fit: "SupernovaFit", progress: Progress) -> Result:
    """Return what a portal stores and shows of a fit; under 3 MB as a document."""
    # imported here, so that a refused payload does not wait for scientific libraries
    from fitter_lambda.output.figure_files import encode_png
    from fitter_lambda.output.predicted_light_curves import to_magnitudes

    began = time.perf_counter()
    progress(0.88, "drawing the figures")
    results = fit.results
    plots = [encode_png(fit.plot_light_curve(), 150), encode_png(fit.plot_corner(), 110)]
    progress(0.96, "packing the results")
    netcdf = fit.to_netcdf()
    results["seconds"]["report"] = time.perf_counter() - began
    return Result(
        results=results,
        results_format="joblib",
        plots=plots,
        inference_data=netcdf,
        posterior_samples=dict(zip(fit.names, fit.engine_fit.thin_draws(_MAX_SAMPLES).T, strict=True)),
        annotations=_build_annotations(results),
        message=fit.summary,
        verdict=results["verdict"],
        extra={
            "model_name": results["source"],
            "n_detections": results["n_detections"],
            "model_lightcurve": to_magnitudes(fit.light_curves),
            "model_summary": _summarise_model(results),
        },
    )


def _build_annotations(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the annotation of a fit; none for a model that does not describe the data."""
    from fitter_lambda.output.results import flatten_results

    if not results["verdict"]["describes_data"]:
        return []
    return [{"origin": f"{_ORIGIN}:{results['source']}", "data": flatten_results(results)}]


def _summarise_model(results: dict[str, Any]) -> dict[str, Any]:
    """Return what a light curve needs beside the model's magnitudes: its rank, its peak and its distance."""
    return {
        "log_evidence": results["log_evidence"],
        "redshift": results["redshift"]["best_fit"],
        "peak_mjd": results["peak"]["mjd"],
        "distance_modulus": results["peak"]["distance_modulus"],
    }


@functools.cache
def _freeze_loaded_objects() -> None:
    """Exempt loaded libraries from garbage collection, which the many objects of a figure trigger."""
    gc.collect()
    gc.freeze()
