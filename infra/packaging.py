"""The Chalice app as a template and a zip, made again only when something changed.

``python -m infra.packaging STAGE FOLDER`` writes::

    FOLDER/sam.json         the app's template, as `aws cloudformation package` takes it
    FOLDER/deployment.zip   the code of its functions, dependencies included
    FOLDER/digest           of everything that the two were made from

Chalice keeps the installed dependencies in `.chalice/deployments`, by the hash of requirements.txt, so
that a change of our own code costs a second and not the minute of an installation.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from infra.gateway_responses import make_gateway_responses

__all__ = ["PackagingError", "build", "source_digest"]

PROJECT = Path(__file__).resolve().parent.parent


class PackagingError(RuntimeError):
    """The package could not be made; the message holds what Chalice said."""


def _sources(project: Path) -> Iterator[Path]:
    yield project / "requirements.txt"
    yield project / "constraints.txt"
    yield project / "app.py"
    yield Path(__file__)
    yield Path(__file__).with_name("gateway_responses.py")
    yield from sorted((project / ".chalice").glob("*.json"))
    for path in sorted((project / "chalicelib").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def source_digest(stage: str, project: Path = PROJECT) -> str:
    """Return a digest of everything that the package of a stage is made from."""
    digest = hashlib.sha256(f"{stage} {sys.version_info[:2]}".encode())
    for path in _sources(project):
        content = path.read_bytes()
        digest.update(f"\0{path.name} {path.parent.name} {len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def build(stage: str, folder: Path, project: Path = PROJECT) -> str:
    """Package the app for a stage into a folder, unless what is there is up to date.

    Parameters
    ----------
    stage
        The Chalice stage.
    folder
        Where the template, the zip and their digest go.
    project
        The folder that holds app.py.

    Returns
    -------
    str
        The digest of what the package was made from.

    Raises
    ------
    PackagingError
        When Chalice fails; the message is its own.
    """
    digest = source_digest(stage, project)
    folder.mkdir(parents=True, exist_ok=True)
    # Two stacks (a running one and a test's) may package at once, into one folder and one cache.
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made_from = folder / "digest"
        if made_from.exists() and made_from.read_text() == digest:
            return digest
        made_from.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            _chalice_package(stage, Path(scratch), project)
            _complete_template(Path(scratch) / "sam.json", stage)
            for name in ("sam.json", "deployment.zip"):
                shutil.move(Path(scratch) / name, folder / name)
        made_from.write_text(digest)
    return digest


def _chalice_package(stage: str, out: Path, project: Path) -> None:
    chalice = Path(sys.executable).with_name("chalice")
    command = [str(chalice), "package", "--stage", stage, str(out.resolve())]
    # Chalice wants a region even for a template that names none.
    env = {"AWS_DEFAULT_REGION": "us-east-1", **os.environ}
    done = subprocess.run(command, check=False, cwd=project, env=env, capture_output=True, text=True)
    if done.returncode or not (out / "sam.json").exists():
        said = (done.stderr or done.stdout).strip()
        raise PackagingError(
            f"`chalice package --stage {stage}` failed:\n{said}\n"
            "Expected a template and a zip. If a package could not be fetched, check pip's index; "
            "otherwise mend what is said above, and try again."
        )


def _complete_template(path: Path, stage: str) -> None:
    template = json.loads(path.read_text())
    # The API calls this one by the name that `chalice deploy` gives it; a template would make one up.
    template["Resources"]["Documents"]["Properties"]["FunctionName"] = f"heliograph-{stage}-documents"
    api = template["Resources"]["RestAPI"]["Properties"]
    api["DefinitionBody"]["x-amazon-apigateway-gateway-responses"] = make_gateway_responses()
    path.write_text(json.dumps(template, indent=2) + "\n")


def main(arguments: list[str]) -> int:
    """Package by hand: ``python -m infra.packaging STAGE FOLDER``."""
    if len(arguments) != 2:
        print("usage: python -m infra.packaging STAGE FOLDER", file=sys.stderr)
        return 2
    stage, folder = arguments[0], Path(arguments[1])
    try:
        build(stage, folder)
    except PackagingError as error:
        print(error, file=sys.stderr)
        return 1
    size = (folder / "deployment.zip").stat().st_size / 1e6
    print(f"{folder}/sam.json and {folder}/deployment.zip ({size:.1f} MB), stage {stage}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
