"""The inference data: a NETCDF4 file of plain groups, readable by `arviz.from_netcdf` 0.x and 1.x.

Written without arviz itself, whose import costs more than the file.
"""

import io
from collections.abc import Mapping

import h5netcdf
import numpy as np
import numpy.typing as npt

from fitter_lambda import __version__
from fitter_lambda.engine.fit import Fit

__all__ = ["to_netcdf"]

Array = npt.NDArray[np.float64]

_CHAINS = 4
#: Values that the pointwise groups may hold, so that a document stays small.
_LOG_LIKELIHOOD_VALUES = 150_000
_PREDICTIVE_VALUES = 60_000
_MOST_POINTWISE_DRAWS = 400


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
        Groups: posterior and sample_stats (chain, draw: four chains, though all draws are independent, so
        that diagnostics between chains work; one, if the draws cannot be dealt); log_likelihood and
        posterior_predictive (chain, draw, observation; every so many draws, named by their coordinate);
        observed_data and constant_data (observation): the fluxes; and their dates, errors, bands, limits.
    """
    rows, chains = fit.data.rows, _CHAINS if len(fit.draws) % _CHAINS == 0 else 1
    draws = fit.draws.reshape(chains, -1, len(fit.names))
    number = draws.shape[1]
    chosen = _thin(number, min(_LOG_LIKELIHOOD_VALUES // len(rows), _MOST_POINTWISE_DRAWS) // chains)
    loglike, predicted = _pointwise(fit, draws[:, chosen], seed)
    few = _thin(len(chosen), _PREDICTIVE_VALUES // len(rows) // chains)
    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w") as file:
        posterior = {name: draws[:, :, i] for i, name in enumerate(fit.names)}
        _write(file, "posterior", np.arange(number), posterior)
        _write(file, "sample_stats", np.arange(number), {"lp": fit.log_density.reshape(chains, -1)})
        _write(file, "log_likelihood", chosen, {"flux": loglike.astype("f4")})
        _write(file, "posterior_predictive", chosen[few], {"flux": predicted[:, few].astype("f4")})
        _write_observed(file, fit)
    return buffer.getvalue()


def _pointwise(fit: Fit, draws: Array, seed: int) -> tuple[Array, Array]:
    """Log density of each row and a replicated flux, for draws (chain, draw, d)."""
    design, expected = fit.predict_rows(draws.reshape(-1, draws.shape[-1]))
    likelihood, shape = fit.posterior.likelihood, (*draws.shape[:2], -1)
    made = likelihood.replicate(design, expected, np.random.default_rng([seed, 1]))
    return likelihood.log_density_by_row(design, expected).reshape(shape), made.reshape(shape)


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
    group.attrs["inference_library"] = "heliograph-fitter"
    group.attrs["inference_library_version"] = __version__
    group.attrs["creation_library"] = f"heliograph-fitter {__version__}"


def _write_observed(file: h5netcdf.File, fit: Fit) -> None:
    rows = fit.data.rows
    given = {
        "mjd": rows.mjd, "fluxerr": rows.fluxerr, "is_limit": rows.limit.astype("i8"),
        "band": rows.band.astype("i8"),
    }  # fmt: skip
    for name, values in (("observed_data", {"flux": rows.flux}), ("constant_data", given)):
        group = file.create_group(name)
        group.dimensions = {"observation": len(rows)}
        for variable, numbers in {"observation": np.arange(len(rows)).astype("i8"), **values}.items():
            group.create_variable(variable, ("observation",), data=numbers)
    file["observed_data"].variables["flux"].attrs["units"] = "microjansky"
    variables = file["constant_data"].variables
    variables["fluxerr"].attrs["units"] = "microjansky"
    variables["mjd"].attrs["units_of_time"] = "modified Julian date"
    variables["band"].attrs["names"] = ", ".join(f"{i}: {name}" for i, name in enumerate(rows.bands))
