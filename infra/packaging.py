"""Package the Chalice app as a template and a zip, again only after a change.

``python -m infra.packaging STAGE FOLDER`` writes::

    FOLDER/sam.json         the app's template, as `aws cloudformation package` takes it
    FOLDER/deployment.zip   the code of its functions, dependencies included
    FOLDER/digest           digest of everything that the two were made from

Chalice keeps the installed dependencies in `.chalice/deployments`, by the hash of requirements.txt: after a
change of our own code it takes a second, not the minute of an installation.
"""

import fcntl
import os
import shutil
import sys
import tempfile
from pathlib import Path

from infra import PROJECT
from infra.chalice_adapter import complete_template, run_chalice
from infra.source_digest import hash_sources

_OUTPUTS = ("sam.json", "deployment.zip")
_SOURCES = (
    "requirements.txt", "constraints.txt", "app.py", "chalicelib", "infra/packaging.py",
    "infra/chalice_adapter.py", "infra/gateway_responses.py",
)  # fmt: skip


class PackagingError(RuntimeError):
    """Chalice failed; the message holds its output."""


def package_app(stage: str, folder: Path) -> None:
    """Package the app for a stage into a folder, unless the folder holds the same package.

    Parameters
    ----------
    stage
        The Chalice stage.
    folder
        Where the template, the zip and their digest go.

    Raises
    ------
    PackagingError
        If Chalice fails.
    """
    sources = [*(PROJECT / name for name in _SOURCES), *sorted((PROJECT / ".chalice").glob("*.json"))]
    digest = hash_sources(sources, f"{stage} {sys.version_info[:2]}")
    folder.mkdir(parents=True, exist_ok=True)
    # Two stacks, such as a running one and a test's, share the folder and Chalice's cache.
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        digest_file = folder / "digest"
        if digest_file.exists() and digest_file.read_text() == digest:
            return
        digest_file.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            _run_chalice_package(stage, Path(scratch))
            complete_template(Path(scratch) / "sam.json", stage)
            for name in _OUTPUTS:
                shutil.move(Path(scratch) / name, folder / name)
        digest_file.write_text(digest)


def _run_chalice_package(stage: str, folder: Path) -> None:
    # Chalice requires a region, although its template names none.
    env = {"AWS_DEFAULT_REGION": "us-east-1", **os.environ}
    result = run_chalice("package", "--stage", stage, str(folder.resolve()), env=env, capture_output=True)
    if result.returncode or not (folder / "sam.json").exists():
        raise PackagingError(
            f"`chalice package --stage {stage}` failed:\n{(result.stderr or result.stdout).strip()}\n"
            "If a package could not be downloaded, check pip's index; otherwise fix the cause above. "
            "Then try again."
        )


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
