"""The deployment to AWS, on the emulator: the template, then functions, roles and triggers by Chalice.

No emulator accepts the REST API that Chalice sends; tests/unit/test_templates.py checks that document.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from infra import PROJECT
from infra.cloudformation import CloudFormationStack
from infra.deploy import deploy_infrastructure
from infra.web_app import empty_web_bucket, publish_web_app
from tests.running_stack import running_stack

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/heliograph-prod:1"

# Chalice waits whole seconds for AWS.
CHALICE = """
import sys, time
sleep = time.sleep
time.sleep = lambda seconds: sleep(min(seconds, 0.05))
from chalice.cli import main
sys.exit(main())
"""


def copy_app(folder: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__", "deployed")
    for name in ("chalicelib", ".chalice"):
        shutil.copytree(PROJECT / name, folder / name, ignore=ignored)
    for name in ("app.py", "requirements.txt", "constraints.txt"):
        shutil.copy(PROJECT / name, folder / name)
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


def test_template_functions_roles_and_triggers_are_deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = copy_app(tmp_path / "project")
    with running_stack(tmp_path / "stack") as stack:
        environment = stack.settings.make_aws_environment() | {"HELIOGRAPH_STAGE": "prod"}
        monkeypatch.setenv("AWS_ENDPOINT_URL", stack.settings.emulator_url)
        session = boto3.session.Session("local", "local", region_name="us-east-1")
        deploy_infrastructure(session, "prod", IMAGE, pause=0.05)
        deploy_infrastructure(session, "prod", IMAGE, pause=0.05)  # no change is no error

        run_chalice(project, environment, "deploy", "--stage", "prod")
        functions = session.client("lambda")
        expected = {f"heliograph-prod-{name}" for name in ("dispatch", "dead_letters", "sweep", "jobs")}
        names = list_function_names(functions)
        assert expected | {"heliograph-prod", "heliograph-prod-fit", "heliograph-prod-render"} <= names
        queues = ("dispatch", "dispatch-dead", "jobs", "fit", "fit-dead")
        assert {f"heliograph-prod-{name}" for name in queues} <= list_trigger_sources(functions)
        roles = {role["RoleName"] for role in session.client("iam").list_roles()["Roles"]}
        assert expected | {"heliograph-prod-api_handler"} <= roles

        run_chalice(project, environment, "delete", "--stage", "prod")
        assert not expected & list_function_names(functions)


def read_objects(s3: Any, bucket: str) -> dict[str, tuple[str, str, bytes]]:
    """Return the content type, cache control and content of each object in a bucket."""
    objects = {}
    for item in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        response = s3.get_object(Bucket=bucket, Key=item["Key"])
        objects[item["Key"]] = (response["ContentType"], response["CacheControl"], response["Body"].read())
    return objects


def test_the_web_app_is_published_and_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "web"
    bucket = "heliograph-prod-web-000000000000"
    for name in ("index.html", "old.js", "style/base.css", "icon.svg", "config.json", ".git/config"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "guide.md").write_text("# Guide")
    with running_stack(tmp_path / "stack") as stack:
        monkeypatch.setenv("AWS_ENDPOINT_URL", stack.settings.emulator_url)
        session = boto3.session.Session("local", "local", region_name="us-east-1")
        s3 = session.client("s3", config=Config(s3={"addressing_style": "path"}))
        assert not any("-web-" in item["Name"] for item in s3.list_buckets()["Buckets"])
        deploy_infrastructure(session, "prod", IMAGE, pause=0.05)
        publish_web_app(session, "prod", "https://abc.execute-api.us-east-1.amazonaws.com/api/", folder, docs)
        (folder / "old.js").rename(folder / "new.js")
        url = publish_web_app(session, "prod", "https://abc.execute-api.us-east-1.amazonaws.com/api/", folder, docs)

        objects = read_objects(s3, bucket)
        assert {name: kind for name, (kind, _, _) in objects.items()} == {
            "index.html": "text/html; charset=utf-8",
            "new.js": objects["new.js"][0],
            "style/base.css": "text/css; charset=utf-8",
            "icon.svg": "image/svg+xml",
            "config.json": "application/json",
            "docs/guide.md": "text/plain; charset=utf-8",
        }
        assert "javascript" in objects["new.js"][0]
        assert {cache for _, cache, _ in objects.values()} == {"no-cache"}
        api = json.loads(objects["config.json"][2])
        assert api == {"api": "https://abc.execute-api.us-east-1.amazonaws.com/api"}

        (distribution,) = session.client("cloudfront").list_distributions()["DistributionList"]["Items"]
        assert url == f"https://{distribution['DomainName']}"
        assert bucket in distribution["Origins"]["Items"][0]["DomainName"]

        empty_web_bucket(session, "prod")
        assert read_objects(s3, bucket) == {}
        CloudFormationStack(session.client("cloudformation"), "heliograph-prod", pause=0.05).delete()
        assert bucket not in [item["Name"] for item in s3.list_buckets()["Buckets"]]
        empty_web_bucket(session, "prod")  # a missing bucket is no error
