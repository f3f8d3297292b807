"""The fitter as a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from fitter_lambda.input.fit_parameters import PARAMETERS
from tests.fitter.light_curves import sn2019dwz

ROOT = Path(__file__).resolve().parents[2]


def process(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        input=stdin, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False,
        env={**{k: v for k, v in os.environ.items() if k != "SNCOSMO_DATA_DIR"}, **environment},
    )  # fmt: skip


def run_cli(payload: dict[str, Any], **environment: str) -> dict[str, Any]:
    done = process("fitter_lambda", "-", stdin=json.dumps(payload), **environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1, "the document has to be one line, and alone"
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_a_payload_from_a_file_with_timed_runs(tmp_path: Path) -> None:
    path = tmp_path / "payload.json"
    path.write_text(json.dumps(sn2019dwz(fix_z="True", n_draws=100, mjd_max=58630)))
    done = process("fitter_lambda", str(path), "--repeat", "2")
    assert json.loads(done.stdout)["status"] == "success"
    seconds = [float(line) for line in done.stderr.splitlines()]
    assert len(seconds) == 2 and all(second > 0 for second in seconds)


def test_a_refused_payload_is_a_document_with_the_reason() -> None:
    document = run_cli({"inputs": {}})
    assert document["status"] == "failure" and "photometry" in document["message"]
    assert "Traceback" not in process("fitter_lambda", "-", stdin="[]").stderr


def test_a_file_that_is_not_json_is_refused() -> None:
    done = process("fitter_lambda", "-", stdin="{")
    assert done.returncode == 2 and done.stdout == "" and "JSON" in done.stderr


def test_parameters_are_printed_as_json() -> None:
    assert json.loads(process("fitter_lambda", "parameters").stdout) == PARAMETERS
