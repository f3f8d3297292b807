"""The running API against its own OpenAPI document: thousands of requests, made by schemathesis."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.client import Api
from infra.local.control import RunningStack

SETTINGS = Path(__file__).with_name("schemathesis.toml")
OWN_TOKEN = "/internal/tokens/{token_id}"


@pytest.mark.parametrize(
    ("chosen", "cases"),
    [
        # The token that asks must not be deleted while it is needed: its route comes last, by itself.
        (["--exclude-path", OWN_TOKEN], 12),
        (["--include-path", OWN_TOKEN], 50),
    ],
)
def test_no_answer_is_another_than_documented(
    stack: RunningStack, api: Api, tmp_path: Path, chosen: list[str], cases: int
) -> None:
    acls = api.get("/internal/profile")["permissions"]
    token = api.post("/internal/tokens", {"name": "of the contract", "acls": acls})["token_id"]
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(SETTINGS), "run",
        f"{stack.url}/api/openapi.json", "--url", f"{stack.url}/api",
        "--header", f"Authorization: token {token}", "--checks", "all",
        "--phases", "examples,coverage,fuzzing", "--max-examples", str(cases), "--workers", "2",
        "--request-timeout", "30", "--continue-on-failure", "--no-color", "--seed", "1", *chosen,
    ]  # fmt: skip
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=900, check=False)
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2000:]
    assert "generated" in run.stdout
