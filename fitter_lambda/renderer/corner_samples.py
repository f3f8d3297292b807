"""Samples for a corner plot, from an InferenceData file or from JSON."""

import math
import re
from collections.abc import Mapping
from itertools import chain
from typing import Any

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.errors import RenderError
from fitter_lambda.renderer.json_documents import parse_json
from fitter_lambda.renderer.netcdf_groups import NetcdfGroup, list_variables, open_netcdf, read_array, require_group

Samples = dict[str, Array]

#: More panels than 20 x 20 are illegible.
MAX_PARAMETERS = 20
#: Of a matrix, of which some are chosen.
_MAX_COLUMNS = 2_000
_MAX_VALUES = 20_000_000
#: Larger than any measurement; squares of more would overflow.
_MAX_ABSOLUTE = 1e150
_NAME_KEYS = (
    "parameters",
    "parameter_names",
    "param_names",
    "names",
    "columns",
    "search_parameter_keys",
    "parameter_labels",
)
#: Labels of rows in pandas' JSON.
_ROW_KEY = re.compile(r"-?\d+")


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
    with open_netcdf(data) as file:
        group = require_group(file, "posterior", "The inference data have no posterior group; a corner plot needs one.")
        return _check_samples(_read_variables(group, names), names)


def _read_variables(group: NetcdfGroup, names: list[str] | None) -> Samples:
    samples: Samples = {}
    n_values = 0
    for name, shape in list_variables(group).items():
        if len(shape) < 2 or 0 in shape:
            continue
        if names is not None and not any(n == name or n.startswith(f"{name}[") for n in names):
            continue
        n_values += math.prod(shape)
        if n_values > _MAX_VALUES:
            raise RenderError(f"The posterior up to {name} has more than {_MAX_VALUES} values; thin it.")
        values = read_array(group, name, _MAX_VALUES).reshape(shape[0] * shape[1], -1)
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

    Accepted are ``{name: [...]}`` with flat lists or chains × draws, ``[{name: value}, ...]``,
    ``{"samples": [[...], ...], "parameters": [...]}``, what pandas' ``to_json`` writes, results of bilby, and any
    of these under "posterior" or "samples".

    Parameters
    ----------
    data : bytes
    names : list of str, optional
        Parameters to read; by default those that were searched, as far as bilby names them, or all.

    Returns
    -------
    dict of str to ndarray, shape (n,)

    Raises
    ------
    RenderError
        Another shape, one that could be read in two ways, text, lists of different lengths, or too few or too
        many numbers.
    """
    try:
        value = parse_json(data)
        columns = _find_columns(value)
        names = names or _get_search_names(value, columns)
        lengths = {len(item) for item in columns.values() if item and not isinstance(item[0], list)}
        samples = _read_columns({name: item for name, item in columns.items() if _is_chosen(name, names)}, lengths)
    except RecursionError:
        raise RenderError("The samples are nested too deeply; they are not JSON lists of numbers.") from None
    except (ValueError, TypeError):
        raise RenderError("The samples are not JSON lists of numbers; expected {name: [numbers]}.") from None
    return _check_samples({name: item for name, item in samples.items() if _is_chosen(name, names)}, names)


def _is_chosen(name: str, names: list[str] | None) -> bool:
    """Return whether a parameter, or a component of it, or the vector of it, is among the names."""
    return names is None or any(n == name or n.startswith(f"{name}[") or name.startswith(f"{n}[") for n in names)


def _get_search_names(value: Any, columns: Mapping[str, Any]) -> list[str] | None:
    """Return the parameters that bilby searched: its posterior has fixed and derived ones as well."""
    names = value.get("search_parameter_keys") if isinstance(value, dict) else None
    if not isinstance(names, list) or not names:
        return None
    if not all(isinstance(name, str) and name in columns for name in names):
        return None
    _require_few(dict.fromkeys(names))
    return names


def _read_columns(columns: Mapping[str, Any], lengths: set[int]) -> Samples:
    """Convert lists to numbers; flatten chains, split vectors, as the lengths of the flat lists tell them apart."""
    _require_few(columns)
    arrays = {name[:60]: _read_numbers(name[:60], values) for name, values in columns.items()}
    if len(arrays) != len(columns):
        raise RenderError("Names of parameters have the same first 60 characters; shorten them.")
    samples: Samples = {}
    for name, array in arrays.items():
        samples |= _flatten_chains(name, array, lengths)
    return samples


def _read_numbers(name: str, values: Any) -> Array:
    text = _find_text(values)
    if text is not None:
        raise RenderError(f"The samples of {name} hold the text {text[:40]!r}; expected numbers.")
    try:
        array = np.asarray(values)
    except ValueError:
        raise RenderError(f"The lists of {name} have different lengths; expected one length.") from None
    try:
        return array.astype(float)
    except (ValueError, TypeError, OverflowError):
        raise RenderError(f"The samples of {name} hold something other than numbers.") from None


def _find_text(values: Any) -> str | None:
    """Return the first text in lists of any depth; numpy would make all values as wide as the widest text."""
    while isinstance(values, list):
        kinds = set(map(type, values))
        if str in kinds:
            return next(value for value in values if isinstance(value, str))
        values = list(chain.from_iterable(v for v in values if isinstance(v, list))) if list in kinds else None
    return None


def _flatten_chains(name: str, array: Array, lengths: set[int]) -> Samples:
    """Return the columns of chains × draws (× components), or of draws × components beside flat lists."""
    if array.ndim == 1:
        return {name: array}
    rows, width = array.shape[:2]
    if not array.size:
        raise RenderError(f"The lists of {name} are empty.")
    if array.ndim > 2 or lengths == {rows * width}:
        return _split_components(name, array.reshape(rows * width, -1))
    if lengths == {rows} or width == 1:
        return _split_components(name, array)
    if not lengths and rows <= width:
        return {name: array.reshape(-1)}
    raise RenderError(
        f"{name} has {rows} lists of {width} numbers: these are neither chains × draws for certain nor draws × "
        f"components; give one flat list for each parameter."
    )


def _find_columns(value: Any) -> Mapping[str, Any]:
    """Find the lists by parameter in a JSON value; raise RenderError if the shape is not certain."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return _join_records(value)
    if not isinstance(value, dict):
        raise RenderError("The samples are neither an object of lists nor a list of objects.")
    for inner in (value.get("posterior"), value.get("samples"), _get_content(value)):
        if _is_container(inner):
            return _find_columns(inner)
    matrix = value.get("samples")
    matrix = (_get_content(matrix) if isinstance(matrix, dict) else None) or matrix
    if isinstance(matrix, list) and _is_matrix(matrix):
        return _name_columns(matrix, _get_names(value))
    if _is_matrix(value.get("data")) and isinstance(value.get("columns"), list):
        return _name_columns(value["data"], value["columns"])
    if value and all(isinstance(item, dict) for item in value.values()):
        return _join_indexed(value)
    return {str(name): item for name, item in value.items() if isinstance(item, list)}


def _get_content(value: Mapping[str, Any]) -> Any:
    """Return what bilby wraps in an object of a type and a content."""
    is_wrapper = value.get("__dataframe__") is True or value.get("__array__") is True
    content = value.get("content")
    is_nested = isinstance(content, dict) and any(isinstance(item, (list, dict)) for item in content.values())
    return content if is_wrapper or (len(value) == 1 and is_nested) else None


def _is_container(value: Any) -> bool:
    """Return whether this holds columns or records, and is no array or column itself."""
    if isinstance(value, list):
        return bool(value) and isinstance(value[0], dict)
    if not isinstance(value, dict) or value.get("__array__") is True:
        return False
    return not value or any(isinstance(item, (list, dict)) for item in value.values())


def _is_matrix(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], list)


def _get_names(value: Mapping[str, Any]) -> list[Any] | None:
    return next((value[key] for key in _NAME_KEYS if isinstance(value.get(key), list) and value[key]), None)


def _name_columns(matrix: list[Any], names: list[Any] | None) -> Mapping[str, Any]:
    """Return the columns of rows of samples; further leading axes are chains."""
    lengths = {len(row) if isinstance(row, list) else 0 for row in matrix}
    if len(lengths) != 1:
        raise RenderError(f"The rows of samples have different lengths, {min(lengths)} to {max(lengths)}.")
    while _is_matrix(matrix[0]):
        matrix = [row for rows in matrix for row in rows]
    if len(matrix[0]) > _MAX_COLUMNS:
        raise RenderError(f"The samples have more than {_MAX_COLUMNS} columns; are they rows? Send fewer.")
    columns = list(zip(*matrix, strict=True))
    names = names or [f"p{i}" for i in range(len(columns))]
    if len(names) != len(columns):
        raise RenderError(f"There are {len(names)} names for {len(columns)} columns of samples.")
    if len({str(name) for name in names}) != len(names):
        raise RenderError("Two columns of samples have the same name.")
    return {str(name): list(column) for name, column in zip(names, columns, strict=True)}


def _join_records(records: list[Any]) -> Mapping[str, Any]:
    names = list(records[0])
    for number, record in enumerate(records):
        if not isinstance(record, dict) or set(record) != set(names):
            raise RenderError(f"Sample {number} has not the same parameters as the first: {', '.join(names)[:100]}.")
    return {str(name): [record[name] for record in records] for name in names}


def _join_indexed(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return columns of an object of objects, as pandas writes it: the numbered keys are the rows'."""
    items = {name: item for name, item in value.items() if item}
    first: Mapping[str, Any] = next(iter(items.values()), {})
    if any(isinstance(number, (dict, list)) for item in items.values() for number in item.values()):
        return {}
    if any(set(item) != set(first) for item in value.values()):
        raise RenderError("The parameters have different numbers of samples; a corner plot needs equal ones.")
    is_outer_numbered = all(_ROW_KEY.fullmatch(name) for name in items)
    if is_outer_numbered == all(_ROW_KEY.fullmatch(name) for name in first):
        raise RenderError(
            "It is not certain which keys of the samples are parameters and which are rows: of an object of "
            "objects, the rows have whole numbers and the parameters names."
        )
    if is_outer_numbered:
        return _join_records(list(items.values()))
    return {name: [item[key] for key in first] for name, item in items.items()}


def _require_few(columns: Mapping[str, Any]) -> None:
    if len(columns) > MAX_PARAMETERS:
        raise RenderError(f"More than {MAX_PARAMETERS} parameters; choose some with var_names.")


def _check_samples(samples: Samples, names: list[str] | None) -> Samples:
    """Return the finite rows of columns of equal length, as many as can be drawn."""
    if not samples:
        choice = f" named {', '.join(names)[:100]}" if names else ""
        raise RenderError(f"There are no samples{choice} to draw; expected numbers by parameter name.")
    _require_few(samples)
    if len({len(column) for column in samples.values()}) != 1:
        raise RenderError("The parameters have different numbers of samples; a corner plot needs equal ones.")
    rows = np.column_stack(list(samples.values()))
    is_finite = np.abs(rows) < _MAX_ABSOLUTE
    rows = rows[np.all(is_finite, axis=1)]
    if len(rows) < max(2, rows.shape[1] + 1):
        counts = zip(samples, np.sum(~is_finite, axis=0).tolist(), strict=True)
        causes = ", ".join(f"{name} lacks {count}" for name, count in counts if count)
        raise RenderError(
            f"Only {len(rows)} finite samples{f' ({causes[:200]})' if causes else ''}; a corner plot needs more than "
            "parameters."
        )
    return dict(zip(samples, rows.T, strict=True))
