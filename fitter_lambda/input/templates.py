"""Templates and bandpasses: where sncosmo finds its files, and how missing ones are reported.

sncosmo looks in one directory and downloads what is missing there. Here that directory is an overlay of
symbolic links, built once per process. For each file, the first of these sources wins:

1. ``SNCOSMO_DATA_DIR``, if the user has set it;
2. ``FITTER_TEMPLATES_DIR``, the templates of the container image;
3. the files in the wheel ``jax-bandflux`` (its code is never imported).

`fitter_lambda.entry.image_templates` fills a directory for (2) when the image is built.
"""

import contextlib
import difflib
import functools
import importlib.util
import os
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

from fitter_lambda.errors import TemplateError
from fitter_lambda.input.scratch_folder import make_scratch_folder
from fitter_lambda.input.sncosmo_registries import find_versions_in, get_source_versions, set_data_directory

_TIMEOUT_SECONDS = 5.0
_OFFLINE_TIMEOUT_SECONDS = 0.5


@functools.cache
def build_overlay() -> Path:
    """Build the overlay, which lasts as long as the process; return its directory."""
    overlay = make_scratch_folder("fitter-templates-")
    for layer in _list_layers():
        for path in iterate_files(layer):
            link = overlay / path.relative_to(layer)
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.exists():
                link.symlink_to(path)
    set_data_directory(overlay, _TIMEOUT_SECONDS)
    return overlay


def _list_layers() -> list[Path]:
    """List the directories in sncosmo's layout, the ones that win first."""
    spec = importlib.util.find_spec("jax_supernovae")
    wheel = [f"{place}/sncosmo-modelfiles" for place in (spec and spec.submodule_search_locations) or []]
    names = [os.environ.get(variable) for variable in ("SNCOSMO_DATA_DIR", "FITTER_TEMPLATES_DIR")]
    return [Path(name).resolve() for name in (*names, *wheel) if name and Path(name).is_dir()]


def iterate_files(layer: Path) -> Iterator[Path]:
    """Iterate over the files of a directory in sncosmo's layout, through links to directories too."""
    for folder, _, names in os.walk(layer, followlinks=True):
        for path in (Path(folder, name) for name in names):
            # "._x" are resource forks that macOS leaves in archives
            if path.is_file() and not path.name.startswith("."):
                yield path


@contextlib.contextmanager
def _limit_downloads(timeout: float = _TIMEOUT_SECONDS) -> Iterator[None]:
    """Let sncosmo use the overlay; let downloads fail soon and show their progress on stderr."""
    build_overlay()
    timeout_before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(timeout)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        socket.setdefaulttimeout(timeout_before)


def list_local_sources() -> list[str]:
    """List the sources of which a version is on this machine, in sncosmo's order."""
    return list(find_versions_in(build_overlay()))


def find_older_version(source: str) -> tuple[str, str] | None:
    """Find the version that a source's name alone means where its latest version is not on this machine.

    Returns
    -------
    tuple of str, or None
        The latest version that is here, and the latest of all. None if that is here, or no version is.
    """
    latest = max(get_source_versions().get(source, []), default="")
    versions = find_versions_in(build_overlay()).get(source, [])
    return (max(versions), latest) if versions and latest not in versions else None


def load_source(name: str) -> Any:
    """Load a source.

    Parameters
    ----------
    name : str
        sncosmo's name, or ``name@version``. Without a version: the latest, or an older one if only that is on this
        machine.

    Returns
    -------
    sncosmo.Source
        A separate copy.

    Raises
    ------
    TemplateError
        The name or version is unknown (similar names are listed), or files cannot be fetched.
    """
    import sncosmo

    source, _, version = name.partition("@")
    versions = get_source_versions().get(source)
    if versions is None:
        matches = difflib.get_close_matches(source, get_source_versions(), n=3)
        hint = f"did you mean {' or '.join(matches)}?" if matches else "see sncosmo's list of built-in sources."
        raise TemplateError(f"Unknown source {source!r}; {hint}")
    if version and version not in versions:
        raise TemplateError(f"Source {source} has no version {version!r}; it has {', '.join(versions)}.")
    older = None if version else find_older_version(source)
    try:
        with _limit_downloads():
            return sncosmo.get_source(source, version=older[0] if older else version or None, copy=True)
    except (OSError, RuntimeError) as error:
        raise TemplateError(_describe_failed_fetch(f"source {source}", error)) from error


def load_bandpasses(names: Iterable[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Load bandpasses.

    Returns
    -------
    dict of str to sncosmo.Bandpass
        The bandpasses that could be loaded.
    dict of str to str
        The names of all others, with the reason.
    """
    import sncosmo

    return _load_all(names, "band", sncosmo.get_bandpass)


def load_magnitude_systems(names: Iterable[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Load magnitude systems; returns what `load_bandpasses` does."""
    import sncosmo

    return _load_all(names, "magnitude system", sncosmo.get_magsystem)


def _load_all(names: Iterable[str], kind: str, load: Callable[[str], Any]) -> tuple[dict[str, Any], dict[str, str]]:
    loaded: dict[str, Any] = {}
    missing: dict[str, str] = {}
    timeout = _TIMEOUT_SECONDS
    for name in names:
        try:
            with _limit_downloads(timeout):
                loaded[name] = load(name)
        except OSError as error:
            missing[name] = _describe_failed_fetch(f"{kind} {name}", error)
            if not isinstance(error, HTTPError):
                timeout = _OFFLINE_TIMEOUT_SECONDS  # without a network, the next download fails as well
        except Exception:  # sncosmo raises bare Exceptions for unknown names
            missing[name] = f"unknown {kind} {name!r}"
    return loaded, missing


def _describe_failed_fetch(subject: str, error: BaseException) -> str:
    reason = f"HTTP {error.code}" if isinstance(error, HTTPError) else type(error).__name__
    return (
        f"The files of {subject} are not here and could not be fetched ({reason}); "
        "set SNCOSMO_DATA_DIR to a directory that holds them."
    )
