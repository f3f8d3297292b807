"""The running API against its own OpenAPI document: thousands of requests by schemathesis."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from heliograph import Heliograph
from infra import demo_data
from infra.client import Api
from tests.running_stack import RunningStack, running_stack

SETTINGS = Path(__file__).with_name("schemathesis.toml")
OWN_TOKEN = "/internal/tokens/{token_id}"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A separate stack: these requests may delete or change anything."""
    with running_stack(tmp_path_factory.mktemp("fuzzed")) as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORT", str(running.settings.port))
        patch.setenv("HELIOGRAPH_LOCAL_DIR", str(running.settings.state_dir))
        demo_data.load_demo_data(Heliograph(running.url, running.token), report=lambda line: None)
        yield running


ANALYSES = "^/(obj|analysis|webhook|fitter)"
"""The routes of the life of an analysis: these are also tried with the borders of each value."""

OTHERS_SKIPPED = rf"{ANALYSES}|^{re.escape(OWN_TOKEN)}$|^/spectrum(/|$)|/attachment\.pdf$"
"""Besides: second addresses of the same view."""


@pytest.mark.parametrize(
    ("operations", "phases", "cases"),
    [
        pytest.param(["--include-path-regex", ANALYSES], "examples,coverage,fuzzing", 2, marks=pytest.mark.thorough),
        pytest.param(["--exclude-path-regex", OTHERS_SKIPPED], "examples,fuzzing", 2, marks=pytest.mark.thorough),
        (["--include-path-regex", ANALYSES], "examples,fuzzing", 1),
        # Requests to this route may delete the token in use: they come last, on their own.
        (["--include-path", OWN_TOKEN], "examples,coverage,fuzzing", 25),
    ],
)
def test_every_answer_is_as_documented(
    stack: RunningStack, tmp_path: Path, operations: list[str], phases: str, cases: int
) -> None:
    api = Api(f"{stack.url}/api", stack.token)
    acls = api.get("/internal/profile")["permissions"]
    token = api.post("/internal/tokens", {"name": "of the contract", "acls": acls})["token_id"]
    # One worker: CPython 3.11 counts the depth of its parser across threads and fails at random
    # (python/cpython#106905, mended in 3.12).
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(SETTINGS), "run",
        f"{stack.url}/api/openapi.json", "--url", f"{stack.url}/api",
        "--header", f"Authorization: token {token}", "--checks", "all",
        "--phases", phases, "--max-examples", str(cases), "--workers", "1",
        "--request-timeout", "30", "--continue-on-failure", "--no-color", "--seed", "1", *operations,
    ]  # fmt: skip
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=900, check=False)
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2000:]
    assert "generated" in run.stdout
