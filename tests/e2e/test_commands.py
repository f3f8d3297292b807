"""The command line against a whole stack, and a service of the kit from its file to its results."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from heliograph import Heliograph
from tests.codebase import PROJECT
from tests.running_stack import RunningStack

PEAK_FINDER = PROJECT / "tests" / "heliograph" / "peak_finder.py"
COMMAND = [sys.executable, "-c", "from heliograph.cli.commands import main; main(prog_name='heliograph')"]
ATLAS_ROW = "58630.411021  18.533 0.045   141      6 o  0  1.51 184.58610  31.22130  3112.40  4875.90"


class Shell:
    """Runs commands as a user does, whose configuration lies in a folder of its own."""

    def __init__(self, stack: RunningStack, folder: Path) -> None:
        self.stack = stack
        self.folder = folder
        # a browser that does nothing
        self.environment = {**os.environ, "XDG_CONFIG_HOME": str(folder), "PYTHONPATH": str(PROJECT), "BROWSER": "true"}

    def run(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert self.stack.token not in done.stdout + done.stderr
        return done.stdout if code == 0 else done.stderr


@pytest.fixture(scope="module")
def shell(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A shell that is signed in."""
    shell = Shell(stack, tmp_path_factory.mktemp("shell"))
    assert "Signed in" in shell.run("login", "--url", stack.url, "--token", stack.token)
    (file,) = (shell.folder / "heliograph").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    return shell


@pytest.fixture
def port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def served(shell: Shell, port: int) -> Iterator[str]:
    """The address of the peak finder, served by the command."""
    spool = str(shell.folder / "spool")
    arguments = ["service", "run", str(PEAK_FINDER), "--port", str(port), "--spool", spool, "--workers", "1"]
    with subprocess.Popen([*COMMAND, *arguments], env=shell.environment, stderr=subprocess.DEVNULL) as process:
        address = f"http://localhost:{port}"
        deadline = time.monotonic() + 60
        while not answers(address):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.2)
        yield address
        process.terminate()
        assert process.wait(timeout=60) == 0


def answers(address: str) -> bool:
    try:
        return bool(urllib.request.urlopen(f"{address}/health", timeout=5).status == 200)
    except OSError:
        return False


def test_from_a_list_of_sources_to_the_files_of_an_analysis(shell: Shell) -> None:
    assert "2019dwz" in shell.run("sources", "dwz")
    assert [source["id"] for source in json.loads(shell.run("sources", "2019dwz", "--json"))] == ["2019dwz"]
    line = shell.run("start", "2019dwz", "Supernova fitter", "source=salt3", "--n-draws", "400", "--wait", "--json")
    number = str(json.loads(line)["id"])
    assert "completed" in shell.run("watch", number)
    assert "parameters.t0.median" in shell.run("results", number)
    assert json.loads(shell.run("results", number, "--json"))["source"] == "salt3"
    shell.run("download", number, "files")
    assert {"results.json", "inference_data.nc"} <= {file.name for file in (shell.folder / "files").iterdir()}
    assert shell.run("open", number).strip().endswith(number)


def test_a_file_is_tried_before_it_is_uploaded(shell: Shell) -> None:
    file = shell.folder / "atlas.txt"
    head = "###MJD m dm uJy duJy F err chi/N RA Dec x y"
    file.write_text(f"{head}\n{ATLAS_ROW}\n")
    uploaded = json.loads(shell.run("upload", "2019dwz", str(file), "--dry-run", "--json"))
    assert uploaded["rows"][0]["filter"] == "atlaso"
    file.write_text("no light curve\n")
    assert "heliograph:" in shell.run("upload", "2019dwz", str(file), code=2)


def test_what_is_wrong_is_said_by_exit_codes(shell: Shell) -> None:
    assert "no source" in shell.run("start", "nobody", "Supernova fitter", code=4)
    assert "source" in shell.run("start", "2019dwz", "Supernova fitter", "sauce=salt3", code=2)
    assert "supernova fitter" in shell.run("start", "2019dwz", "Supernova fiter", code=2)
    assert shell.run("watch", "987654321", code=4)


def test_a_service_is_tried_served_registered_and_run(shell: Shell, served: str) -> None:
    trial = json.loads(shell.run("service", "try", str(PEAK_FINDER), "2019dwz", "--degree", "5", "--json"))
    assert 58580 < trial["results"]["t0"] < 58640
    assert all(Path(shell.folder, plot).read_bytes().startswith(b"\x89PNG") for plot in trial["plots"])
    registered = json.loads(shell.run("service", "register", str(PEAK_FINDER), "--url", served, "--json"))
    assert registered["is_new"]
    again = json.loads(shell.run("service", "register", str(PEAK_FINDER), "--url", served, "--json"))
    assert (again["id"], again["is_new"]) == (registered["id"], False)

    sky = Heliograph(shell.stack.url, shell.stack.token)
    analysis = sky.source("2019dwz").analyze("Peak finder", degree=5).wait(timeout=300, progress=False)
    assert analysis.results["t0"] == pytest.approx(trial["results"]["t0"])
    assert analysis.plots[0].format == "png" and analysis.corner().format == "png"
    sky.service("Peak finder").delete()


def test_files_for_lambda_are_written(shell: Shell) -> None:
    files = shell.run("service", "lambda", str(PEAK_FINDER), "lambda").split()
    assert {Path(file).name for file in files} >= {"Dockerfile", PEAK_FINDER.name}
