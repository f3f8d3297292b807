"""Try a deployed stage, or the local stack, in a minute: ``python -m infra.smoke STAGE``.

The API answers, the fitter fits a supernova, its posterior is drawn, the web app is there. What the test makes (a
group, a service, an instrument, a source with its analysis) it deletes again.
"""

import math
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import requests
from botocore.exceptions import BotoCoreError, ClientError

from infra import PROJECT
from infra.client import Api, DemoError
from infra.local.stack_settings import STAGE as LOCAL_STAGE, StackSettings
from infra.stage_files import StageFileError, read_stage_file
from infra.stage_stacks import StageStacks
from infra.step_times import print_step

BANDS = ["ztfg", "ztfr"]
FIT_SECONDS = 300.0
_PNG = b"\x89PNG"


class SmokeError(Exception):
    """A step did not give what it should; the message says what, and where to look."""


@dataclass(frozen=True)
class SmokeTarget:
    """Where a stage is, and who asks.

    Attributes
    ----------
    stage
        The stage.
    api
        Its API, as an administrator.
    web_url
        The address of its web app.
    environment
        Variables for the operator's commands: its AWS, and its name.
    """

    stage: str
    api: Api
    web_url: str
    environment: Mapping[str, str]


def try_stage(target: SmokeTarget) -> None:
    """Run all steps, and print a line with its seconds for each.

    Raises
    ------
    SmokeError, DemoError
        If one fails.
    """
    with print_step("sysinfo"):
        _check_sysinfo(target)
    with _fitted_source(target) as analysis, print_step("corner plot"):
        picture = target.api.get_file(f"/obj/analysis/{analysis}/corner")
        if not picture.startswith(_PNG):
            raise SmokeError(f"the corner plot is no PNG; it begins with {picture[:20]!r}. See the log of render.")
    with print_step("web app"):
        _check_web_app(target)


def find_target(stage: str) -> SmokeTarget:
    """Find a stage by its CloudFormation stacks, or the local stack by its settings.

    Raises
    ------
    SmokeError
        If it is not deployed, or there is no token.
    """
    if stage == LOCAL_STAGE:
        settings = StackSettings.from_environment()
        api = Api(f"{settings.url}/api", _read_token(settings.token_file, "`make run` starts the stack and writes it."))
        return SmokeTarget(stage, api, settings.url, settings.make_aws_environment())
    read_stage_file(stage)
    stacks = StageStacks(boto3.session.Session().client, stage, {})
    outputs = stacks.api.get_outputs() | stacks.web.get_outputs()
    if not {"EndpointURL", "WebUrl"} <= outputs.keys():
        raise SmokeError(f"the stage {stage} is not deployed. `make deploy STAGE={stage}` does that.")
    command = f"HELIOGRAPH_STAGE={stage} .venv/bin/python -m infra.admin ensure token-{stage}"
    token = _read_token(PROJECT / f"token-{stage}", f"Make it by: {command}")
    url = stacks.api.get_parameters().get("PublicUrl") or outputs["EndpointURL"].rstrip("/")
    environment = {**os.environ, "HELIOGRAPH_STAGE": stage}
    return SmokeTarget(stage, Api(url, token), outputs["WebUrl"], environment)


def _read_token(file: Path, remedy: str) -> str:
    try:
        return file.read_text().strip()
    except OSError as error:
        raise SmokeError(f"the administrator's token is not in {file} ({error.strerror}). {remedy}") from error


def _check_sysinfo(target: SmokeTarget) -> None:
    body = target.api.get_body("/sysinfo")
    if (body.get("name"), body.get("stage")) != ("Heliograph", target.stage):
        raise SmokeError(
            f"{target.api.url}/sysinfo answers as {body.get('name')}, stage {body.get('stage')}; expected Heliograph, "
            f"stage {target.stage}."
        )


@contextmanager
def _fitted_source(target: SmokeTarget) -> Iterator[int]:
    """Have a made-up supernova fitted; give the analysis, and delete everything afterwards."""
    api = target.api
    name = f"smoke-{secrets.token_hex(4)}"
    made: list[str] = []
    try:
        with print_step("source"):
            group = api.post("/groups", {"name": name})["id"]
            made.append(f"/groups/{group}")
            service = _register_fitter(target, name, group)
            made.append(f"/analysis_service/{service}")
            instrument = int(api.post("/instrument", {"name": name, "type": "imager", "filters": BANDS})["id"])
            made.append(f"/instrument/{instrument}")
            api.post("/sources", {"id": name, "ra": 10.0, "dec": 20.0, "redshift": 0.05, "group_ids": [group]})
            made.append(f"/sources/{name}")
            api.put("/photometry", {"obj_id": name, "group_ids": [group], **_make_light_curve(instrument)})
        with print_step("fit"):
            request = {"analysis_parameters": {"source": "salt3", "fix_z": "True"}, "show_corner": True}
            analysis = int(api.post(f"/obj/{name}/analysis/{service}", request)["id"])
            _wait_for_fit(api, analysis)
        yield analysis
    finally:
        for path in reversed(made):
            _delete(api, path)


def _delete(api: Api, path: str) -> None:
    try:
        api.send_request("DELETE", path)
    except (DemoError, requests.RequestException) as error:
        # What failed before is more important.
        print(f"\nnot deleted: {path} ({error})", file=sys.stderr)


def _register_fitter(target: SmokeTarget, name: str, group: int) -> int:
    command = [sys.executable, "-m", "infra.admin", "fitter-token"]
    result = subprocess.run(
        command, check=False, cwd=PROJECT, env=dict(target.environment), capture_output=True, text=True
    )
    if result.returncode:
        raise SmokeError(f"the command for the fitter's token failed:\n{result.stderr.strip()}")
    fields = {
        "name": name,
        "url": f"{target.api.url}/fitter/supernova?json_results=true",
        "authentication_type": "header_token",
        "_authinfo": {"header_token": {"Authorization": f"Bearer {result.stdout.strip()}"}},
        "analysis_type": "lightcurve_fitting",
        "input_data_types": ["photometry", "redshift"],
        "optional_analysis_parameters": '{"source": {"type": "string"}, "fix_z": {"type": "string"}}',
        "group_ids": [group],
    }
    return int(target.api.post("/analysis_service", fields)["id"])


def _make_light_curve(instrument: int) -> dict[str, Any]:
    """Return columns of photometry: a rise of two weeks, a slower decline, in two bands."""
    days = [day for day in range(-12, 40, 4) for _ in BANDS]
    return {
        "instrument_id": instrument,
        "magsys": "ab",
        "zp": 25.0,
        "mjd": [59000.0 + day for day in days],
        "flux": [1500.0 * math.exp(-0.5 * (day / (8.0 if day < 0 else 16.0)) ** 2) for day in days],
        "fluxerr": [30.0] * len(days),
        "filter": BANDS * (len(days) // len(BANDS)),
    }


def _wait_for_fit(api: Api, analysis: int) -> None:
    deadline = time.monotonic() + FIT_SECONDS
    while True:
        state = api.get(f"/obj/analysis/{analysis}/status")
        if state["status"] == "completed":
            return
        if state["status"] not in ("queued", "pending"):
            raise SmokeError(f"the fit is {state['status']}: {state['message']} See the logs of dispatch and fit.")
        if time.monotonic() > deadline:
            raise SmokeError(
                f"the fit is still {state['status']} after {FIT_SECONDS:.0f} s. See the queues, and the logs of "
                "dispatch and fit."
            )
        time.sleep(0.5)


def _check_web_app(target: SmokeTarget) -> None:
    response = requests.get(target.web_url, timeout=30)
    if response.status_code != 200 or "<html" not in response.text[:2000]:
        raise SmokeError(
            f"{target.web_url} answers {response.status_code} without a page. CloudFront needs some minutes after the "
            "first deployment; then try again."
        )
    policy = response.headers.get("Content-Security-Policy", "")
    host = urlsplit(target.api.url).netloc
    is_local = target.stage == LOCAL_STAGE
    if "default-src 'none'" not in policy or not (is_local or f"https://{host}" in policy.split()):
        raise SmokeError(f"the Content-Security-Policy of {target.web_url} does not allow https://{host}: {policy!r}")


def main(arguments: list[str]) -> int:
    """Try the stage of the command line, and return the exit code."""
    if len(arguments) != 1:
        print("usage: python -m infra.smoke STAGE", file=sys.stderr)
        return 2
    try:
        try_stage(find_target(arguments[0]))
    except (SmokeError, DemoError, StageFileError) as error:
        print(f"\nfailed: {error}", file=sys.stderr)
    except requests.RequestException as error:
        print(f"\nfailed: no answer ({type(error).__name__}: {error}). Is the stage deployed?", file=sys.stderr)
    except (BotoCoreError, ClientError) as error:
        print(f"\nfailed: AWS refused: {error}. Expected the credentials of the AWS CLI.", file=sys.stderr)
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
