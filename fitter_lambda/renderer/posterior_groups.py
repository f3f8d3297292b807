"""What plots of the posterior are drawn from: groups of a netCDF file that any service may have written."""

import math
from dataclasses import dataclass

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.errors import RenderError
from fitter_lambda.output.parameter_labels import find_origin, subtract_origin
from fitter_lambda.renderer.netcdf_groups import NetcdfGroup, list_variables, read_array, require_group

MAX_CHAINS = 8
_MAX_VALUES = 20_000_000
_MAX_COMPONENTS = 40
#: Draws of a parameter; with more the pictures look the same and take longer.
_MAX_DRAWS = 20_000
_MAX_NAME = 24
#: Larger than any measurement; squares of more would overflow.
_MAX_ABSOLUTE = 1e150


@dataclass(frozen=True)
class PosteriorDraws:
    """Parameters as the plots take them.

    Attributes
    ----------
    draws : dict of str to ndarray, shape (chain, draw)
        Parameters with spread; the name tells the origin that dates are counted from.
    notes : list of str
        What is left out.
    """

    draws: dict[str, Array]
    notes: list[str]


def read_posterior(file: NetcdfGroup, kind: str, max_parameters: int) -> PosteriorDraws:
    """Read the parameters to draw.

    Parameters
    ----------
    file : NetcdfGroup
    kind : str
        The picture, for messages.
    max_parameters : int

    Raises
    ------
    RenderError
        If there is no posterior group with parameters that can be drawn.
    """
    group = require_group(file, "posterior", f"{kind} needs a posterior group; this file has none.")
    columns = _read_components(group, "posterior")
    usable = {name: values for name, values in columns.items() if _has_spread(values)}
    if not usable:
        raise RenderError(f"{kind} needs parameters with finite draws that differ; the posterior has none.")
    shape = next(iter(usable.values())).shape
    usable = {name: values for name, values in usable.items() if values.shape == shape}
    chosen = dict(list(usable.items())[:max_parameters])
    notes = [f"the first {len(chosen)} of {len(usable)} parameters"] if len(chosen) < len(usable) else []
    if shape[0] > MAX_CHAINS:
        notes.append(f"the first {MAX_CHAINS} of {shape[0]} chains")
    if left_out := [name for name in columns if name not in usable]:
        names = ", ".join(left_out[:3]) + (" …" if len(left_out) > 3 else "")
        notes.append(f"without {names}, constant or not finite")
    step = -(-shape[1] * min(shape[0], MAX_CHAINS) // _MAX_DRAWS)
    if step > 1:
        notes.append(f"one draw of {step}")
    draws = {}
    for name, values in chosen.items():
        origin = find_origin(values)
        draws[subtract_origin(name, origin)] = values[:MAX_CHAINS, ::step] - origin
    return PosteriorDraws(draws, notes)


def read_pointwise(file: NetcdfGroup, group_name: str, kind: str) -> tuple[str, Array]:
    """Read the first variable of a group by observation, of shape (chain, draw, observation), and its name.

    Raises
    ------
    RenderError
        If there is no such group, or it has no draws.
    """
    group = require_group(file, group_name, f"{kind} needs a {group_name} group; this file has none.")
    variables = list_variables(group).items()
    names = [name for name, shape in variables if len(shape) >= 2 and 0 not in shape]
    if not names:
        raise RenderError(f"{kind} needs numbers by chain and draw in {group_name}; this file has none.")
    values = read_array(group, names[0], _MAX_VALUES)
    return names[0], values.reshape(*values.shape[:2], -1)


def read_observed(file: NetcdfGroup, name: str, n_observations: int) -> Array:
    """Read an observed variable, shape (observation,).

    Raises
    ------
    RenderError
        If there is none of this name and size.
    """
    group = require_group(file, "observed_data", "ppc needs an observed_data group; this file has none.")
    observed = read_array(group, name, _MAX_VALUES).reshape(-1)
    if len(observed) != n_observations:
        raise RenderError(
            f"ppc needs as many values of {name} in observed_data ({len(observed)}) as in posterior_predictive "
            f"({n_observations})."
        )
    return observed


def _read_components(group: NetcdfGroup, group_name: str) -> dict[str, Array]:
    columns: dict[str, Array] = {}
    n_values = 0
    for name, shape in list_variables(group).items():
        if len(shape) < 2 or 0 in shape:
            continue
        n_values += math.prod(shape)
        if n_values > _MAX_VALUES:
            raise RenderError(f"{group_name} up to {name} has more than {_MAX_VALUES} values; thin it.")
        values = read_array(group, name, _MAX_VALUES).reshape(*shape[:2], -1)
        n_components = values.shape[2]
        for i in range(min(n_components, _MAX_COMPONENTS)):
            label = name if n_components == 1 else f"{name}[{i}]"
            columns[_shorten(label, columns)] = values[:, :, i]
    return columns


def _shorten(name: str, others: dict[str, Array]) -> str:
    """Return a name for a label, without mathematics, unlike the others."""
    plain = "".join(c for c in name if c.isprintable() and c != "$") or "parameter"
    short = plain if len(plain) <= _MAX_NAME else f"{plain[:11]}…{plain[-12:]}"
    return short if short not in others else f"{short} #{len(others) + 1}"


def _has_spread(values: Array) -> bool:
    """Return whether draws are finite and differ by more than rounding."""
    if values.shape[1] < 4 or not np.all(np.abs(values) < _MAX_ABSOLUTE):
        return False
    return bool(np.ptp(values) > 1e-12 * np.max(np.abs(values)))
