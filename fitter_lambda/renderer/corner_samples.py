"""Samples for a corner plot, from an InferenceData file or from JSON.

The netCDF file may come from anyone: links out of it are not followed, and sizes are checked before data are
read.
"""

import io
import json
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.errors import RenderError

Samples = dict[str, Array]

#: More panels than 20 x 20 are illegible.
MAX_PARAMETERS = 20
_MAX_VALUES = 20_000_000
_MAX_MEMBERS = 500
#: Larger than any measurement; squares of more would overflow.
_MAX_ABSOLUTE = 1e150
_NAME_KEYS = ("parameters", "parameter_names", "param_names", "names", "columns")


def read_netcdf_samples(data: bytes, names: list[str] | None = None) -> Samples:
    """Read the posterior group of an `arviz.InferenceData` file.

    Parameters
    ----------
    data : bytes
        NETCDF4 (HDF5).
    names : list of str, optional
        Variables to read; all by default.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        Chains and draws in one axis; components of vectors are named ``name[i]``.

    Raises
    ------
    RenderError
        Not such a file, no posterior, or too few or too many samples.
    """
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            group = _get_member(file, "posterior")
            if not isinstance(group, h5py.Group):
                raise RenderError("The inference data have no posterior group; a corner plot needs one.")
            return _check_samples(_read_variables(group, names), names)
    except RenderError:
        raise
    except Exception as error:  # h5py raises anything on a broken file
        raise RenderError(f"The inference data are no NETCDF4 file ({type(error).__name__}).") from None


def _get_member(group: Any, name: str) -> Any:
    """Return a member that is in the file itself; external links could show files of this machine."""
    return group[name] if isinstance(group.get(name, getlink=True), h5py.HardLink) else None


def _read_variables(group: Any, names: list[str] | None) -> Samples:
    samples: Samples = {}
    n_values = 0
    for name in list(group)[:_MAX_MEMBERS]:
        dataset = _get_member(group, name)
        if not isinstance(dataset, h5py.Dataset) or dataset.external or dataset.is_virtual:
            continue
        if h5py.h5ds.is_scale(dataset.id) or dataset.ndim < 2 or dataset.dtype.kind not in "fiu":
            continue
        if names is not None and not any(n == name or n.startswith(f"{name}[") for n in names):
            continue
        # few compressed bytes may hold any number of zeros, so count before reading
        n_values += dataset.size
        if n_values > _MAX_VALUES:
            raise RenderError(f"The posterior up to {name} has more than {_MAX_VALUES} values; thin it.")
        values = np.asarray(dataset[()], dtype=float).reshape(dataset.shape[0] * dataset.shape[1], -1)
        samples |= _split_components(name, values)
        if names is None and len(samples) > MAX_PARAMETERS:
            break
    return samples


def _split_components(name: str, values: Array) -> Samples:
    if values.shape[1] == 1:
        return {name: values[:, 0]}
    return {f"{name}[{i}]": values[:, i] for i in range(min(values.shape[1], MAX_PARAMETERS + 1))}


def read_json_samples(data: bytes, names: list[str] | None = None) -> Samples:
    """Read samples in JSON.

    Accepted are ``{name: [...]}``, ``[{name: value}, ...]``, ``{"samples": {name: [...]}}`` and
    ``{"samples": [[...], ...], "parameters": [...]}``.

    Parameters
    ----------
    data : bytes
    names : list of str, optional
        Parameters to read; all by default.

    Returns
    -------
    dict of str to ndarray, shape (n,)

    Raises
    ------
    RenderError
        Another shape, no finite numbers, or too many.
    """
    samples: Samples = {}
    try:
        for name, values in _find_columns(json.loads(data)).items():
            column = np.asarray(values, dtype=float)
            if column.ndim == 1:
                samples[str(name)[:60]] = column
            elif column.ndim == 2 and column.size:
                samples |= _split_components(str(name)[:60], column)
    except RenderError:
        raise
    except (ValueError, TypeError, RecursionError, OverflowError):
        raise RenderError("The samples are not JSON lists of numbers; expected {name: [numbers]}.") from None
    if names is not None:
        samples = {name: column for name, column in samples.items() if name in names}
    return _check_samples(samples, names)


def _find_columns(value: Any) -> Mapping[str, Any]:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {name: [row[name] for row in value if name in row] for name in value[0]}
    if not isinstance(value, dict):
        raise RenderError("The samples are neither an object of lists nor a list of objects.")
    samples = value.get("samples", value.get("posterior"))
    if isinstance(samples, dict) or (isinstance(samples, list) and samples and isinstance(samples[0], dict)):
        return _find_columns(samples)
    if isinstance(samples, list) and samples and isinstance(samples[0], list):
        columns = np.asarray(samples, dtype=float).T
        names = next((value[key] for key in _NAME_KEYS if isinstance(value.get(key), list)), None)
        names = names or [f"p{i}" for i in range(len(columns))]
        if len(names) != len(columns):
            raise RenderError(f"There are {len(names)} names for {len(columns)} columns of samples.")
        return {str(name): column for name, column in zip(names, columns, strict=True)}
    return {name: item for name, item in value.items() if isinstance(item, list)}


def _check_samples(samples: Samples, names: list[str] | None) -> Samples:
    """Return the finite rows of columns of equal length, as many as can be drawn."""
    if not samples:
        choice = f" named {', '.join(names)[:100]}" if names else ""
        raise RenderError(f"There are no samples{choice} to draw; expected numbers by parameter name.")
    if len(samples) > MAX_PARAMETERS:
        raise RenderError(f"More than {MAX_PARAMETERS} parameters; choose some with var_names.")
    if len({len(column) for column in samples.values()}) != 1:
        raise RenderError("The parameters have different numbers of samples; a corner plot needs equal ones.")
    rows = np.column_stack(list(samples.values()))
    rows = rows[np.all(np.abs(rows) < _MAX_ABSOLUTE, axis=1)]
    if len(rows) < max(2, rows.shape[1] + 1):
        raise RenderError(f"Only {len(rows)} finite samples; a corner plot needs more than parameters.")
    return dict(zip(samples, rows.T, strict=True))
