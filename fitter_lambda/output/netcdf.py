"""The inference data: a NETCDF4 file of plain groups, which `arviz.from_netcdf` 0.x and 1.x can read.

Written without arviz, whose import costs more time than the file.
"""

import io
import json
from collections.abc import Mapping

import h5netcdf
import numpy as np

from fitter_lambda.arrays import Array, Indices
from fitter_lambda.engine.fit import Fit
from fitter_lambda.output.light_curve_contents import LightCurveContents
from fitter_lambda.output.predicted_light_curves import QUANTILES
from fitter_lambda.version import __version__

#: What the light-curve figure is drawn from, besides the rows; no group of arviz' schema.
LIGHT_CURVE_GROUP = "predicted_light_curve"
TEXT_ATTRIBUTES = ("name", "model", "event", "warning")
NUMBER_ATTRIBUTES = ("t0", "redshift", "chi2", "ndof", "misfit_p")
_CHAINS = 4
#: Values in the pointwise groups, so that a document stays small.
_MAX_LOG_LIKELIHOOD_VALUES = 300_000
_MAX_PREDICTIVE_VALUES = 60_000
#: Leave-one-out needs many: from 400 draws its Pareto k scatters by 0.1 and more.
_MAX_LOG_LIKELIHOOD_DRAWS = 1000
_MAX_PREDICTIVE_DRAWS = 400


def encode_netcdf(fit: Fit, seed: int, light_curve: LightCurveContents) -> bytes:
    """Encode the draws of a fit as an InferenceData file.

    Parameters
    ----------
    fit : Fit
    seed : int
        Of the noise in the posterior predictive group.
    light_curve : LightCurveContents
        What the light-curve figure shows.

    Returns
    -------
    bytes
        Groups: posterior and sample_stats (chain, draw: four chains, though all draws are independent, so
        that diagnostics between chains work; one, if the number of draws is no multiple of four);
        log_likelihood and posterior_predictive (chain, draw, observation; thinned, see their coordinate
        draw); observed_data and constant_data (observation): fluxes; dates, errors, bands, limits;
        predicted_light_curve: what the light-curve figure is drawn from, besides the rows.
    """
    n_rows = len(fit.data.rows)
    n_chains = _CHAINS if len(fit.draws) % _CHAINS == 0 else 1
    draws = fit.draws.reshape(n_chains, -1, len(fit.names))
    n_draws = draws.shape[1]
    n_pointwise = min(_MAX_LOG_LIKELIHOOD_VALUES // n_rows, _MAX_LOG_LIKELIHOOD_DRAWS) // n_chains
    pointwise = _thin(n_draws, n_pointwise)
    log_likelihood, replicas = _compute_pointwise(fit, draws[:, pointwise], seed)
    n_replicas = min(_MAX_PREDICTIVE_VALUES // n_rows, _MAX_PREDICTIVE_DRAWS) // n_chains
    few = _thin(len(pointwise), n_replicas)
    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w") as file:
        posterior = {name: draws[:, :, i] for i, name in enumerate(fit.names)}
        _write_draws(file, "posterior", np.arange(n_draws), posterior)
        _write_draws(file, "sample_stats", np.arange(n_draws), {"lp": fit.log_density.reshape(n_chains, -1)})
        _write_draws(file, "log_likelihood", pointwise, {"flux": log_likelihood.astype("f4")})
        _write_draws(file, "posterior_predictive", pointwise[few], {"flux": replicas[:, few].astype("f4")})
        _write_rows(file, fit)
        _write_light_curve(file, light_curve)
    return buffer.getvalue()


def _compute_pointwise(fit: Fit, draws: Array, seed: int) -> tuple[Array, Array]:
    """Compute the log density of each row and a replica of its flux, for draws (chain, draw, d)."""
    prediction = fit.predict_rows(draws.reshape(-1, draws.shape[-1]))
    likelihood = fit.posterior.likelihood
    shape = (*draws.shape[:2], -1)
    replicas = likelihood.replicate(prediction, np.random.default_rng([seed, 1]))
    return likelihood.log_density_by_row(prediction).reshape(shape), replicas.reshape(shape)


def _thin(number: int, target: int) -> Indices:
    """Return some `target` indices out of `number`, at least two."""
    return np.unique(np.linspace(0, number - 1, min(max(target, 2), number)).round().astype(int))


def _write_draws(file: h5netcdf.File, name: str, draw: Indices, variables: Mapping[str, Array]) -> None:
    group = file.create_group(name)
    shape = next(iter(variables.values())).shape
    group.dimensions = dimensions = dict(zip(("chain", "draw", "observation"), shape, strict=False))
    coordinates = {dimension: np.arange(length) for dimension, length in dimensions.items()} | {"draw": draw}
    for dimension, values in coordinates.items():
        group.create_variable(dimension, (dimension,), data=values.astype("i8"))
    for variable, numbers in variables.items():
        group.create_variable(
            variable, tuple(dimensions), data=numbers, compression="gzip", compression_opts=1, shuffle=True
        )
    group.attrs["inference_library"] = "heliograph-fitter"
    group.attrs["inference_library_version"] = __version__
    group.attrs["creation_library"] = f"heliograph-fitter {__version__}"


def _write_rows(file: h5netcdf.File, fit: Fit) -> None:
    rows = fit.data.rows
    constants = {
        "mjd": rows.mjd, "fluxerr": rows.fluxerr, "is_limit": rows.limit.astype("i8"),
        "band": rows.band.astype("i8"),
    }  # fmt: skip
    for name, variables in (("observed_data", {"flux": rows.flux}), ("constant_data", constants)):
        group = file.create_group(name)
        group.dimensions = {"observation": len(rows)}
        for variable, values in ({"observation": np.arange(len(rows)).astype("i8")} | variables).items():
            group.create_variable(variable, ("observation",), data=values)
    file["observed_data"].variables["flux"].attrs["units"] = "microjansky"
    variables = file["constant_data"].variables
    variables["fluxerr"].attrs["units"] = "microjansky"
    variables["mjd"].attrs["units_of_time"] = "modified Julian date"
    variables["band"].attrs["names"] = ", ".join(f"{i}: {name}" for i, name in enumerate(rows.bands))


def _write_light_curve(file: h5netcdf.File, contents: LightCurveContents) -> None:
    curves = list(contents.curves.values())
    estimates = [(value.median, value.err_minus, value.err_plus) for value in contents.parameters.values()]
    variables: dict[str, tuple[tuple[str, ...], Array]] = {
        "quantile": (("quantile",), QUANTILES),
        "mjd": (("mjd",), curves[0].mjd),
        "flux": (("band", "quantile", "mjd"), np.stack([curve.percentiles for curve in curves]).astype("f4")),
        "best": (("band", "mjd"), np.stack([curve.best for curve in curves]).astype("f4")),
        "residual": (("observation",), contents.pulls),
        "estimate": (("parameter", "number"), np.array(estimates)),
    }
    group = file.create_group(LIGHT_CURVE_GROUP)
    sizes = (zip(dimensions, values.shape, strict=True) for dimensions, values in variables.values())
    group.dimensions = dict(size for pairs in sizes for size in pairs)
    for name, (dimensions, values) in variables.items():
        group.create_variable(name, dimensions, data=values, compression="gzip", compression_opts=1, shuffle=True)
    group.variables["flux"].attrs["units"] = group.variables["best"].attrs["units"] = "microjansky"
    group.attrs["bands"] = json.dumps(list(contents.curves))
    group.attrs["parameters"] = json.dumps(list(contents.parameters))
    group.attrs["numbers"] = "median, error to the 15.87th percentile, error to the 84.13th percentile"
    for name in TEXT_ATTRIBUTES + NUMBER_ATTRIBUTES:
        group.attrs[name] = getattr(contents, name)
