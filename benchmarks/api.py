"""The API function: the size of its package, its cold start, the AWS calls of each step.

::

    python -m benchmarks.api

The cold start is a ratio to a peer in the same run: a bare process that imports boto3 and
pynamodb and makes two clients; ours imports the unpacked package and makes the same two. The
calls are counted on moto, once everything that is kept between requests is there.
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
from chalicelib.aws import client
client("dynamodb"); client("s3")
"""


def package(folder: Path) -> float:
    """Package the app into `folder`, unpack it there, and return its size in MB, zipped."""
    command = [sys.executable, "-m", "infra.packaging", "local", str(folder)]
    subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL)
    archive = folder / "deployment.zip"
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder / "code")
    return archive.stat().st_size / 1e6


def cold_start(code: Path) -> tuple[list[float], list[float]]:
    """Return the seconds of bare processes and of ours, taken in turn."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(code),
        "AWS_DEFAULT_REGION": "us-east-1",
        "HELIOGRAPH_STAGE": "local",
    }

    def seconds(program: str) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", program], cwd=code, env=environment, check=True)
        return time.perf_counter() - started

    for program in (BARE, OURS):
        seconds(program)  # Compiled once, as on a machine that has run it before.
    pairs = [(seconds(BARE), seconds(OURS)) for _ in range(ROUNDS)]
    return [bare for bare, _ in pairs], [ours for _, ours in pairs]


def count_calls() -> dict[str, Counter[str]]:
    """Return the AWS calls of each step of an analysis, by name."""
    from app import app
    from chalicelib import people
    from chalicelib.aws import get_client
    from tests.api import story
    from tests.gateway import Gateway
    from tests.service import analysis_service
    from tests.stage import make_stage, template_resources

    calls: Counter[str] = Counter()
    steps: dict[str, Counter[str]] = {}

    def note(event_name: str, **_: Any) -> None:
        calls[event_name.removeprefix("before-call.").replace(".", ":")] += 1

    def step(name: str, do: Callable[[], Any]) -> Any:
        calls.clear()
        result = do()
        steps[name] = Counter(calls)
        return result

    make_stage(template_resources())
    admin = Gateway(app, people.ensure_administrator("admin"))
    story.make_source(admin)
    with analysis_service() as server:
        service = story.make_service(admin, server.url)
        story.start(admin, service)
        story.deliver()
        for name in ("dynamodb", "s3", "sqs", "kms", "secretsmanager", "sts"):
            get_client(name).meta.events.register("before-call", note)
        analysis = step("start", lambda: story.start(admin, service))
        step("dispatch (with the queue's own 3)", story.deliver)
        path = server.received[-1].callback_path
        plot = {"format": "png", "data": "iVBORw0KGgo="}
        body = {"status": "success", "analysis": {"plots": [plot, plot], "results": {"data": 1}}}
        step("callback (2 plots, results)", lambda: admin.post(path, body))
    step("poll the status", lambda: admin.get(f"/obj/analysis/{analysis}/status"))
    step("read", lambda: admin.get(f"/obj/analysis/{analysis}"))
    step("read with its data", lambda: admin.get(f"/obj/analysis/{analysis}?includeAnalysisData=True"))
    step("a plot", lambda: admin.get(f"/obj/analysis/{analysis}/plots/0"))
    step("list of the source", lambda: admin.get("/obj/SN1/analysis"))
    step("delete", lambda: admin.delete(f"/obj/analysis/{analysis}"))
    return steps


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"package: {package(folder):.1f} MB zipped (aim: under 30)")
        bare, ours = cold_start(folder / "code")
    ratios = sorted(o / b for b, o in zip(bare, ours, strict=True))
    low, high = ratios[len(ratios) // 4], ratios[-len(ratios) // 4]
    print(
        f"cold start: {statistics.median(ratios):.2f} times a bare process (half of {ROUNDS} pairs between "
        f"{low:.2f} and {high:.2f}; aim: at most 1.3); medians {1e3 * statistics.median(ours):.0f} ms "
        f"and {1e3 * statistics.median(bare):.0f} ms"
    )
    print("AWS calls of each step, the two that find out who asks included:")
    settings = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "testing")
    os.environ |= {**settings, "AWS_DEFAULT_REGION": "us-east-1", "EGRESS_ALLOWED_HOSTS": "127.0.0.1"}
    with mock_aws():
        for step, calls in count_calls().items():
            named = ", ".join(f"{count} {call.partition(':')[2]}" for call, count in sorted(calls.items()))
            print(f"  {step:<34} {calls.total():>3}  {named}")


if __name__ == "__main__":
    main()
