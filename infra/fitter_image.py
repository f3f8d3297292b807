"""The fitter's container image in ECR, built when its sources change."""

import base64
import shutil
import subprocess
from typing import Any

from infra import PROJECT
from infra.base_image import PLATFORM, BaseImageError, read_base_image
from infra.source_digest import hash_sources

_SOURCES = PROJECT / "fitter_lambda"
_INPUTS = (_SOURCES, PROJECT / "constraints.txt", PROJECT / "heliograph", PROJECT / "heliograph_guards")
_HINT = "or pass an image that was built elsewhere: FITTER_IMAGE=<uri in ECR> make deploy"


class ImageError(RuntimeError):
    """The image could not be built or pushed; the message says why."""


def ensure_fitter_image(session: Any, stage: str) -> str:
    """Return the URI of the image of these sources; build and push it if ECR does not have it.

    Parameters
    ----------
    session
        A boto3 session.
    stage
        The stage; each has its own repository.

    Raises
    ------
    ImageError
        If the base image is not pinned, or Docker is missing or fails.
    """
    ecr = session.client("ecr")
    repository = f"heliograph-{stage}"
    base_image = _require_base_image()
    # the sources hold the digest of the base image
    tag = hash_sources(_INPUTS, PLATFORM)[:16]
    uri = f"{_find_repository(ecr, repository)}:{tag}"
    if _has_image(ecr, repository, tag):
        print(f"the fitter's image is up to date: {uri}")
        return uri
    if shutil.which("docker") is None:
        raise ImageError(f"No docker command found, and ECR has no image of these sources.\nInstall Docker, {_HINT}")
    print(f"building {uri} …")
    # An attestation would make it a list of images, which Lambda does not accept.
    _run_docker(
        "build", "--platform", PLATFORM, "--provenance=false", "--build-arg", f"BASE_IMAGE={base_image}",
        "-t", uri, "-f", str(_SOURCES / "Dockerfile"), str(PROJECT),
    )  # fmt: skip
    _log_in_to_registry(ecr)
    print("pushing it …")
    _run_docker("push", uri)
    return uri


def _require_base_image() -> str:
    try:
        return read_base_image()
    except BaseImageError as error:
        raise ImageError(f"{error}\nOr {_HINT.removeprefix('or ')}") from error


def _find_repository(ecr: Any, name: str) -> str:
    """Return the URI of the repository that the stack of what is kept has made."""
    return str(ecr.describe_repositories(repositoryNames=[name])["repositories"][0]["repositoryUri"])


def _has_image(ecr: Any, repository: str, tag: str) -> bool:
    try:
        ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
    except ecr.exceptions.ImageNotFoundException:
        return False
    return True


def _log_in_to_registry(ecr: Any) -> None:
    authorization = ecr.get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(authorization["authorizationToken"]).decode().partition(":")
    # By standard input: other users of the machine can see command lines.
    _run_docker("login", "--username", user, "--password-stdin", authorization["proxyEndpoint"], stdin=password)


def _run_docker(*arguments: str, stdin: str | None = None) -> None:
    result = subprocess.run(["docker", *arguments], check=False, input=stdin, text=True)
    if result.returncode:
        raise ImageError(
            f"`docker {arguments[0]}` ended with {result.returncode}; its own message is above.\nFix that, {_HINT}"
        )
