"""Heliograph on AWS: ``python -m infra.deploy deploy|undeploy --stage STAGE``.

The same two halves as on the local stack: the template by CloudFormation, the app by Chalice; then the web
app, which needs to know both. Region and credentials are those of the AWS CLI.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.cloudformation import StackError, delete_stack, deploy_stack
from infra.gateway_responses import put_gateway_responses
from infra.image import ImageError, ensure_image
from infra.web_app import empty, publish

__all__ = ["DeploymentError", "deploy_app", "deploy_infrastructure", "main"]

PROJECT = Path(__file__).resolve().parent.parent
_TEMPLATE = Path(__file__).with_name("template.yaml")

_FIRST_STEPS = """
Heliograph ({stage}) runs at {web}
Its API is at {url}

The first administrator, whose token goes to the file named last:
    HELIOGRAPH_STAGE={stage} {python} -m infra.admin ensure token-{stage}
"""

_KEPT = """
Kept, since they hold records: the tables heliograph-{stage}-registry, -sources and -analyses, the bucket
heliograph-{stage}-<account>, the key and the secret; and the fitter's images in ECR. `make deploy` takes
tables, bucket and secret over again. To be rid of them, delete them by hand (of a production stage, switch
off the tables' deletion protection first).
"""


class DeploymentError(RuntimeError):
    """A step of the deployment failed; the message says what to do."""


def deploy_infrastructure(session: Any, stage: str, image: str, pause: float = 5.0) -> None:
    """Bring the stack `heliograph-<stage>` to infra/template.yaml.

    Raises
    ------
    StackError
        When CloudFormation does not get there.
    """
    deploy_stack(
        session.client("cloudformation"),
        f"heliograph-{stage}",
        {"TemplateBody": _TEMPLATE.read_text()},
        {"Stage": stage, "FitterImage": image},
        adopt=True,
        pause=pause,
        tell=lambda line: print("  " + line, flush=True),
    )


def deploy_app(session: Any, stage: str) -> str:
    """Deploy the app by Chalice, and return the API's address.

    Raises
    ------
    DeploymentError
        When Chalice fails.
    """
    _chalice("deploy", "--stage", stage)
    record = json.loads((PROJECT / ".chalice" / "deployed" / f"{stage}.json").read_text())
    api = next(resource for resource in record["resources"] if resource["resource_type"] == "rest_api")
    put_gateway_responses(session.client("apigateway"), api["rest_api_id"], "api")
    return str(api["rest_api_url"])


def _chalice(*arguments: str) -> None:
    chalice = Path(sys.executable).with_name("chalice")
    done = subprocess.run([str(chalice), *arguments], check=False, cwd=PROJECT)
    if done.returncode:
        raise DeploymentError(
            f"`chalice {' '.join(arguments)}` ended with {done.returncode}; its own message is above. "
            "Mend that and run the same again: what is done already stays done."
        )


def _session() -> Any:
    session = boto3.session.Session()
    if session.region_name is None:
        raise DeploymentError(
            "No AWS region is set. Expected one in ~/.aws/config or AWS_DEFAULT_REGION, for example:\n"
            "  AWS_DEFAULT_REGION=eu-central-1 make deploy"
        )
    try:
        identity = session.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise DeploymentError(
            f"AWS does not take the credentials ({error}).\n"
            "Expected those of the AWS CLI: `aws configure`, `aws sso login`, or AWS_PROFILE=… make deploy"
        ) from error
    print(f"account {identity['Account']}, region {session.region_name}", flush=True)
    return session


def _check_stage(stage: str) -> None:
    stages = json.loads((PROJECT / ".chalice" / "config.json").read_text())["stages"]
    if stage not in stages or stage == "local":
        known = ", ".join(sorted(set(stages) - {"local"}))
        raise DeploymentError(
            f"There is no stage {stage!r} to deploy in .chalice/config.json; expected one of: {known}. "
            "Add yours there, with its HELIOGRAPH_STAGE, to have another."
        )


def _deploy(stage: str) -> None:
    session = _session()
    image = os.environ.get("FITTER_IMAGE") or ensure_image(session, stage)
    print(f"stack heliograph-{stage} …", flush=True)
    deploy_infrastructure(session, stage, image)
    print("the app …", flush=True)
    url = deploy_app(session, stage)
    print("the web app …", flush=True)
    web = publish(session, stage, url)
    print(_FIRST_STEPS.format(stage=stage, url=url, web=web, python=sys.executable))


def _undeploy(stage: str) -> None:
    session = _session()
    print(f"This takes down pages and API of stage {stage}: no analysis is started, sent or called back.")
    if input(f"Type the stage's name ({stage}) to go on: ").strip() != stage:
        raise DeploymentError("Nothing was taken down.")
    _chalice("delete", "--stage", stage)
    empty(session, stage)
    delete_stack(
        session.client("cloudformation"),
        f"heliograph-{stage}",
        tell=lambda line: print("  " + line, flush=True),
    )
    print(_KEPT.format(stage=stage))


def main(arguments: list[str]) -> int:
    """Do what the command line says, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description="Heliograph on AWS")
    parser.add_argument("command", choices=["deploy", "undeploy"])
    parser.add_argument("--stage", default="prod")
    chosen = parser.parse_args(arguments)
    try:
        _check_stage(chosen.stage)
        (_deploy if chosen.command == "deploy" else _undeploy)(chosen.stage)
    except (DeploymentError, ImageError, StackError) as error:
        print(error, file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(
            f"AWS refused: {error}\nExpected an identity that may do this; see docs/operators.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
