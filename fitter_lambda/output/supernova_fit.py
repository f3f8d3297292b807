"""A finished fit, as a notebook uses it: draws, evidence, results, figures, InferenceData."""

import importlib
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from textwrap import shorten
from typing import Any

from matplotlib.figure import Figure

from fitter_lambda.arrays import Array
from fitter_lambda.engine.fit import Fit
from fitter_lambda.engine.misfit import MISFIT_THRESHOLD
from fitter_lambda.engine.model_verdict import FitCheck, check_fit
from fitter_lambda.engine.robust_comparison import RobustComparison, compare_robust
from fitter_lambda.input.fit_request import FitRequest
from fitter_lambda.input.light_curve_rows import EXPECTED_UNUSED
from fitter_lambda.input.templates import find_older_version
from fitter_lambda.output.corner_figure import draw_corner
from fitter_lambda.output.light_curve_contents import LightCurveContents, collect_light_curve
from fitter_lambda.output.light_curve_figure import draw_light_curve
from fitter_lambda.output.light_curve_scales import Scale
from fitter_lambda.output.netcdf import encode_netcdf
from fitter_lambda.output.predicted_light_curves import PredictedLightCurve, predict_light_curves
from fitter_lambda.output.results import compute_results, describe_robust, list_caveats, replace_non_finite


@dataclass(frozen=True, repr=False)
class SupernovaFit:
    """A finished fit.

    Attributes
    ----------
    engine_fit : Fit
        The engine's posterior and draws.
    request : FitRequest
        What was asked for.
    ranking : dict or None
        Of ``source="auto"``: all sources by their evidence.
    forecast : dict or None
        Of ``source="auto"``: the measurements that would decide most between the classes left.
    """

    engine_fit: Fit
    request: FitRequest
    ranking: dict[str, Any] | None = None
    forecast: dict[str, Any] | None = None

    def __repr__(self) -> str:
        """Return the summary in angle brackets."""
        return f"<SupernovaFit: {self.summary}>"

    @property
    def names(self) -> list[str]:
        """The free parameters by sncosmo's names: z if it is free, t0, amplitude, shapes."""
        return self.engine_fit.names

    @property
    def draws(self) -> dict[str, Array]:
        """Independent posterior draws of each parameter, shape (n,)."""
        return dict(zip(self.names, self.engine_fit.draws.T, strict=True))

    @property
    def log_evidence(self) -> float:
        """The natural logarithm of the evidence."""
        return float(self.engine_fit.sample.log_evidence)

    @cached_property
    def check(self) -> FitCheck:
        """What was checked of the fit, with the verdict."""
        return check_fit(self.engine_fit)

    @cached_property
    def robust_comparison(self) -> RobustComparison | None:
        """What ``robust=True`` makes of the same rows; None if the verdict is good."""
        return compare_robust(self.engine_fit, self.check, self.request.parameters)

    @cached_property
    def results(self) -> dict[str, Any]:
        """All numbers: parameters, chi2, verdict, evidence, peak, excluded rows, diagnostics, versions."""
        results = compute_results(self.engine_fit, self.request, self.check, self.robust_comparison)
        if self.ranking:
            results |= replace_non_finite({"catalogue": self.ranking, "forecast": self.forecast})
        return results

    @cached_property
    def light_curves(self) -> dict[str, PredictedLightCurve]:
        """The predicted light curve of each band, from blue to red."""
        return predict_light_curves(self.engine_fit)

    @property
    def summary(self) -> str:
        """What was fitted, how well, and what to beware of, in one line."""
        results = self.results
        start = f"Best of {len(self.ranking['sources'])} sources:" if self.ranking else "Fitted"
        parts = [
            f"{start} {results['source']}, {results['n_rows']} points: "
            f"chi2 = {results['chi2']:.1f} for {results['ndof']} dof"
        ]
        if older := self._find_older_version():
            parts.append(f"version {older[0]} of {results['source']}: the latest, {older[1]}, is not installed here")
        p_value = results["misfit_p_value"]
        if self.check.word != "good":
            parts.append(self.check.sentence.rstrip("."))
        if robust := self.robust_comparison:
            parts += describe_robust(robust)
        if p_value > 1 - MISFIT_THRESHOLD:
            parts.append("the data scatter far less than the errors allow (error_floor, modelcov, model_error)")
        if unreached := results["n_detections_out_of_reach"]:
            parts.append(f"of {results['n_detections']} detections {unreached} are out of the model's reach")
        if caveats := list_caveats(results):
            numbers = dict.fromkeys(caveat["number"] for caveat in caveats)
            parts.append(f"see the caveats of {', '.join(numbers)}")
        if excluded := sum(results["excluded_by_reason"].values()):
            rows = "row was" if excluded == 1 else "rows were"
            parts.append(f"{excluded} {rows} left out, see results.excluded")
        if unused := [name for name in results["unused_columns"] if name.lower() not in EXPECTED_UNUSED]:
            parts.append(f"columns that were not used: {shorten(', '.join(unused), 100, placeholder=' …')}")
        return "; ".join(parts) + "."

    def _find_older_version(self) -> tuple[str, str] | None:
        """Return the version that stands in for the latest one of the source, and the latest; None if it is used."""
        return None if "@" in self.request.parameters.source else find_older_version(self.results["source"])

    @cached_property
    def light_curve_contents(self) -> LightCurveContents:
        """What the light-curve figure shows."""
        name = "".join(c for c in self.request.resource_id if c.isprintable())[:80] or "source"
        return collect_light_curve(self.engine_fit, self.light_curves, self.results, name)

    def plot_light_curve(self, scale: Scale = "flux") -> Figure:
        """Draw the data, the fit's 68 and 95 % bands, and residuals, in "flux" or "magnitude"."""
        return draw_light_curve(self.light_curve_contents, scale)

    def plot_corner(self, **options: Any) -> Figure:
        """Draw the posterior; options are keyword arguments of `corner.corner`."""
        return draw_corner(self.draws, options)

    def to_netcdf(self) -> bytes:
        """Encode the draws as a NETCDF4 file that `arviz.from_netcdf` reads."""
        return encode_netcdf(self.engine_fit, self.request.parameters.seed, self.light_curve_contents)

    @cached_property
    def inference_data(self) -> Any:
        """The draws as arviz holds them; needs arviz, which the fitter itself does not."""
        arviz: Any = importlib.import_module("arviz")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "fit.nc"
            path.write_bytes(self.to_netcdf())
            return arviz.from_netcdf(path).load()
