"""Samples for a corner plot, from an InferenceData file or from JSON.

The netCDF file may come from anyone: links that leave it are not followed, and sizes are checked
before anything is read.
"""

import io
import json
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from fitter_lambda.errors import RenderError

__all__ = ["MAX_PARAMETERS", "from_json", "from_netcdf"]

Array = npt.NDArray[np.float64]

#: More panels than 20 x 20 nobody can read.
MAX_PARAMETERS = 20
_MOST_VALUES = 20_000_000


def from_netcdf(data: bytes, names: list[str] | None = None) -> dict[str, Array]:
    """The posterior group of an `arviz.InferenceData` file.

    Parameters
    ----------
    data : bytes
        NETCDF4 (HDF5).
    names : list of str, optional
        The variables to take; all by default.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        Chains and draws in one; components of vectors are named ``name[i]``.

    Raises
    ------
    RenderError
        Not such a file, no posterior, nothing to draw, or too much of it.
    """
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            group = _hard(file, "posterior")
            if not isinstance(group, h5py.Group):
                raise RenderError("The inference data have no posterior group; a corner plot needs one.")
            return _checked(_variables(group, names), names)
    except RenderError:
        raise
    except Exception as error:  # h5py raises whatever the file makes HDF5 stumble over
        raise RenderError(
            f"The inference data are not a readable NETCDF4 file ({type(error).__name__})."
        ) from None


def _hard(group: Any, name: str) -> Any:
    """A member that lies in the file itself; links elsewhere could show files of this machine."""
    link = group.get(name, getlink=True)
    return group[name] if isinstance(link, h5py.HardLink) else None


def _variables(group: Any, names: list[str] | None) -> dict[str, Array]:
    columns: dict[str, Array] = {}
    total = 0
    for name in list(group)[:500]:
        dataset = _hard(group, name)
        if not isinstance(dataset, h5py.Dataset) or dataset.external or dataset.is_virtual:
            continue
        if h5py.h5ds.is_scale(dataset.id) or dataset.ndim < 2 or dataset.dtype.kind not in "fiu":
            continue
        if names is not None and not any(n == name or n.startswith(f"{name}[") for n in names):
            continue
        # a few compressed bytes may hold any number of zeros: all that is read together is bounded
        total += dataset.size
        if total > _MOST_VALUES:
            raise RenderError(f"The posterior up to {name} has more than {_MOST_VALUES} values; thin it.")
        values = np.asarray(dataset[()], dtype=float).reshape(dataset.shape[0] * dataset.shape[1], -1)
        columns |= _components(name, values)
        if names is None and len(columns) > MAX_PARAMETERS:
            break
    return columns


def _components(name: str, values: Array) -> dict[str, Array]:
    if values.shape[1] == 1:
        return {name: values[:, 0]}
    return {f"{name}[{i}]": values[:, i] for i in range(min(values.shape[1], MAX_PARAMETERS + 1))}


def from_json(data: bytes, names: list[str] | None = None) -> dict[str, Array]:
    """Samples in JSON.

    Taken are ``{name: [...]}``, ``[{name: value}, ...]``, ``{"samples": {name: [...]}}`` and
    ``{"samples": [[...], ...], "parameters": [...]}``.

    Parameters
    ----------
    data : bytes
    names : list of str, optional
        The parameters to take; all by default.

    Returns
    -------
    dict of str to ndarray, shape (n,)

    Raises
    ------
    RenderError
        None of these shapes, not finite numbers, or too many.
    """
    try:
        columns = _columns(json.loads(data))
        arrays = {str(name)[:60]: np.asarray(values, dtype=float) for name, values in columns.items()}
    except RenderError:
        raise
    except (ValueError, TypeError, RecursionError, OverflowError):
        raise RenderError("The samples are not JSON lists of numbers; expected {name: [numbers]}.") from None
    flat: dict[str, Array] = {}
    for name, array in arrays.items():
        if array.ndim == 1:
            flat[name] = array
        elif array.ndim == 2 and array.size:
            flat |= _components(name, array)
    if names is not None:
        flat = {name: column for name, column in flat.items() if name in names}
    return _checked(flat, names)


def _columns(value: Any) -> Mapping[str, Any]:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {name: [row[name] for row in value if name in row] for name in value[0]}
    if not isinstance(value, dict):
        raise RenderError("The samples are neither an object of lists nor a list of objects.")
    samples = value.get("samples", value.get("posterior"))
    if isinstance(samples, dict) or (isinstance(samples, list) and samples and isinstance(samples[0], dict)):
        return _columns(samples)
    if isinstance(samples, list) and samples and isinstance(samples[0], list):
        table = np.asarray(samples, dtype=float)
        keys = ("parameters", "parameter_names", "param_names", "names", "columns")
        names = next((value[key] for key in keys if isinstance(value.get(key), list)), None)
        names = names or [f"p{i}" for i in range(table.shape[1])]
        if len(names) != table.shape[1]:
            raise RenderError(f"There are {len(names)} names for {table.shape[1]} columns of samples.")
        return {str(name): table[:, i] for i, name in enumerate(names)}
    return {name: item for name, item in value.items() if isinstance(item, list)}


def _checked(columns: dict[str, Array], names: list[str] | None) -> dict[str, Array]:
    """Equal lengths, finite rows only, no more parameters than can be drawn."""
    if not columns:
        wanted = f" named {', '.join(names)[:100]}" if names else ""
        raise RenderError(f"There are no samples{wanted} to draw; expected numbers by parameter name.")
    if len(columns) > MAX_PARAMETERS:
        raise RenderError(f"More than {MAX_PARAMETERS} parameters; choose some with var_names.")
    if len({len(column) for column in columns.values()}) != 1:
        raise RenderError("The parameters have different numbers of samples; a corner plot needs equal ones.")
    table = np.column_stack(list(columns.values()))
    # larger than any measurement, and squares of it overflow
    table = table[np.all(np.abs(table) < 1e150, axis=1)]
    if len(table) < max(2, table.shape[1] + 1):
        raise RenderError(f"Only {len(table)} finite samples; a corner plot needs more than parameters.")
    return {name: table[:, i] for i, name in enumerate(columns)}
