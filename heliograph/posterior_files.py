"""Posteriors as files: an InferenceData of arviz 0.x or a DataTree of arviz 1.x, and netCDF4."""

import importlib
import tempfile
import warnings
from pathlib import Path
from typing import Any

from heliograph.errors import ArgumentError, UnreadableAnswerError

_ENGINE = "h5netcdf"
_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def encode_posterior(posterior: Any) -> bytes:
    """Return inference data as netCDF4, which `arviz.from_netcdf` of 0.23 and 1.x reads.

    Parameters
    ----------
    posterior : InferenceData, DataTree, bytes or path
        Inference data of arviz, or a file of it.

    Raises
    ------
    ArgumentError
        If it is none of these, or holds no group.
    """
    if isinstance(posterior, bytes):
        return _check_netcdf(posterior)
    if isinstance(posterior, str | Path):
        try:
            return _check_netcdf(Path(posterior).expanduser().read_bytes())
        except OSError as error:
            raise ArgumentError(f"inference_data: {posterior} cannot be read: {error.strerror}.") from None
    if not _list_groups(posterior):
        raise ArgumentError(
            f"inference_data: {type(posterior).__name__} has no groups such as posterior; give an InferenceData or "
            "DataTree of arviz (arviz.from_dict makes one), or a netCDF file of it."
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "posterior.nc"
        try:
            posterior.to_netcdf(str(path), engine=_ENGINE)
        except (ValueError, TypeError) as error:
            raise ArgumentError(f"inference_data: it cannot be written as netCDF: {error}") from None
        return path.read_bytes()


def decode_posterior(content: bytes) -> Any:
    """Return the inference data of a netCDF file, loaded into memory.

    Raises
    ------
    UnreadableAnswerError
        If the file cannot be opened.
    """
    with warnings.catch_warnings(action="ignore", category=FutureWarning):
        # Its types differ between 0.x and 1.x; 0.23 announces that whenever it is imported.
        arviz: Any = importlib.import_module("arviz")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "posterior.nc"
        path.write_bytes(content)
        try:
            return _load(arviz.from_netcdf(str(path)))
        except Exception as error:
            raise UnreadableAnswerError(
                f"The inference data cannot be opened as netCDF by arviz {arviz.__version__}: {error}", 200
            ) from None


def _load(posterior: Any) -> Any:
    """Read all values, so that the file can go."""
    loaded = posterior.load()
    return posterior if loaded is None else loaded


def _list_groups(posterior: Any) -> list[str]:
    if hasattr(posterior, "children"):
        return list(posterior.children)
    groups = getattr(posterior, "groups", None)
    return list(groups()) if callable(groups) and hasattr(posterior, "to_netcdf") else []


def _check_netcdf(content: bytes) -> bytes:
    if not content.startswith(_SIGNATURE):
        raise ArgumentError("inference_data: the file is no netCDF4; arviz writes one with to_netcdf().")
    return content
