"""The fitter's image in ECR: its base is pinned, its tag tells all that it is made of."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra import base_image, fitter_image
from infra.base_image import BaseImageError
from infra.fitter_image import ImageError, ensure_fitter_image

DIGEST = "sha256:" + "5e" * 32
PLATFORMS = [{"platform": {"os": "linux", "architecture": name}} for name in ("amd64", "arm64")]
MANIFEST = {"digest": DIGEST, "manifests": PLATFORMS}
#: Prints what the registry says, and writes down each command.
FAKE_DOCKER = """#!/bin/sh
echo "$@" >>{folder}/commands
case "$*" in
*imagetools*) cat {folder}/manifest.json ;;
esac
"""


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docker command that does nothing; its folder has the file of its commands."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(FAKE_DOCKER.format(folder=tmp_path))
    program.chmod(0o755)
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST))
    (tmp_path / "commands").touch()
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return tmp_path


@pytest.fixture
def lock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pin in a project of its own, which has one source."""
    folder = tmp_path / "project" / "fitter_lambda"
    folder.mkdir(parents=True)
    (folder / "handler.py").write_text("pass")
    path = folder / "base_image.txt"
    path.write_text(f"{base_image.BASE_IMAGE}@{DIGEST}\n")
    monkeypatch.setattr(base_image, "LOCK_FILE", path)
    monkeypatch.setattr(base_image, "PROJECT", folder.parent)
    monkeypatch.setattr("infra.source_digest.PROJECT", folder.parent)
    monkeypatch.setattr(fitter_image, "_INPUTS", (folder,))
    return path


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        session.client("ecr").create_repository(repositoryName="heliograph-prod")
        yield session


def test_the_image_is_built_from_the_pinned_base(docker: Path, lock_file: Path, session: Any) -> None:
    uri = ensure_fitter_image(session, "prod")
    build, login, push = (docker / "commands").read_text().splitlines()
    assert build.startswith("build --platform linux/arm64 --provenance=false ")
    assert f"--build-arg BASE_IMAGE={base_image.BASE_IMAGE}@{DIGEST} -t {uri}" in build
    assert login.startswith("login --username AWS --password-stdin") and push == f"push {uri}"


def test_the_tag_tells_all_that_the_image_is_made_of() -> None:
    names = {path.relative_to(fitter_image.PROJECT).as_posix() for path in fitter_image._INPUTS}
    assert names == {"fitter_lambda", "constraints.txt", "heliograph", "heliograph_guards"}
    assert base_image.LOCK_FILE.parent == fitter_image.PROJECT / "fitter_lambda"


def test_another_base_is_another_tag(docker: Path, lock_file: Path, session: Any) -> None:
    """Tags are immutable: an image of the old base would stay for ever."""
    tags = {ensure_fitter_image(session, "prod"), ensure_fitter_image(session, "prod")}
    assert len(tags) == 1
    lock_file.write_text(lock_file.read_text().replace("5e", "5f"))
    tags.add(ensure_fitter_image(session, "prod"))
    (lock_file.parent / "handler.py").write_text("pass  # changed")
    tags.add(ensure_fitter_image(session, "prod"))
    assert len(tags) == 3


@pytest.mark.parametrize(
    "pin",
    [
        "", "public.ecr.aws/lambda/python:3.13", f"public.ecr.aws/lambda/python:3.12@{DIGEST}",
        "public.ecr.aws/lambda/python:3.13@sha256:12", f"public.ecr.aws/lambda/python:3.13@{DIGEST}0",
        f"other.example/lambda/python:3.13@{DIGEST}", f"public.ecr.aws/lambda/python:3.13@{DIGEST.upper()}",
    ],
)  # fmt: skip
def test_a_wrong_pin_is_refused(docker: Path, lock_file: Path, session: Any, pin: str) -> None:
    lock_file.write_text(pin)
    with pytest.raises(ImageError, match=r"expected public.ecr.aws/lambda/python:3.13@sha256(?s:.*)make pin_image"):
        ensure_fitter_image(session, "prod")
    assert (docker / "commands").read_text() == ""


def test_without_a_pin_nothing_is_built(docker: Path, lock_file: Path, session: Any) -> None:
    lock_file.unlink()
    with pytest.raises(ImageError, match=r"no fitter_lambda/base_image.txt(?s:.*)make pin_image(?s:.*)FITTER_IMAGE"):
        ensure_fitter_image(session, "prod")
    assert (docker / "commands").read_text() == ""


def test_the_registry_says_the_digest(docker: Path, lock_file: Path) -> None:
    lock_file.unlink()
    assert base_image.main() == 0
    assert lock_file.read_text() == f"public.ecr.aws/lambda/python:3.13@{DIGEST}\n"


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (MANIFEST | {"manifests": PLATFORMS[:1]}, "is of linux/amd64, expected linux/arm64"),
        ({"digest": DIGEST}, "is of no platform, expected linux/arm64"),
        (MANIFEST | {"digest": "3.13"}, "this is none"),
        (MANIFEST | {"digest": None}, "this is none"),
    ],
)
def test_what_is_no_pin_is_not_written(docker: Path, lock_file: Path, manifest: dict[str, Any], words: str) -> None:
    (docker / "manifest.json").write_text(json.dumps(manifest))
    before = lock_file.read_text()
    with pytest.raises(BaseImageError, match=words):
        base_image.pin_base_image()
    assert lock_file.read_text() == before


def test_a_machine_without_docker_is_told_so(
    docker: Path, lock_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(docker))
    assert base_image.main() == 1
    assert "No docker command found" in capsys.readouterr().err
