"""The inference data: a NETCDF4 file of plain groups, readable by `arviz.from_netcdf` 0.x and 1.x.

Written without arviz itself, whose import costs more than the file.
"""

import io
from collections.abc import Mapping

import h5netcdf
import numpy as np
import numpy.typing as npt

from fitter_lambda import __version__
from fitter_lambda.fit import Fit

__all__ = ["to_netcdf"]

Array = npt.NDArray[np.float64]

#: Values that the pointwise groups may hold, so that a document stays small.
_LOG_LIKELIHOOD_VALUES = 150_000
_PREDICTIVE_VALUES = 60_000
_MOST_POINTWISE_DRAWS = 1000


def to_netcdf(fit: Fit, seed: int) -> bytes:
    """The fit's draws as an InferenceData file.

    Parameters
    ----------
    fit : Fit
    seed : int
        Of the noise in the posterior predictive group.

    Returns
    -------
    bytes
        Groups: posterior and sample_stats (chain, draw: one chain a walker); log_likelihood and
        posterior_predictive (chain, draw, observation; every so many draws, named by their
        coordinate); observed_data (observation).
    """
    rows = fit.problem.rows
    draws, logp = fit.chain.draws, fit.chain.logp
    n_chains, n_draws, _ = draws.shape
    chosen = _thin(n_draws, min(_LOG_LIKELIHOOD_VALUES // len(rows), _MOST_POINTWISE_DRAWS) // n_chains)
    model = np.array([[fit.problem.flux(draws[i, j]) for j in chosen] for i in range(n_chains)])
    loglike = -0.5 * ((rows.flux - model) / rows.fluxerr) ** 2 - 0.5 * np.log(2 * np.pi * rows.fluxerr**2)
    few = np.arange(len(chosen))[_thin(len(chosen), _PREDICTIVE_VALUES // len(rows) // n_chains)]
    noise = np.random.default_rng(seed).normal(size=model[:, few].shape) * rows.fluxerr

    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w") as file:
        posterior = {name: draws[:, :, i] for i, name in enumerate(fit.problem.names)}
        _write(file, "posterior", np.arange(n_draws), posterior)
        _write(file, "sample_stats", np.arange(n_draws), {"lp": logp})
        _write(file, "log_likelihood", chosen, {"flux": loglike.astype("f4")})
        _write(file, "posterior_predictive", chosen[few], {"flux": (model[:, few] + noise).astype("f4")})
        _write_observed(file, fit)
    return buffer.getvalue()


def _thin(number: int, wanted: int) -> npt.NDArray[np.int_]:
    return np.unique(np.linspace(0, number - 1, min(max(wanted, 2), number)).round().astype(int))


def _write(file: h5netcdf.File, name: str, draw: npt.NDArray[np.int_], data: Mapping[str, Array]) -> None:
    group = file.create_group(name)
    shape = next(iter(data.values())).shape
    dimensions = dict(zip(("chain", "draw", "observation"), shape, strict=False))
    group.dimensions = dimensions
    coordinates = {dimension: np.arange(length) for dimension, length in dimensions.items()}
    coordinates["draw"] = draw
    for dimension, values in coordinates.items():
        group.create_variable(dimension, (dimension,), data=values.astype("i8"))
    for variable, numbers in data.items():
        group.create_variable(variable, tuple(dimensions), data=numbers, compression="gzip", shuffle=True)
    group.attrs["inference_library"] = "emcee"
    group.attrs["creation_library"] = f"heliograph-fitter {__version__}"


def _write_observed(file: h5netcdf.File, fit: Fit) -> None:
    rows = fit.problem.rows
    group = file.create_group("observed_data")
    group.dimensions = {"observation": len(rows)}
    group.create_variable("observation", ("observation",), data=np.arange(len(rows)).astype("i8"))
    for name, values in (("mjd", rows.mjd), ("flux", rows.flux), ("fluxerr", rows.fluxerr)):
        group.create_variable(name, ("observation",), data=values)
    bands = sorted(set(rows.band.tolist()))
    index = np.array([bands.index(name) for name in rows.band], dtype="i8")
    band = group.create_variable("band", ("observation",), data=index)
    band.attrs["names"] = ", ".join(f"{i}: {name}" for i, name in enumerate(bands))
    group.variables["flux"].attrs["units"] = "microjansky"
    group.variables["mjd"].attrs["units_of_time"] = "modified Julian date"
