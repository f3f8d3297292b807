"""Deploy Heliograph to AWS: ``python -m infra.deploy deploy|undeploy --stage STAGE``.

First the template by CloudFormation, then the app by Chalice, then the web app, which needs the addresses
of both. Region and credentials are those of the AWS CLI.
"""

import argparse
import json
import os
import sys
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra import PROJECT
from infra.chalice_adapter import get_deployed_api, run_chalice
from infra.cloudformation import CloudFormationStack, StackError
from infra.fitter_image import ImageError, ensure_fitter_image
from infra.gateway_responses import put_gateway_responses
from infra.web_app import empty_web_bucket, publish_web_app

_FIRST_STEPS = """
Heliograph ({stage}) runs at {web_url}
Its API is at {api_url}

To make the first administrator and write the token to the file token-{stage}:
    HELIOGRAPH_STAGE={stage} {python} -m infra.admin ensure token-{stage}
"""

_RETAINED = """
These hold records and are retained: the tables heliograph-{stage}-registry, -sources and -analyses, the
bucket heliograph-{stage}-<account>, the key, the secret, and the fitter's images in ECR. `make deploy` uses
tables, bucket and secret again. To get rid of them, delete them by hand (for a production stage, disable
the tables' deletion protection first).
"""


class DeploymentError(RuntimeError):
    """A step of the deployment failed; the message says what to do."""


def deploy_infrastructure(session: Any, stage: str, image: str, pause: float = 5.0) -> None:
    """Create or update the stack `heliograph-<stage>` from infra/template.yaml.

    Raises
    ------
    StackError
        If CloudFormation fails.
    """
    _get_stack(session, stage, pause).deploy(
        {"TemplateBody": (PROJECT / "infra" / "template.yaml").read_text()}, {"Stage": stage, "FitterImage": image}
    )


def _get_stack(session: Any, stage: str, pause: float = 5.0) -> CloudFormationStack:
    return CloudFormationStack(
        session.client("cloudformation"),
        f"heliograph-{stage}",
        pause,
        report=lambda line: print("  " + line, flush=True),
    )


def deploy_app(session: Any, stage: str) -> str:
    """Deploy the app by Chalice, and return the API's address.

    Raises
    ------
    DeploymentError
        If Chalice fails.
    """
    _run_chalice_command("deploy", stage)
    api = get_deployed_api(stage)
    put_gateway_responses(session.client("apigateway"), api.id, "api")
    return api.url


def _run_chalice_command(command: str, stage: str) -> None:
    exit_code = run_chalice(command, "--stage", stage).returncode
    if exit_code:
        raise DeploymentError(
            f"`chalice {command} --stage {stage}` ended with {exit_code}; its own message is above. "
            "Fix that and run the same command again; completed steps are not repeated."
        )


def _open_session() -> Any:
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
            f"AWS does not accept the credentials ({error}).\n"
            "Expected those of the AWS CLI: `aws configure`, `aws sso login`, or AWS_PROFILE=… make deploy"
        ) from error
    print(f"account {identity['Account']}, region {session.region_name}", flush=True)
    return session


def _require_stage(stage: str) -> None:
    stages = json.loads((PROJECT / ".chalice" / "config.json").read_text())["stages"].keys() - {"local"}
    if stage not in stages:
        raise DeploymentError(
            f"{stage!r} is not a stage of .chalice/config.json that can be deployed; expected one of: "
            f"{', '.join(sorted(stages))}. To have another, add it to that file, with its HELIOGRAPH_STAGE."
        )


def _deploy(stage: str) -> None:
    session = _open_session()
    image = os.environ.get("FITTER_IMAGE") or ensure_fitter_image(session, stage)
    print(f"stack heliograph-{stage} …", flush=True)
    deploy_infrastructure(session, stage, image)
    print("the app …", flush=True)
    api_url = deploy_app(session, stage)
    print("the web app …", flush=True)
    web_url = publish_web_app(session, stage, api_url)
    print(_FIRST_STEPS.format(stage=stage, api_url=api_url, web_url=web_url, python=sys.executable))


def _undeploy(stage: str) -> None:
    session = _open_session()
    print(f"This deletes the web app and the API of stage {stage}: no analysis can start or call back.")
    if input(f"Type the stage's name ({stage}) to continue: ").strip() != stage:
        raise DeploymentError("Nothing was deleted.")
    _run_chalice_command("delete", stage)
    empty_web_bucket(session, stage)
    _get_stack(session, stage).delete()
    print(_RETAINED.format(stage=stage))


def main(arguments: list[str]) -> int:
    """Run the command of the command line, and return the exit code."""
    commands = {"deploy": _deploy, "undeploy": _undeploy}
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description="Heliograph on AWS")
    parser.add_argument("command", choices=commands)
    parser.add_argument("--stage", default="prod")
    options = parser.parse_args(arguments)
    try:
        _require_stage(options.stage)
        commands[options.command](options.stage)
    except (DeploymentError, ImageError, StackError) as error:
        print(error, file=sys.stderr)
    except (BotoCoreError, ClientError) as error:
        print(f"AWS refused: {error}\nCheck the permissions of your identity; see docs/operators.md.", file=sys.stderr)
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
