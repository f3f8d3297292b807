"""Groups of a netCDF file that may come from anyone.

Links out of it are not followed. Of all that is read the declared sizes are checked before: few bytes may declare
any number of values, chunks of any size, and unpack to more than they declare.
"""

import io
import json
import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.errors import MissingGroupError, RenderError
from fitter_lambda.renderer.byte_budget import ByteBudget

_MAX_BYTES = 640 * 1024 * 1024
_MAX_MEMBERS = 2_000
_MAX_CHUNKS = 50_000
_MAX_TEXT = 20_000
_MAX_TEXT_BYTES = 1024 * 1024
_MAX_NUMBER_BYTES = 16
_DEFLATE, _SHUFFLE = h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE
_FILTERS = {_DEFLATE, _SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
_CHECKSUM_BYTES = 4
#: A chunk is in memory packed, unpacked, and unpacked once more to check it.
_COPIES_OF_CHUNK = 3

Shape = tuple[int, ...]


@dataclass(frozen=True)
class NetcdfGroup:
    """A group of a file, with the memory that may still be taken for the file."""

    group: Any
    budget: ByteBudget


@contextmanager
def open_netcdf(data: bytes) -> Iterator[NetcdfGroup]:
    """Open a NETCDF4 (HDF5) file.

    Raises
    ------
    RenderError
        If it is no such file, or is broken where it is read.
    """
    message = f"The inference data need more than {_MAX_BYTES >> 20} MB of memory to open; thin them."
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            yield NetcdfGroup(file, ByteBudget(_MAX_BYTES, message))
    except (RenderError, MemoryError):
        raise
    except Exception as error:  # h5py raises anything on a broken file
        raise RenderError(f"The inference data are no NETCDF4 file ({type(error).__name__}).") from None


def require_group(parent: NetcdfGroup, name: str, message: str) -> NetcdfGroup:
    """Return a group of a file.

    Raises
    ------
    MissingGroupError
        With this message, if there is no such group.
    """
    group = _get_member(parent.group, name)
    if not isinstance(group, h5py.Group):
        raise MissingGroupError(message)
    return NetcdfGroup(group, parent.budget)


def list_variables(parent: NetcdfGroup) -> dict[str, Shape]:
    """Return the shapes of a group's variables with numbers, by name, without its dimensions' coordinates.

    Raises
    ------
    RenderError
        If the group has too many members.
    """
    if len(parent.group) > _MAX_MEMBERS:
        raise RenderError(f"The netCDF file has a group of more than {_MAX_MEMBERS} variables; send fewer.")
    variables = {name: _get_variable(parent.group, name) for name in parent.group}
    return {
        name: item.shape for name, item in variables.items() if item is not None and not h5py.h5ds.is_scale(item.id)
    }


def read_array(parent: NetcdfGroup, name: str, max_values: int) -> Array:
    """Read a variable as floats.

    Raises
    ------
    RenderError
        If there is no such variable with numbers, it has too many, or is not stored as it declares.
    """
    variable = _get_variable(parent.group, name)
    if variable is None:
        raise RenderError(f"The netCDF file has no numbers named {name}, which this picture needs.")
    size = math.prod(variable.shape)
    if size > max_values:
        raise RenderError(f"{name} has more than {max_values} values; thin it.")
    parent.budget.charge(size * (variable.id.get_type().get_size() + 8))
    _require_sound_storage(variable, name, parent.budget)
    return np.asarray(variable[()], dtype=float)


def read_number(parent: NetcdfGroup, name: str) -> float:
    """Read an attribute that is one number; NaN if it is none."""
    value = np.asarray(_read_attribute(parent.group, name))
    return float(value.item()) if value.size == 1 and value.dtype.kind in "fiu" else math.nan


def read_text(parent: NetcdfGroup, name: str) -> str:
    """Read an attribute as one line of printable text; empty if it is none."""
    value = _read_attribute(parent.group, name)
    text = value[:_MAX_TEXT].decode("utf-8", "replace") if isinstance(value, bytes) else value
    return "".join(c for c in text[:_MAX_TEXT] if c.isprintable()) if isinstance(text, str) else ""


def read_names(parent: NetcdfGroup, name: str) -> list[str]:
    """Read an attribute that is a JSON list of different texts.

    Raises
    ------
    RenderError
        If it is something else.
    """
    try:
        names = json.loads(read_text(parent, name))
    except (ValueError, RecursionError):
        names = None
    is_list = isinstance(names, list) and all(isinstance(item, str) and item for item in names)
    if not is_list or not names or len(set(names)) != len(names):
        raise RenderError(f"The attribute {name} is no JSON list of different names.")
    return [item[:60] for item in names]


def _get_member(group: Any, name: str) -> Any:
    """Return a member that is in the file itself; external links could show files of this machine."""
    return group[name] if isinstance(group.get(name, getlink=True), h5py.HardLink) else None


def _get_variable(group: Any, name: str) -> Any:
    """Return a dataset with numbers that is in the file itself, or None."""
    dataset = _get_member(group, name)
    if not isinstance(dataset, h5py.Dataset) or dataset.external or dataset.is_virtual:
        return None
    kind = dataset.id.get_type()
    is_number = kind.get_class() in (h5py.h5t.INTEGER, h5py.h5t.FLOAT) and kind.get_size() <= _MAX_NUMBER_BYTES
    return dataset if is_number and dataset.shape is not None else None


def _read_attribute(group: Any, name: str) -> Any:
    """Return an attribute that is one number or text of a bounded size, or None."""
    if name not in group.attrs:
        return None
    attribute = group.attrs.get_id(name)
    kind = attribute.get_type()
    is_known = kind.get_class() in (h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.STRING)
    is_small = attribute.shape is not None and math.prod(attribute.shape) == 1 and kind.get_size() <= _MAX_TEXT_BYTES
    return group.attrs[name] if is_known and is_small else None


def _require_sound_storage(variable: Any, name: str, budget: ByteBudget) -> None:
    """Require that a variable's values are in the file, in chunks that are no larger than they declare."""
    if variable.size and not variable.id.get_storage_size():
        raise RenderError(f"{name} declares {variable.size} values, but the netCDF file holds none of them.")
    filters = _list_filters(variable)
    is_known = set(filters) <= _FILTERS and len(set(filters)) == len(filters)
    if not is_known or (_SHUFFLE in filters[1:] and _DEFLATE in filters[: filters.index(_SHUFFLE)]):
        raise RenderError(f"{name} is packed in a way that is not known here; write it with zlib or none.")
    if variable.chunks is None:
        return
    n_chunks = math.prod(-(-size // step) for size, step in zip(variable.shape, variable.chunks, strict=True))
    if n_chunks > _MAX_CHUNKS:
        raise RenderError(f"{name} is stored in {n_chunks} chunks; write it in at most {_MAX_CHUNKS}.")
    chunk_bytes = math.prod(variable.chunks) * variable.id.get_type().get_size()
    budget.charge(_COPIES_OF_CHUNK * chunk_bytes)
    if _DEFLATE in filters:
        _require_sound_chunks(variable, name, chunk_bytes + _CHECKSUM_BYTES, filters.index(_DEFLATE))


def _list_filters(variable: Any) -> list[int]:
    properties = variable.id.get_create_plist()
    return [properties.get_filter(number)[0] for number in range(properties.get_nfilters())]


def _require_sound_chunks(variable: Any, name: str, max_bytes: int, deflate: int) -> None:
    """Require that no chunk unpacks to more bytes than a chunk has: HDF5 itself would unpack all of them."""
    chunks: list[Any] = []
    variable.id.chunk_iter(chunks.append)
    file_size = variable.file.id.get_filesize()
    for chunk in chunks:
        if chunk.filter_mask & (1 << deflate):
            continue
        if chunk.size > file_size or len(chunks) > _MAX_CHUNKS:
            raise RenderError(f"{name} has chunks that are not in the netCDF file; write it anew.")
        _, packed = variable.id.read_direct_chunk(chunk.chunk_offset)
        if len(zlib.decompressobj().decompress(packed, max_bytes + 1)) > max_bytes:
            raise RenderError(f"{name} unpacks to more than it declares; write it anew.")
