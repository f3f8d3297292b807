"""A finished fit of a spectrum, as a notebook uses it: numbers, draws, figures, netCDF."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from fitter_lambda.arrays import Array
from fitter_lambda.output.corner_figure import draw_corner
from fitter_lambda.spectrum.spectrum_figure import draw_spectrum
from fitter_lambda.spectrum.spectrum_inference import SpectrumPosterior
from fitter_lambda.spectrum.spectrum_results import collect_draws, compute_results, encode_netcdf

_CORNER_NAMES = ("z", "phase", "A_V", "host_fraction", "x1", "c")
_LABELS = {"z": "$z$", "phase": "phase [d]", "A_V": "$A_V$ [mag]", "host_fraction": "host fraction",
           "x1": "$x_1$", "c": "$c$"}  # fmt: skip
#: Fewer draws of a class fill no corner plot.
_FEWEST_DRAWS = 50


@dataclass(frozen=True, repr=False)
class SpectrumFit:
    """A finished fit.

    Attributes
    ----------
    posterior : SpectrumPosterior
    remarks : list of str
        How the spectrum was read, and what was masked.
    mw_ebv : float
    mw_ebv_source : str
    title : str
        Of figures.
    """

    posterior: SpectrumPosterior
    remarks: list[str] = field(default_factory=list)
    mw_ebv: float = 0.0
    mw_ebv_source: str = "0: no position"
    title: str = ""

    def __repr__(self) -> str:
        """Return the summary in angle brackets."""
        return f"<SpectrumFit: {self.summary}>"

    @cached_property
    def results(self) -> dict[str, Any]:
        """All numbers: classes, ranking, parameters, misfit, remarks."""
        return compute_results(self.posterior, self.remarks, self.mw_ebv, self.mw_ebv_source)

    @cached_property
    def draws(self) -> dict[str, Array]:
        """Independent posterior draws by name, over all models; NaN where a model has no such parameter."""
        return collect_draws(self.posterior)

    @property
    def summary(self) -> str:
        """Class, redshift and phase, and what to beware of, in one line."""
        results = self.results
        z = results["parameters"]["z"]
        text = f"{results['class_name']} (probability {results['class_probability']:.3f}), {results['template']}"
        text += f": z = {z['median']:.4f} -{z['err_minus']:.4f} +{z['err_plus']:.4f}"
        if phase := results["parameters"].get("phase"):
            text += f", {phase['median']:+.1f} d from maximum"
        text += f", misfit p = {results['misfit_p_value']:.2g}"
        return text + ("." if results["verdict"]["word"] == "good" else f". {results['verdict']['message']}")

    @property
    def annotations(self) -> dict[str, Any]:
        """What is written to the source: z, class, phase, with errors, and the verdict."""
        results = self.results
        parameters = results["parameters"]
        values = {"class": results["class_name"], "class probability": results["class_probability"]}
        values["verdict"] = results["verdict"]["message"]
        for name in ("z", "phase"):
            if name in parameters:
                values[name] = parameters[name]["median"]
                values[f"{name} error"] = 0.5 * (parameters[name]["err_minus"] + parameters[name]["err_plus"])
        return values

    def plot_spectrum(self) -> Figure:
        """Draw the spectra, the best model, its host and residuals, and the second-best class."""
        return draw_spectrum(self.posterior, self.results, self.title)

    def plot_corner(self) -> Figure | None:
        """Draw the posterior of the best class; None if nothing but constants is left."""
        best = self.results["class"]
        own = np.array([self.posterior.candidates[i].model.group == best for i in self.posterior.source])
        columns = {name: self.draws[name][own] for name in _CORNER_NAMES}
        # SALT's c and x1 are of some draws only, if other templates are as good
        columns = {name: values for name, values in columns.items() if np.isfinite(values).mean() > 0.5}
        finite = np.all([np.isfinite(values) for values in columns.values()], axis=0)
        columns = {name: values[finite] for name, values in columns.items() if np.ptp(values[finite]) > 0}
        if not columns or finite.sum() < _FEWEST_DRAWS:
            return None
        return draw_corner(columns, {"labels": [_LABELS[name] for name in columns]})

    def to_netcdf(self) -> bytes:
        """Encode the draws as a NETCDF4 file that `arviz.from_netcdf` reads."""
        return encode_netcdf(self.posterior)
