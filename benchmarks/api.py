"""Benchmark the API function: the size of its package, its cold start, the AWS calls of each step.

::

    python -m benchmarks.api

The cold start is a ratio to a peer in the same run: a bare process that imports boto3 and
pynamodb and makes two clients; ours imports the unpacked package and makes the same two. The
calls are counted on moto, after a first analysis has filled the caches.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moto import mock_aws

PROJECT = Path(__file__).resolve().parents[1]
ROUNDS = 15

BARE = """
import boto3, pynamodb.models
boto3.client("dynamodb"); boto3.client("s3")
"""
OURS = """
import app
from chalicelib.aws import get_client
get_client("dynamodb"); get_client("s3")
"""


def package_app(folder: Path) -> float:
    """Package the app into `folder`, unpack it there, and return the size of the zip in MB."""
    command = [sys.executable, "-m", "infra.packaging", "local", str(folder)]
    subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL)
    archive = folder / "deployment.zip"
    with zipfile.ZipFile(archive) as zip_file:
        zip_file.extractall(folder / "code")
    return archive.stat().st_size / 1e6


def measure_cold_starts(code: Path) -> tuple[list[float], list[float]]:
    """Return the seconds of bare processes and of ours, measured alternately."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(code),
        "AWS_DEFAULT_REGION": "us-east-1",
        "HELIOGRAPH_STAGE": "local",
    }

    def measure(program: str) -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], cwd=code, env=environment, check=True)
        return time.perf_counter() - start

    for program in (BARE, OURS):
        measure(program)  # The first run compiles the bytecode.
    pairs = [(measure(BARE), measure(OURS)) for _ in range(ROUNDS)]
    return [bare for bare, _ in pairs], [ours for _, ours in pairs]


def count_calls() -> dict[str, Counter[str]]:
    """Return the AWS calls of each step of an analysis, by name."""
    from app import app
    from chalicelib import people
    from chalicelib.aws import get_client
    from tests.api import story
    from tests.gateway import Gateway
    from tests.service import analysis_service
    from tests.stage import load_template_resources, make_stage

    calls: Counter[str] = Counter()
    steps: dict[str, Counter[str]] = {}

    def count_call(event_name: str, **_: Any) -> None:
        calls[event_name.removeprefix("before-call.").replace(".", ":")] += 1

    def run_step(name: str, do: Callable[[], Any]) -> Any:
        calls.clear()
        result = do()
        steps[name] = Counter(calls)
        return result

    make_stage(load_template_resources())
    admin = Gateway(app, people.ensure_administrator("admin"))
    story.make_source(admin)
    with analysis_service() as server:
        service = story.make_service(admin, server.url)
        story.start_analysis(admin, service)
        story.deliver()
        for name in ("dynamodb", "s3", "sqs", "kms", "secretsmanager", "sts"):
            get_client(name).meta.events.register("before-call", count_call)
        analysis = run_step("start", lambda: story.start_analysis(admin, service))
        run_step("dispatch (with the queue's own 3)", story.deliver)
        path = server.received[-1].callback_path
        plot = {"format": "png", "data": "iVBORw0KGgo="}
        body = {"status": "success", "analysis": {"plots": [plot, plot], "results": {"data": 1}}}
        run_step("callback (2 plots, results)", lambda: admin.post(path, body))
    run_step("poll the status", lambda: admin.get(f"/obj/analysis/{analysis}/status"))
    run_step("read", lambda: admin.get(f"/obj/analysis/{analysis}"))
    run_step("read with its data", lambda: admin.get(f"/obj/analysis/{analysis}?includeAnalysisData=True"))
    run_step("a plot", lambda: admin.get(f"/obj/analysis/{analysis}/plots/0"))
    run_step("list of the source", lambda: admin.get("/obj/SN1/analysis"))
    run_step("delete", lambda: admin.delete(f"/obj/analysis/{analysis}"))
    return steps


def main() -> None:
    """Measure and print everything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"package: {package_app(folder):.1f} MB zipped (aim: under 30)")
        bare, ours = measure_cold_starts(folder / "code")
    ratios = sorted(our / peer for peer, our in zip(bare, ours, strict=True))
    low, high = ratios[len(ratios) // 4], ratios[-len(ratios) // 4]
    print(
        f"cold start: {statistics.median(ratios):.2f} times a bare process (half of {ROUNDS} pairs between "
        f"{low:.2f} and {high:.2f}; aim: at most 1.3); medians {1e3 * statistics.median(ours):.0f} ms "
        f"and {1e3 * statistics.median(bare):.0f} ms"
    )
    print("AWS calls of each step, with the two that authenticate the request:")
    settings = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "testing")
    os.environ |= {**settings, "AWS_DEFAULT_REGION": "us-east-1", "EGRESS_ALLOWED_HOSTS": "127.0.0.1:*"}
    with mock_aws():
        for step, calls in count_calls().items():
            names = ", ".join(f"{count} {call.partition(':')[2]}" for call, count in sorted(calls.items()))
            print(f"  {step:<34} {calls.total():>3}  {names}")


if __name__ == "__main__":
    main()
