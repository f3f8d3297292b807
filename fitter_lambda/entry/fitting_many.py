"""Fit many light curves in one process."""

import math
import warnings
from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fitter_lambda.entry.fitting import build_table_request, fit_request
from fitter_lambda.errors import FitError, FitterError, PayloadError
from fitter_lambda.input.fit_parameters import AUTO, parse_parameters

if TYPE_CHECKING:
    from astropy.table import Table

    from fitter_lambda.engine.fit import Progress
    from fitter_lambda.output.fit_collection import FitCollection
    from fitter_lambda.output.supernova_fit import SupernovaFit

#: What each light curve may have for itself.
_OWN_VALUES = ("z", "z_err", "ra", "dec", "mwebv")

#: One number for all light curves, one for each in their order, or numbers by name.
Values = float | Iterable[float | None] | Mapping[Any, float | None] | None


def fit_many(
    tables: "Iterable[Table | Mapping[str, Any]] | Mapping[Any, Table | Mapping[str, Any]]",
    source: str = "salt3",
    z: Values = None,
    z_err: Values = None,
    ra: Values = None,
    dec: Values = None,
    mwebv: Values = None,
    progress: "Progress | None" = None,
    **parameters: Any,
) -> "FitCollection":
    """Fit many light curves with one model and the same parameters; the draws of each are those of `fit`.

    Parameters
    ----------
    tables : list or dict of tables
        Light curves as of `fit`; the keys of a dict are their names.
    source : str
        A source of sncosmo; "auto" ranks all for each light curve.
    z, z_err, ra, dec, mwebv : number, list or dict
        Redshifts and their errors, positions (degrees), reddening by the Milky Way: one number for all, one for each
        light curve in their order, or by name. None, NaN, a masked cell and a name that is missing are unknown.
    progress : callable, optional
        Takes the fraction done (0..1) and what is being done.
    **parameters
        As of `fit`, the same for all.

    Returns
    -------
    FitCollection
        A fit for each light curve, or the reason why there is none: one that is bad does not end the others.

    Raises
    ------
    FitterError
        Something that is meant for all is at fault: the source, a parameter, numbers that are not as many as light
        curves or have names of none.

    Examples
    --------
    >>> import numpy as np
    >>> from fitter_lambda import fit_many
    >>> time = np.repeat(np.arange(58590.0, 58640.0, 5.0), 2)
    >>> flux = 250 * np.exp(-0.5 * ((time - 58607) / 11) ** 2)
    >>> bright = {"time": time, "band": ["ztfg", "ztfr"] * 10, "flux": flux, "fluxerr": 0 * flux + 15}
    >>> fits = fit_many({"bright": bright, "dark": bright | {"flux": 0 * flux}}, z=[0.046, 0.05], n_draws=400)
    >>> fits
    <FitCollection: 1 of 2 light curves are fitted>
    >>> fits.fits["bright"].draws["t0"].shape
    (400,)
    >>> fits.failures["dark"]
    'No row is a detection (the best has 0.0 sigma, at least 3 are needed); there is nothing to fit a light curve to.'
    >>> fits.to_table().colnames[:4]
    ['name', 'source', 'z', 'z_err']
    """
    from fitter_lambda.output.fit_collection import FitCollection

    options = {"source": source, **parameters}
    _require_usable(options)
    named_tables = dict(tables) if isinstance(tables, Mapping) else dict(enumerate(tables))
    own_values = _list_own_values(list(named_tables), dict(zip(_OWN_VALUES, (z, z_err, ra, dec, mwebv), strict=True)))
    outcomes: dict[Hashable, SupernovaFit | FitterError] = {}
    with warnings.catch_warnings(action="ignore"):  # warnings of libraries are for developers
        for number, (name, light_curve) in enumerate(named_tables.items()):
            if progress:
                progress(number / len(named_tables), f"light curve {number + 1} of {len(named_tables)}")
            outcomes[name] = _fit_one(str(name), light_curve, options, own_values[name])
    return FitCollection(outcomes)


def _require_usable(options: Mapping[str, Any]) -> None:
    """Check what holds for all light curves before the first is fitted."""
    from fitter_lambda.engine.source_grid import load_source_grid

    checked = parse_parameters(options)
    if checked.source != AUTO:
        load_source_grid(checked.source)


def _list_own_values(names: list[Any], values: Mapping[str, Values]) -> dict[Any, dict[str, float | None]]:
    """Return the own numbers of each light curve, by its name."""
    columns = {label: _spread_values(label, column, names) for label, column in values.items()}
    return {name: {label: column[place] for label, column in columns.items()} for place, name in enumerate(names)}


def _spread_values(label: str, values: Values, names: list[Any]) -> list[float | None]:
    """Return a number, or None, for each light curve."""
    if isinstance(values, Mapping):
        known = set(names)
        if strangers := [str(name) for name in values if name not in known]:
            raise PayloadError(f"{label} names {strangers[0][:40]!r}, which is no light curve; expected their names.")
        return [_parse_own_value(label, values.get(name)) for name in names]
    if not isinstance(values, Iterable) or isinstance(values, str):
        return [_parse_own_value(label, values)] * len(names)
    column = list(values)
    if len(column) != len(names):
        raise PayloadError(f"{label} has {len(column)} numbers for {len(names)} light curves; expected one for each.")
    return [_parse_own_value(label, value) for value in column]


def _parse_own_value(label: str, value: Any) -> float | None:
    if value is None or np.ma.is_masked(value):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise PayloadError(f"{label} is {str(value)[:40]!r}; expected a number.") from None
    return None if math.isnan(number) else number


def _fit_one(
    name: str, light_curve: "Table | Mapping[str, Any]", options: Mapping[str, Any], own_values: dict[str, float | None]
) -> "SupernovaFit | FitterError":
    """Return the fit of a light curve, or why there is none."""
    position = {label: own_values[label] for label in ("z", "z_err", "ra", "dec")}
    try:
        request = build_table_request(light_curve, {**options, "mwebv": own_values["mwebv"]}, **position, name=name)
        return fit_request(request, lambda fraction, message: None)
    except FitterError as error:
        return error.with_traceback(None)  # which would keep the light curve in memory
    except Exception as error:  # a fault of ours, too, must not cost the other light curves
        return FitError(f"The fit failed unexpectedly ({type(error).__name__}: {error}); please report it.")
