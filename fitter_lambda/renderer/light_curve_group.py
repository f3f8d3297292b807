"""The group of a fit's netCDF file that its light-curve figure is drawn from; the file may come from anyone."""

from typing import Any

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.errors import RenderError
from fitter_lambda.output.light_curve_contents import Estimate, LightCurveContents
from fitter_lambda.output.netcdf import LIGHT_CURVE_GROUP, NUMBER_ATTRIBUTES, TEXT_ATTRIBUTES
from fitter_lambda.output.predicted_light_curves import QUANTILES, PredictedLightCurve
from fitter_lambda.renderer.netcdf_groups import (
    NetcdfGroup,
    open_netcdf,
    read_array,
    read_names,
    read_number,
    read_text,
    require_group,
)

_MISSING = (
    "This analysis holds no predicted light curve; only those of the supernova fitter do. "
    "If it is one of them, run it again: earlier versions stored none."
)
_MAX_BANDS = 60
_MAX_PARAMETERS = 20
_MAX_POINTS = 2_000
_MAX_ROWS = 20_000
_MAX_TEXT = 80
_MAX_WARNING = 400
#: Larger than any measurement; figures would overflow beyond.
_MAX_ABSOLUTE = 1e20


def read_light_curve(data: bytes) -> LightCurveContents:
    """Read what a light-curve figure shows.

    Parameters
    ----------
    data : bytes
        A netCDF file of the fitter.

    Raises
    ------
    MissingGroupError
        If it has no predicted light curve.
    RenderError
        If that cannot be drawn.
    """
    with open_netcdf(data) as file:
        group = require_group(file, LIGHT_CURVE_GROUP, _MISSING)
        bands = read_names(group, "bands")
        _require(len(bands) <= _MAX_BANDS, f"has more than {_MAX_BANDS} bands")
        texts = {name: read_text(group, name) for name in TEXT_ATTRIBUTES}
        values: dict[str, Any] = {name: text[:_MAX_TEXT] or "unknown" for name, text in texts.items()}
        # files of earlier versions have none
        values["warning"] = texts["warning"][:_MAX_WARNING]
        values |= {name: _read_number(group, name) for name in NUMBER_ATTRIBUTES}
        return LightCurveContents(
            **values,
            **_read_rows(file, group, len(bands)),
            parameters=_read_estimates(group),
            curves=_read_curves(group, bands),
        )


def _read_number(group: NetcdfGroup, name: str) -> float:
    """Read a number; only a p-value may be unknown."""
    number = read_number(group, name)
    is_known = abs(number) < _MAX_ABSOLUTE
    _require(is_known or (name == "misfit_p" and np.isnan(number)), f"has no finite number {name}")
    _require(name != "redshift" or number > -1, "has a redshift of -1 or less")
    return number


def _read_estimates(group: NetcdfGroup) -> dict[str, Estimate]:
    names = read_names(group, "parameters")
    numbers = read_array(group, "estimate", 3 * _MAX_PARAMETERS)
    _require(numbers.shape == (len(names), 3), "has no three numbers for each parameter")
    _require_bounded(numbers, "estimate")
    return {name: Estimate(*(float(number) for number in row)) for name, row in zip(names, numbers, strict=True)}


def _read_curves(group: NetcdfGroup, bands: list[str]) -> dict[str, PredictedLightCurve]:
    mjd = read_array(group, "mjd", _MAX_POINTS)
    _require(mjd.ndim == 1 and len(mjd) > 1, "has fewer than two dates")
    _require_bounded(mjd, "mjd")
    _require(bool(np.all(np.diff(mjd) > 0)), "has dates that do not ascend")
    flux = read_array(group, "flux", len(bands) * len(QUANTILES) * len(mjd))
    best = read_array(group, "best", len(bands) * len(mjd))
    shape = (len(bands), len(QUANTILES), len(mjd))
    _require(flux.shape == shape and best.shape == shape[::2], "has not one flux for each band and date")
    flux, best = (np.where(np.abs(values) < _MAX_ABSOLUTE, values, np.nan) for values in (flux, best))
    return {name: PredictedLightCurve(mjd, flux[i], best[i]) for i, name in enumerate(bands)}


def _read_rows(file: NetcdfGroup, group: NetcdfGroup, n_bands: int) -> dict[str, Any]:
    observed = require_group(file, "observed_data", f"The light curve needs a group observed_data; {_MISSING}")
    constant = require_group(file, "constant_data", f"The light curve needs a group constant_data; {_MISSING}")
    rows = {"flux": read_array(observed, "flux", _MAX_ROWS)}
    rows |= {name: read_array(constant, name, _MAX_ROWS) for name in ("mjd", "fluxerr", "is_limit", "band")}
    pulls = read_array(group, "residual", _MAX_ROWS)
    shapes = {values.shape for values in (*rows.values(), pulls)}
    _require(len(shapes) == 1 and all(len(shape) == 1 and shape[0] > 0 for shape in shapes), "has rows that differ")
    for name, values in rows.items():
        _require_bounded(values, name)
    _require(bool(np.all(rows["fluxerr"] > 0)), "has errors that are not positive")
    _require(bool(np.all((rows["band"] >= 0) & (rows["band"] < n_bands))), "has rows of unknown bands")
    return {
        "mjd": rows["mjd"],
        "flux": rows["flux"],
        "fluxerr": rows["fluxerr"],
        "limit": rows["is_limit"] != 0,
        "band": rows["band"].astype(int),
        "pulls": np.where(np.abs(pulls) < _MAX_ABSOLUTE, pulls, np.nan),
    }


def _require_bounded(values: Array, name: str) -> None:
    _require(bool(np.all(np.abs(values) < _MAX_ABSOLUTE)), f"has values of {name} that are not finite or too large")


def _require(condition: bool, fault: str) -> None:
    if not condition:
        raise RenderError(f"The predicted light curve cannot be drawn: the file {fault}. Run the analysis again.")
