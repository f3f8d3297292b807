"""Model templates and bandpasses: where sncosmo finds its files, and what it does without them.

sncosmo looks in one directory and downloads what is not there. Here that directory is an overlay
of symbolic links, made once per process, in which, file by file, the first of these wins:

1. ``SNCOSMO_DATA_DIR``, as the user set it;
2. ``FITTER_TEMPLATES_DIR``, the templates of the container image;
3. the files that come with the wheel ``jax-bandflux`` (data only; its code is never imported).

`fitter_lambda.entry.image_templates` fills a directory for (2), at image build.
"""

import atexit
import contextlib
import difflib
import functools
import importlib.util
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from fitter_lambda.errors import TemplateError

__all__ = [
    "build_overlay",
    "get_source_types",
    "get_source_versions",
    "iterate_files",
    "list_bandpasses",
    "list_local_sources",
    "list_magnitude_systems",
    "load_bandpasses",
    "load_magnitude_systems",
    "load_source",
]  # fmt: skip

_VARIABLE = "SNCOSMO_DATA_DIR"
_SOCKET_TIMEOUT_SECONDS = 5.0
_OFFLINE_TIMEOUT_SECONDS = 0.5


@functools.cache
def build_overlay() -> Path:
    """Make the overlay; returns its directory. Idempotent, removed at exit."""
    import sncosmo

    overlay = Path(tempfile.mkdtemp(prefix="fitter-templates-"))
    atexit.register(shutil.rmtree, overlay, ignore_errors=True)
    for layer in _layers():
        _link_files(layer, overlay)
    sncosmo.conf.remote_timeout = _SOCKET_TIMEOUT_SECONDS
    return overlay


def _layers() -> list[Path]:
    """Directories in sncosmo's layout, those that win first."""
    named = [os.environ.get("SNCOSMO_DATA_DIR"), os.environ.get("FITTER_TEMPLATES_DIR")]
    layers = [Path(name) for name in named if name]
    wheel = _wheel_directory()
    return [layer for layer in [*layers, wheel] if layer is not None and layer.is_dir()]


def _wheel_directory() -> Path | None:
    spec = importlib.util.find_spec("jax_supernovae")
    for location in (spec.submodule_search_locations or []) if spec else []:
        return Path(location) / "sncosmo-modelfiles"
    return None


def iterate_files(layer: Path) -> Iterator[Path]:
    """Files of a directory in sncosmo's layout."""
    # links to directories are followed, too
    found = (Path(folder, name) for folder, _, names in os.walk(layer, followlinks=True) for name in names)
    # "._x" are resource forks that macOS leaves in archives
    return (path for path in found if path.is_file() and not path.name.startswith("."))


def _link_files(layer: Path, overlay: Path) -> None:
    for path in iterate_files(layer.resolve()):
        link = overlay / path.relative_to(layer.resolve())
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.symlink_to(path)


@contextlib.contextmanager
def _looking_into(overlay: Path, timeout: float = _SOCKET_TIMEOUT_SECONDS) -> Iterator[None]:
    """Sncosmo looks into the overlay; downloads give up soon, and their progress bars spare stdout."""
    before = socket.getdefaulttimeout(), os.environ.get(_VARIABLE)
    socket.setdefaulttimeout(timeout)
    # sncosmo prefers the variable over its own configuration; what is started later needs the user's own
    os.environ[_VARIABLE] = str(overlay)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        socket.setdefaulttimeout(before[0])
        if before[1] is None:
            del os.environ[_VARIABLE]
        else:
            os.environ[_VARIABLE] = before[1]


def load_source(name: str) -> Any:
    """Load a source.

    Parameters
    ----------
    name : str
        sncosmo's name of it, or ``name@version``.

    Returns
    -------
    sncosmo.Source
        A copy of its own.

    Raises
    ------
    TemplateError
        Unknown name or version (naming near ones), or files that cannot be had.
    """
    import sncosmo

    plain, _, version = name.partition("@")
    versions = get_source_versions().get(plain)
    if versions is None:
        near = difflib.get_close_matches(plain, get_source_versions(), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "see sncosmo's list of built-in sources."
        raise TemplateError(f"Unknown source {plain!r}; {hint}")
    if version and version not in versions:
        raise TemplateError(f"Source {plain} has no version {version!r}; it has {', '.join(versions)}.")
    try:
        with _looking_into(build_overlay()):
            return sncosmo.get_source(plain, version=version or None, copy=True)
    except (OSError, RuntimeError) as error:
        raise TemplateError(_not_fetched(f"source {plain}", error)) from error


def get_source_versions() -> dict[str, list[str]]:
    """Versions of each source, those included that were registered in this process."""
    from sncosmo.models import _SOURCES

    known: dict[str, list[str]] = {name: [] for name, _ in _SOURCES._instances}
    for meta in _metadata():
        known.setdefault(meta["name"], []).append(str(meta.get("version", "")))
    return known


def _metadata() -> list[dict[str, Any]]:
    # sncosmo offers no public list of its sources; this is what its documentation is made from
    from sncosmo.models import _SOURCES

    return list(_SOURCES.get_loaders_metadata())


def list_bandpasses() -> list[str]:
    """Names of the bandpasses that sncosmo knows."""
    from sncosmo.bandpasses import _BANDPASSES

    return sorted({str(meta["name"]) for meta in _BANDPASSES.get_loaders_metadata()})


def list_magnitude_systems() -> list[str]:
    """Names of the magnitude systems that sncosmo knows."""
    from sncosmo.magsystems import _MAGSYSTEMS

    return sorted({str(meta["name"]) for meta in _MAGSYSTEMS.get_loaders_metadata()})


def list_local_sources() -> list[str]:
    """Names of the sources whose latest version is here, in sncosmo's order; nothing is fetched."""
    from sncosmo.models import _SOURCES

    overlay, latest = build_overlay(), dict[str, str]()
    for name, version in _SOURCES._loaders:
        latest[name] = max(latest.get(name, ""), str(version or ""))
    names = [name for name, _ in _SOURCES._instances if name not in latest]
    for (name, version), (loader, arguments, _) in _SOURCES._loaders.items():
        if str(version or "") != latest[name]:
            continue
        path = str(arguments[0]) if arguments else ""
        # what is shipped inside sncosmo has a loader of its own
        if (overlay / path).exists() if path.startswith("models/") else loader.__name__.endswith("_local"):
            names.append(name)
    return list(dict.fromkeys(names))


@functools.cache
def get_source_types() -> dict[str, str]:
    """Type of each source that sncosmo knows, by name, e.g. "SN IIP"."""
    return {meta["name"]: str(meta.get("type", "")) for meta in _metadata()}


def _not_fetched(what: str, error: BaseException) -> str:
    why = f"HTTP {error.code}" if isinstance(error, HTTPError) else type(error).__name__
    return (
        f"The files of {what} are not here and could not be fetched ({why}); "
        "set SNCOSMO_DATA_DIR to a directory that holds them."
    )


def load_bandpasses(names: Iterable[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Load bandpasses.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    dict of str to sncosmo.Bandpass
        Those that were found.
    dict of str to str
        The others, with the reason.
    """
    import sncosmo

    found: dict[str, Any] = {}
    missing: dict[str, str] = {}
    patience = _SOCKET_TIMEOUT_SECONDS
    for name in names:
        try:
            with _looking_into(build_overlay(), patience):
                found[name] = sncosmo.get_bandpass(name)
        except OSError as error:
            missing[name] = _not_fetched(f"band {name}", error)
            if not isinstance(error, HTTPError):
                patience = _OFFLINE_TIMEOUT_SECONDS  # one dead connection says enough about the next
        except Exception:  # sncosmo raises bare Exceptions for names that it does not know
            missing[name] = f"unknown band {name!r}"
    return found, missing


def load_magnitude_systems(names: Iterable[str]) -> dict[str, Any]:
    """Magnitude systems of sncosmo by name; without those that are unknown or cannot be had."""
    import sncosmo

    found: dict[str, Any] = {}
    patience = _SOCKET_TIMEOUT_SECONDS
    for name in names:
        try:
            with _looking_into(build_overlay(), patience):
                found[name] = sncosmo.get_magsystem(name)
        except OSError:
            patience = _OFFLINE_TIMEOUT_SECONDS
        except Exception:  # noqa: S112 (sncosmo raises bare Exceptions for names that it does not know)
            continue
    return found
