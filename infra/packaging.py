"""Package the Chalice app as a template and a zip, again only after a change.

``python -m infra.packaging STAGE FOLDER`` writes::

    FOLDER/sam.json         the app's template, as `aws cloudformation package` takes it
    FOLDER/deployment.zip   the code of its functions, dependencies included
    FOLDER/digest           digest of everything that the two were made from

Chalice makes the template and the code's part of the zip. The dependencies are installed by pip for the target:
Lambda's Python and processor for a stage on AWS, whatever Python runs this; this Python and machine for the local
stack. They are kept in `.chalice/deployments`: after a change of our own code this takes a second. Equal
sources make an equal zip.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from infra import PROJECT
from infra.chalice_adapter import complete_template, complete_template_for_lambda, run_chalice
from infra.source_digest import hash_sources

_OUTPUTS = ("sam.json", "deployment.zip")
_SOURCES = (
    "requirements.txt", "constraints.txt", "app.py", "chalicelib", "heliograph_guards", "infra/packaging.py",
    "infra/chalice_adapter.py", "infra/gateway_responses.py", "infra/templates/api.yaml",
)  # fmt: skip
_CACHE = PROJECT / ".chalice" / "deployments"
_NOT_PACKAGED = shutil.ignore_patterns("__pycache__", "deployed", "deployments")
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


class PackagingError(RuntimeError):
    """Chalice or pip failed; the message holds its output."""


@dataclass(frozen=True)
class Target:
    """What the zip's binaries are for.

    Attributes
    ----------
    python
        The version of Python, such as ``3.13``.
    architecture
        Lambda's name of the processor.
    pip_options
        Options that let pip install for it.
    """

    python: str
    architecture: str
    pip_options: tuple[str, ...]


LAMBDA = Target(
    "3.13",
    "arm64",
    (
        "--python-version", "3.13", "--implementation", "cp", "--abi", "cp313", "--abi", "abi3", "--abi", "none",
        # Lambda's Amazon Linux 2023 has glibc 2.34; pip takes no older tag along with a newer one.
        "--platform", "manylinux_2_34_aarch64", "--platform", "manylinux_2_28_aarch64",
        "--platform", "manylinux_2_17_aarch64", "--platform", "manylinux2014_aarch64",
    ),
)  # fmt: skip
"""Where the functions of a stage on AWS run."""

_LOCAL = Target(f"{sys.version_info.major}.{sys.version_info.minor}", os.uname().machine, ())
_LOCAL_STAGE = "local"


def package_app(stage: str, folder: Path) -> None:
    """Package the app for a stage into a folder, unless the folder holds the same package.

    Parameters
    ----------
    stage
        The stage; ``local`` is packaged for this machine, others for Lambda.
    folder
        Where the template, the zip and their digest go.

    Raises
    ------
    PackagingError
        If Chalice fails, or pip finds no package for the target.
    """
    target = _LOCAL if stage == _LOCAL_STAGE else LAMBDA
    sources = [*(PROJECT / name for name in _SOURCES), *sorted((PROJECT / ".chalice").glob("*.json"))]
    digest = hash_sources(sources, f"{stage} {target}")
    folder.mkdir(parents=True, exist_ok=True)
    # Two stacks, such as a running one and a test's, share the folder and the cache.
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        digest_file = folder / "digest"
        if digest_file.exists() and digest_file.read_text() == digest:
            return
        digest_file.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            output = Path(scratch)
            _make_package(stage, target, output)
            for name in _OUTPUTS:
                shutil.move(output / name, folder / name)
        digest_file.write_text(digest)


def _make_package(stage: str, target: Target, folder: Path) -> None:
    requirements = _ensure_requirements(target)
    _run_chalice_package(stage, folder)
    template = folder / "sam.json"
    complete_template(template, stage)
    if target == LAMBDA:
        complete_template_for_lambda(template, target.python, target.architecture)
    _append_to_zip(requirements, folder / "deployment.zip")


def _run_chalice_package(stage: str, folder: Path) -> None:
    """Package a copy of the app that requires nothing and has the stage in its configuration."""
    project = folder / "project"
    for name in ("chalicelib", "vendor", ".chalice"):
        shutil.copytree(PROJECT / name, project / name, ignore=_NOT_PACKAGED)
    shutil.copy(PROJECT / "app.py", project)
    (project / "requirements.txt").touch()
    config_file = project / ".chalice" / "config.json"
    config = json.loads(config_file.read_text())
    config["stages"] = {stage: {"environment_variables": {"HELIOGRAPH_STAGE": stage}}}
    config_file.write_text(json.dumps(config))
    # Chalice requires a region, although its template names none.
    env = {"AWS_DEFAULT_REGION": "us-east-1", **os.environ}
    result = run_chalice("package", "--stage", stage, str(folder.resolve()), cwd=project, env=env, capture_output=True)
    if result.returncode or not (folder / "sam.json").exists():
        raise PackagingError(
            f"`chalice package --stage {stage}` failed:\n{(result.stderr or result.stdout).strip()}\n"
            "Fix the cause above. Then try again."
        )


def _ensure_requirements(target: Target) -> Path:
    """Return a zip of the installed requirements; make it unless the cache has it."""
    files = [PROJECT / "requirements.txt", PROJECT / "constraints.txt", PROJECT / "infra" / "packaging.py"]
    cached = _CACHE / f"requirements-{hash_sources(files, str(target))[:16]}.zip"
    if cached.exists():
        return cached
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE) as scratch:
        folder = Path(scratch) / "installed"
        _install_requirements(target, folder)
        partial = Path(scratch) / "requirements.zip"
        names = [file.relative_to(folder) for file in folder.rglob("*") if file.is_file()]
        with zipfile.ZipFile(partial, "w") as archive:
            _write_entries(archive, ((str(name), (folder / name).read_bytes()) for name in names if _is_needed(name)))
        partial.replace(cached)
    return cached


def _install_requirements(target: Target, folder: Path) -> None:
    command = [
        sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--no-compile",
        "--only-binary", ":all:", *target.pip_options, "--target", str(folder), "--requirement", "requirements.txt",
    ]  # fmt: skip
    result = subprocess.run(command, check=False, cwd=PROJECT, capture_output=True, text=True)
    if result.returncode:
        raise PackagingError(
            f"The packages of requirements.txt cannot be had for Python {target.python} on {target.architecture}:\n"
            f"{result.stderr.strip()}\n"
            "Check that pip reaches its package index, and that each pinned version has a wheel for this target. "
            "Then try again."
        )


def _is_needed(name: Path) -> bool:
    """Return whether a file is of use on Lambda: commands for a shell and lists of installed files are not."""
    return name.parts[0] != "bin" and name.name not in {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}


def _append_to_zip(requirements: Path, app: Path) -> None:
    """Make the app's zip anew: the requirements' entries first, then its own."""
    with zipfile.ZipFile(app) as archive:
        entries = [(name, archive.read(name)) for name in archive.namelist() if not name.endswith("/")]
    shutil.copy(requirements, app)
    with zipfile.ZipFile(app, "a") as archive:
        _write_entries(archive, entries)


def _write_entries(archive: zipfile.ZipFile, entries: Iterable[tuple[str, bytes]]) -> None:
    """Write files in order of name, without times and owners: equal files make an equal zip."""
    for name, data in sorted(entries):
        entry = zipfile.ZipInfo(name, _ZIP_TIME)
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, data, zipfile.ZIP_DEFLATED)


def hash_file(file: Path) -> str:
    """Return the SHA-256 of a file."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def main(arguments: list[str]) -> None:
    """Package the app: ``python -m infra.packaging STAGE FOLDER``."""
    if len(arguments) != 2:
        sys.exit("usage: python -m infra.packaging STAGE FOLDER")
    stage = arguments[0]
    folder = Path(arguments[1])
    try:
        package_app(stage, folder)
    except PackagingError as error:
        sys.exit(str(error))
    size = (folder / "deployment.zip").stat().st_size / 1e6
    print(f"{folder}/sam.json and {folder}/deployment.zip ({size:.1f} MB), stage {stage}")


if __name__ == "__main__":
    main(sys.argv[1:])
