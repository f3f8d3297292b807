"""sncosmo's lists of sources, bandpasses, systems and column names, and its data directory: none is public.

The engine has its own adapter, `sncosmo_internals`. A test compares `WRITTEN_FOR` with the installed version.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

WRITTEN_FOR = {"sncosmo": "2.13.1"}


def set_data_directory(directory: Path, timeout: float) -> None:
    """Set where sncosmo looks for its files, and the seconds of its downloads' timeout.

    Its environment variable would do for the first lookup in a process only, and processes that start later
    need the user's value.
    """
    import sncosmo

    sncosmo.conf.remote_timeout = timeout
    mirror = sncosmo.builtins.DATADIR
    mirror._rootdir = str(directory)
    mirror._checked_rootdir = None


def _get_source_registry() -> Any:
    from sncosmo.models import _SOURCES

    return _SOURCES


def get_source_versions() -> dict[str, list[str]]:
    """Return the versions of each source by name, including sources registered in this process."""
    registry = _get_source_registry()
    versions: dict[str, list[str]] = {name: [] for name, _ in registry._instances}
    for meta in registry.get_loaders_metadata():
        versions.setdefault(meta["name"], []).append(str(meta.get("version", "")))
    return versions


def get_source_types() -> dict[str, str]:
    """Return the type of each source by name, e.g. "SN IIP"."""
    return {meta["name"]: str(meta.get("type", "")) for meta in _get_source_registry().get_loaders_metadata()}


def find_versions_in(directory: Path) -> dict[str, list[str]]:
    """Find the sources that can be loaded from a directory in sncosmo's layout, and which versions of each.

    Versions ascend as sncosmo compares them: by their text. Sources that were registered in this process have none.
    """
    registry = _get_source_registry()
    versions: dict[str, list[str]] = {}
    with_files = {name for name, _ in registry._loaders}
    for name, _ in registry._instances:
        if name not in with_files:
            versions.setdefault(name, [])
    for (name, version), (loader, arguments, _) in registry._loaders.items():
        path = str(arguments[0]) if arguments else ""
        # sources inside the package of sncosmo have a loader of their own
        is_local = (directory / path).exists() if path.startswith("models/") else loader.__name__.endswith("_local")
        if is_local:
            versions[name] = sorted({*versions.get(name, []), str(version or "")})
    return versions


def list_bandpasses() -> list[str]:
    """List the names of bandpasses."""
    from sncosmo.bandpasses import _BANDPASSES

    return sorted({str(meta["name"]) for meta in _BANDPASSES.get_loaders_metadata()})


def list_magnitude_systems() -> list[str]:
    """List the names of magnitude systems."""
    from sncosmo.magsystems import _MAGSYSTEMS

    return sorted({str(meta["name"]) for meta in _MAGSYSTEMS.get_loaders_metadata()})


def find_columns(names: Iterable[str]) -> dict[str, str]:
    """Map sncosmo's column names (time, band, flux, fluxerr, zp, zpsys, fluxcov) to those of a table.

    Raises
    ------
    ValueError
        Two names mean the same column.
    """
    from sncosmo.photdata import PHOTDATA_ALIASES
    from sncosmo.utils import alias_map

    return dict(alias_map(list(names), PHOTDATA_ALIASES))
