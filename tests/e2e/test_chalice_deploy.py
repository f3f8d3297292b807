"""`chalice deploy` of a developer's own stage, on the emulator: functions, roles and triggers.

The queues come from the stack that `python -m infra.deploy backend` deploys. No emulator accepts the REST API that
Chalice sends; tests/unit/test_templates.py checks that document.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra import PROJECT
from infra.stage_stacks import StageStacks
from tests.emulator import running_emulator

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/heliograph-dev:1"

# Chalice waits whole seconds for AWS.
CHALICE = """
import sys, time
sleep = time.sleep
time.sleep = lambda seconds: sleep(min(seconds, 0.05))
from chalice.cli import main
sys.exit(main())
"""


def copy_app(folder: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__", "deployed", "deployments")
    for name in ("chalicelib", "vendor", ".chalice"):
        shutil.copytree(PROJECT / name, folder / name, ignore=ignored)
    shutil.copy(PROJECT / "app.py", folder)
    # No function runs here: nothing has to be installed.
    (folder / "requirements.txt").touch()
    return folder


def run_chalice(project: Path, environment: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "-c", CHALICE, *arguments]
    result = subprocess.run(command, check=False, cwd=project, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr + result.stdout


def list_function_names(functions: Any) -> set[str]:
    pages = functions.get_paginator("list_functions").paginate()
    return {function["FunctionName"] for page in pages for function in page["Functions"]}


def list_trigger_sources(functions: Any) -> set[str]:
    mappings = functions.list_event_source_mappings()["EventSourceMappings"]
    return {mapping["EventSourceArn"].rpartition(":")[2] for mapping in mappings}


def test_functions_roles_and_triggers_are_deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = copy_app(tmp_path / "project")
    with running_emulator(tmp_path / "emulator") as settings:
        environment = settings.make_aws_environment()
        monkeypatch.setenv("AWS_ENDPOINT_URL", settings.emulator_url)
        session = boto3.session.Session("local", "local", region_name="us-east-1")
        StageStacks(session.client, "dev", {}, pause=0.02).deploy_backend(IMAGE)

        run_chalice(project, environment, "deploy", "--stage", "dev")
        functions = session.client("lambda")
        expected = {f"heliograph-dev-{name}" for name in ("dispatch", "dead_letters", "sweep", "jobs")}
        names = list_function_names(functions)
        assert expected | {"heliograph-dev", "heliograph-dev-fit", "heliograph-dev-render"} <= names
        queues = ("dispatch", "dispatch-dead", "jobs", "fit", "fit-dead")
        assert {f"heliograph-dev-{name}" for name in queues} <= list_trigger_sources(functions)
        roles = {role["RoleName"] for role in session.client("iam").list_roles()["Roles"]}
        assert expected | {"heliograph-dev-api_handler"} <= roles

        run_chalice(project, environment, "delete", "--stage", "dev")
        assert not expected & list_function_names(functions)
