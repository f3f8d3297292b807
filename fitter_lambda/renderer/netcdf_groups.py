"""Groups of a netCDF file that may come from anyone: links out of it are not followed, sizes are checked first."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h5py
import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.errors import MissingGroupError, RenderError

_MAX_MEMBERS = 500
_MAX_TEXT = 20_000


@contextmanager
def open_netcdf(data: bytes) -> Iterator[Any]:
    """Open a NETCDF4 (HDF5) file.

    Raises
    ------
    RenderError
        If it is no such file, or is broken where it is read.
    """
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            yield file
    except RenderError:
        raise
    except Exception as error:  # h5py raises anything on a broken file
        raise RenderError(f"The inference data are no NETCDF4 file ({type(error).__name__}).") from None


def require_group(file: Any, name: str, message: str) -> Any:
    """Return a group of a file.

    Raises
    ------
    MissingGroupError
        With this message, if there is no such group.
    """
    group = _get_member(file, name)
    if not isinstance(group, h5py.Group):
        raise MissingGroupError(message)
    return group


def list_variables(group: Any) -> dict[str, Any]:
    """Return a group's variables with numbers, by name, without its dimensions' coordinates."""
    variables = {name: get_variable(group, name) for name in list(group)[:_MAX_MEMBERS]}
    return {name: item for name, item in variables.items() if item is not None and not h5py.h5ds.is_scale(item.id)}


def get_variable(group: Any, name: str) -> Any:
    """Return a dataset with numbers that is in the file itself, or None."""
    dataset = _get_member(group, name)
    if not isinstance(dataset, h5py.Dataset) or dataset.external or dataset.is_virtual:
        return None
    return dataset if dataset.dtype.kind in "fiu" else None


def read_array(group: Any, name: str, max_values: int) -> Array:
    """Read a variable as floats.

    Raises
    ------
    RenderError
        If there is no such variable with numbers, or it has too many.
    """
    variable = get_variable(group, name)
    if variable is None:
        raise RenderError(f"The netCDF file has no numbers named {name}, which this picture needs.")
    # few compressed bytes may hold any number of zeros, so count before reading
    if variable.size > max_values:
        raise RenderError(f"{name} has more than {max_values} values; thin it.")
    return np.asarray(variable[()], dtype=float)


def read_text(group: Any, name: str) -> str:
    """Read an attribute as one line of printable text; empty if it is none."""
    value = group.attrs.get(name, "")
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return "".join(c for c in text[:_MAX_TEXT] if c.isprintable()) if isinstance(text, str) else ""


def read_names(group: Any, name: str) -> list[str]:
    """Read an attribute that is a JSON list of different texts.

    Raises
    ------
    RenderError
        If it is something else.
    """
    try:
        names = json.loads(read_text(group, name))
    except (ValueError, RecursionError):
        names = None
    is_list = isinstance(names, list) and all(isinstance(item, str) and item for item in names)
    if not is_list or not names or len(set(names)) != len(names):
        raise RenderError(f"The attribute {name} is no JSON list of different names.")
    return [item[:60] for item in names]


def _get_member(group: Any, name: str) -> Any:
    """Return a member that is in the file itself; external links could show files of this machine."""
    return group[name] if isinstance(group.get(name, getlink=True), h5py.HardLink) else None
