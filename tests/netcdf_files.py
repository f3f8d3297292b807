"""Small netCDF files of arviz, and of the fitter, made without a fit."""

import io
import json
from typing import Any

import h5py
import numpy as np

Groups = dict[str, dict[str, Any]]

RANDOM = np.random.default_rng(7)
ATTRIBUTES = "attributes"


def make_netcdf(groups: Groups) -> bytes:
    """Write groups of variables; the attributes of a group are under `ATTRIBUTES`."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, variables in groups.items():
            group = file.create_group(name)
            for variable, values in variables.items():
                if variable == ATTRIBUTES:
                    group.attrs.update(values)
                else:
                    group.create_dataset(variable, data=values)
    return buffer.getvalue()


def posterior_groups() -> Groups:
    """What any sampler writes: four chains of two parameters, five observations."""
    draws = {"t0": RANDOM.normal(58606.0, 1.0, (4, 100)), "c": RANDOM.normal(0.1, 0.05, (4, 100))}
    return {
        "posterior": draws,
        "log_likelihood": {"flux": RANDOM.normal(-4.0, 0.1, (4, 100, 5))},
        "posterior_predictive": {"flux": RANDOM.normal(100.0, 5.0, (4, 100, 5))},
        "observed_data": {"flux": np.array([90.0, 100.0, 110.0, 105.0, 95.0])},
        "constant_data": {
            "mjd": np.array([58600.0, 58605.0, 58610.0, 58615.0, 58620.0]),
            "fluxerr": np.full(5, 5.0),
            "is_limit": np.array([0, 0, 0, 0, 1]),
            "band": np.array([0, 1, 0, 1, 0]),
        },
    }


def light_curve_groups() -> Groups:
    """The same with what the fitter's light curve is drawn from."""
    shape = np.exp(-0.5 * ((np.linspace(58590, 58630, 20) - 58606) / 10) ** 2)
    flux = 100 * shape * np.array([[0.9], [0.95], [1.0], [1.05], [1.1]])
    predicted = {
        "mjd": np.linspace(58590, 58630, 20),
        "flux": np.stack([flux, 0.8 * flux]),
        "best": np.stack([100 * shape, 80 * shape]),
        "residual": np.array([0.1, -0.2, 0.3, np.nan, np.nan]),
        "estimate": np.array([[58606.0, 0.5, 0.6], [0.1, 0.02, 0.02]]),
        ATTRIBUTES: {
            "bands": json.dumps(["ztfg", "ztfr"]), "parameters": json.dumps(["t0", "c"]),
            "name": "SN 2026a", "model": "salt3", "event": "maximum light",
            "t0": 58606.0, "redshift": 0.05, "chi2": 3.0, "ndof": 2, "misfit_p": 0.4,
        },
    }  # fmt: skip
    return posterior_groups() | {"predicted_light_curve": predicted}
