"""Deploy Heliograph to the emulator, by the stacks of every stage but the web app's."""

import json
from functools import cache, partial
from typing import Any

import boto3
from botocore.config import Config

from infra.cloudformation import StackError
from infra.local.local_errors import StackFailedError
from infra.local.ministack_adapter import complete_api, is_api_complete
from infra.local.stack_settings import ACCOUNT, EGRESS_ALLOWED_HOSTS, REGION, STAGE, StackSettings
from infra.stage_stacks import StageStacks


def deploy_to_emulator(settings: StackSettings) -> str:
    """Deploy what has changed since the last deployment, and return the id of the REST API.

    Parameters
    ----------
    settings
        The stack's settings; its package folder must hold the package.

    Raises
    ------
    StackFailedError
        If CloudFormation fails, or the state is that of an earlier version.
    """
    values = {
        "EgressAllowedHosts": EGRESS_ALLOWED_HOSTS,
        "ContainersUrl": settings.containers_url,
        "DeletionProtection": "false",
    }
    stacks = StageStacks(partial(_make_client, settings), STAGE, values, pause=0.05)
    try:
        stacks.deploy_data()
        stacks.deploy_backend(f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/heliograph-{STAGE}:local")
        api_id = stacks.deploy_api(settings.package_dir)["RestAPIId"]
    except StackError as error:
        raise StackFailedError(str(error)) from error
    apigateway = _make_client(settings, "apigateway")
    if not is_api_complete(apigateway, api_id):
        template = json.loads((settings.package_dir / "sam.json").read_text())
        complete_api(apigateway, api_id, "api", template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"])
    return api_id


def resume_triggers(settings: StackSettings) -> None:
    """Enable the triggers that :mod:`infra.local.saved_state.service_definitions` disabled."""
    functions = _make_client(settings, "lambda")
    for page in functions.get_paginator("list_event_source_mappings").paginate():
        for mapping in page["EventSourceMappings"]:
            if mapping["State"] == "Disabled":
                functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


@cache
def _make_client(settings: StackSettings, service: str) -> Any:
    """Return a client that ignores the user's own AWS configuration. Making one takes a quarter of a second."""
    return boto3.session.Session("local", "local", region_name=REGION).client(
        service,
        endpoint_url=settings.emulator_url,
        config=Config(retries={"total_max_attempts": 2}, read_timeout=60, proxies={}, s3={"addressing_style": "path"}),
    )
