"""The fitter's container image in ECR, built when its sources changed."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

__all__ = ["ImageError", "ensure_image"]

PROJECT = Path(__file__).resolve().parent.parent
_SOURCES = PROJECT / "fitter_lambda"


class ImageError(RuntimeError):
    """The image could not be built or pushed; the message says what is missing."""


def ensure_image(session: Any, stage: str, tell: Callable[[str], None] = print) -> str:
    """Return the URI of the image of these sources, built and pushed first if ECR has it not.

    Parameters
    ----------
    session
        A boto3 session.
    stage
        The stage; each has a repository of its own.
    tell
        Called with a line for what is done.

    Raises
    ------
    ImageError
        When Docker is missing or fails.
    """
    ecr = session.client("ecr")
    repository = _repository(ecr, f"heliograph-{stage}", tell)
    tag = _digest()
    uri = f"{repository['repositoryUri']}:{tag}"
    if _is_there(ecr, repository["repositoryName"], tag):
        tell(f"the fitter's image is up to date: {uri}")
        return uri
    if shutil.which("docker") is None:
        raise ImageError(
            "No docker command found, and ECR has no image of these sources.\n"
            "Install Docker, or give an image that was built elsewhere: FITTER_IMAGE=<uri in ECR> make deploy"
        )
    tell(f"building {uri} …")
    # Lambda takes single images only, no list of them, which is what an attestation would make.
    _docker(
        "build", "--platform", "linux/amd64", "--provenance=false", "-t", uri,
        "-f", str(_SOURCES / "Dockerfile"), str(PROJECT),
    )  # fmt: skip
    _log_in(ecr)
    tell("pushing it …")
    _docker("push", uri)
    return uri


def _digest() -> str:
    digest = hashlib.sha256()
    for path in sorted(_SOURCES.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            content = path.read_bytes()
            digest.update(f"{path.relative_to(_SOURCES)} {len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()[:16]


def _repository(ecr: Any, name: str, tell: Callable[[str], None]) -> dict[str, Any]:
    try:
        found: dict[str, Any] = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    except ecr.exceptions.RepositoryNotFoundException:
        tell(f"creating the ECR repository {name}")
        found = ecr.create_repository(
            repositoryName=name,
            imageScanningConfiguration={"scanOnPush": True},
            imageTagMutability="IMMUTABLE",
        )["repository"]
    return found


def _is_there(ecr: Any, repository: str, tag: str) -> bool:
    try:
        ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ImageNotFoundException":
            return False
        raise
    return True


def _log_in(ecr: Any) -> None:
    authorization = ecr.get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(authorization["authorizationToken"]).decode().partition(":")
    # By standard input: a command line is seen by everyone on the machine.
    _docker("login", "--username", user, "--password-stdin", authorization["proxyEndpoint"], given=password)


def _docker(*arguments: str, given: str | None = None) -> None:
    done = subprocess.run(["docker", *arguments], check=False, input=given, text=True)
    if done.returncode:
        raise ImageError(
            f"`docker {arguments[0]}` ended with {done.returncode}; its own message is above.\n"
            "Mend that, or give an image that was built elsewhere: FITTER_IMAGE=<uri in ECR> make deploy"
        )
