"""The base image of the fitter's container, pinned by its digest: ``python -m infra.base_image`` pins it anew.

`fitter_lambda/base_image.txt` holds one line, ``NAME:TAG@sha256:DIGEST``: the digest of the list of images, which has
one for each architecture. The build takes exactly this one.
"""

import json
import re
import shutil
import subprocess
import sys
from typing import Any

from infra import PROJECT

BASE_IMAGE = "public.ecr.aws/lambda/python:3.13"
PLATFORM = "linux/arm64"
LOCK_FILE = PROJECT / "fitter_lambda" / "base_image.txt"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class BaseImageError(RuntimeError):
    """The base image is not pinned, or cannot be; the message says why."""


def read_base_image() -> str:
    """Return the pinned base image.

    Raises
    ------
    BaseImageError
        If there is no pin, or it is of another image.
    """
    name = LOCK_FILE.relative_to(PROJECT)
    if not LOCK_FILE.exists():
        raise BaseImageError(
            f"The base image is not pinned: there is no {name}.\nOn a machine with Docker and a network, run "
            "`make pin_image` once, and commit the file."
        )
    pinned = LOCK_FILE.read_text().strip()
    image, _, digest = pinned.partition("@")
    if image != BASE_IMAGE or not _DIGEST.fullmatch(digest):
        raise BaseImageError(
            f"{name} has {pinned!r}, expected {BASE_IMAGE}@sha256:<64 digits>.\nWrite it again by `make pin_image`."
        )
    return pinned


def pin_base_image() -> str:
    """Ask the registry for the image's digest, write it to the lock file, and return what is pinned.

    Raises
    ------
    BaseImageError
        If Docker or the registry cannot be reached, or the image is not of our architecture.
    """
    manifest = _inspect_image()
    platforms = {f"{item['os']}/{item['architecture']}" for item in _list_platforms(manifest)}
    if PLATFORM not in platforms:
        raise BaseImageError(
            f"{BASE_IMAGE} is of {', '.join(sorted(platforms)) or 'no platform'}, expected {PLATFORM}."
        )
    digest = str(manifest.get("digest"))
    if not _DIGEST.fullmatch(digest):
        raise BaseImageError(f"The registry says that the digest of {BASE_IMAGE} is {digest!r}; this is none.")
    LOCK_FILE.write_text(f"{BASE_IMAGE}@{digest}\n")
    return read_base_image()


def _inspect_image() -> dict[str, Any]:
    if shutil.which("docker") is None:
        raise BaseImageError("No docker command found; it asks the registry for the digest. Install Docker.")
    command = ["docker", "buildx", "imagetools", "inspect", BASE_IMAGE, "--format", "{{json .Manifest}}"]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode:
        raise BaseImageError(f"`docker buildx imagetools inspect {BASE_IMAGE}` failed:\n{result.stderr.strip()}")
    manifest: dict[str, Any] = json.loads(result.stdout)
    return manifest


def _list_platforms(manifest: dict[str, Any]) -> list[dict[str, str]]:
    return [item["platform"] for item in manifest.get("manifests", []) if "platform" in item]


def main() -> int:
    """Pin the base image; return 1 if that fails."""
    try:
        print(f"pinned {pin_base_image()}; compare and commit {LOCK_FILE.name}")
    except BaseImageError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
