"""Deploy Heliograph to AWS: ``python -m infra.deploy deploy|backend|undeploy --stage STAGE``.

All goes by CloudFormation, stack after stack (:mod:`infra.stage_stacks`): what is kept, queues and container
functions, the app, alarms, the web app. Region and credentials are those of the AWS CLI. ``backend`` stops after
the second, for a developer who deploys the app by ``chalice deploy``.
"""

import argparse
import os
import subprocess
import sys
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra import PROJECT
from infra.cloudformation import StackError
from infra.deployed_functions import FEWEST_AT_ONCE, SMALL_ACCOUNT, choose_concurrency
from infra.fitter_image import ImageError, ensure_fitter_image
from infra.packaging import PackagingError, package_app
from infra.stage_files import StageFileError, read_stage_file
from infra.stage_stacks import StageStacks
from infra.web_app import publish_web_app

_FIRST_STEPS = """
Heliograph ({stage}) runs at {web_url}
Its API is at {api_url}

To make the first administrator and write the token to the file token-{stage}, then to try the stage:
    HELIOGRAPH_STAGE={stage} {python} -m infra.admin ensure token-{stage}
    make smoke STAGE={stage}
"""

_RETAINED = """
The stack heliograph-{stage}-data is left alone: it has all records (tables, bucket, key, secret), and the fitter's
images. `make deploy STAGE={stage}` goes on with it. To delete it for good, see docs/operators.md.
"""


class DeploymentError(RuntimeError):
    """A step of the deployment failed; the message says what to do."""


def deploy_stage(session: Any, stage: str, pause: float = 5.0) -> tuple[str, str]:
    """Deploy a stage, and return the addresses of its API and of its web app.

    Parameters
    ----------
    session
        A boto3 session.
    stage
        The stage; it has a file in ``infra/stages/``.
    pause
        Seconds between two polls of a stack.
    """
    stacks = open_stacks(session, stage, pause)
    package = PROJECT / "dist"
    print("packaging the app …", flush=True)
    package_app(stage, package)
    deploy_backend(session, stacks)
    print(f"stack {stacks.api.name} …", flush=True)
    outputs = stacks.deploy_api(package)
    _migrate_records(stage)
    print(f"stack {stacks.alarms.name} …", flush=True)
    stacks.deploy_alarms()
    api_url = stacks.api.get_parameters().get("PublicUrl") or outputs["EndpointURL"]
    print(f"stack {stacks.web.name} …", flush=True)
    web = stacks.deploy_web(urlsplit(api_url).netloc)
    publish_web_app(session.client("s3"), web["WebBucketName"], api_url)
    return api_url, web["WebUrl"]


def deploy_backend(session: Any, stacks: StageStacks) -> None:
    """Deploy what is kept, queues and container functions; build the container image if its sources changed."""
    print(f"stack {stacks.data.name} …", flush=True)
    stacks.deploy_data()
    image = os.environ.get("FITTER_IMAGE") or ensure_fitter_image(session, stacks.stage)
    print(f"stack {stacks.backend.name} …", flush=True)
    stacks.deploy_backend(image)


def _migrate_records(stage: str) -> None:
    """Change records of an earlier version, by the operator's command."""
    command = [sys.executable, "-m", "infra.admin", "migrate"]
    environment = {**os.environ, "HELIOGRAPH_STAGE": stage}
    if subprocess.run(command, check=False, cwd=PROJECT, env=environment).returncode:
        raise DeploymentError(
            f"`python -m infra.admin migrate` failed; its own message is above. The new version of {stage} "
            "is deployed, and reads records of both shapes. Remove the cause and deploy again."
        )


def open_stacks(session: Any, stage: str, pause: float = 5.0) -> StageStacks:
    """Return the stacks of a stage, with the parameters of its file."""
    report = partial(print, " ", flush=True)
    limit = session.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    if limit < SMALL_ACCOUNT:
        print(
            f"This account may run {limit} functions at once: queues are worked off {FEWEST_AT_ONCE} messages at a "
            "time. Ask AWS for 1000 (Service Quotas, Concurrent executions), then deploy again.",
            flush=True,
        )
    values = {**choose_concurrency(limit), **read_stage_file(stage)}
    return StageStacks(session.client, stage, values, pause, report)


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


def _deploy(stage: str) -> None:
    api_url, web_url = deploy_stage(_open_session(), stage)
    print(_FIRST_STEPS.format(stage=stage, api_url=api_url, web_url=web_url, python=sys.executable))


def _deploy_backend(stage: str) -> None:
    session = _open_session()
    deploy_backend(session, open_stacks(session, stage))
    print(f"\nThe app is not deployed yet: .venv/bin/chalice deploy --stage {stage}")


def _undeploy(stage: str) -> None:
    stacks = open_stacks(_open_session(), stage)
    print(f"This deletes the web app, the API and the queues of stage {stage}: no analysis can start or call back.")
    if input(f"Type the stage's name ({stage}) to continue: ").strip() != stage:
        raise DeploymentError("Nothing was deleted.")
    stacks.delete()
    print(_RETAINED.format(stage=stage))


def main(arguments: list[str]) -> int:
    """Run the command of the command line, and return the exit code."""
    commands = {"deploy": _deploy, "backend": _deploy_backend, "undeploy": _undeploy}
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description="Heliograph on AWS")
    parser.add_argument("command", choices=commands)
    parser.add_argument("--stage", default="prod")
    options = parser.parse_args(arguments)
    try:
        read_stage_file(options.stage)
        commands[options.command](options.stage)
    except (DeploymentError, ImageError, PackagingError, StackError, StageFileError) as error:
        print(error, file=sys.stderr)
    except (BotoCoreError, ClientError) as error:
        print(f"AWS refused: {error}\nCheck the permissions of your identity; see docs/operators.md.", file=sys.stderr)
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
