"""The runbook has a section for every alarm, and its commands exist."""

import re

import botocore.session
import pytest
from botocore import xform_name

from infra import PROJECT
from infra.monitoring import list_alarms

RUNBOOK = (PROJECT / "docs" / "runbook.md").read_text()
COMMANDS = sorted(set(re.findall(r"`(aws [^`]+)`", RUNBOOK)))
SERVICES = {"s3api": "s3"}
"""Names of the AWS CLI that differ from botocore's."""

OWN_COMMANDS = {
    "aws logs tail /aws/lambda/heliograph-prod-dispatch --since 1h",
    "aws dynamodb wait table-exists --table-name restored-analyses",
}
"""What the AWS CLI offers besides the operations of the services."""


def test_every_alarm_has_a_section() -> None:
    headings = set(re.findall(r"^## (.+)$", RUNBOOK, re.MULTILINE))
    assert {alarm.what for alarm in list_alarms(1000)} <= headings


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in OWN_COMMANDS])
def test_a_command_exists_with_its_options(command: str) -> None:
    _, service, operation, *words = command.split()
    model = botocore.session.get_session().get_service_model(SERVICES.get(service, service))
    names = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in names, command
    members = model.operation_model(names[operation]).input_shape.members
    options = {xform_name(name, "-") for name in members}
    options |= {f"no-{xform_name(name, '-')}" for name, member in members.items() if member.type_name == "boolean"}
    assert {word.removeprefix("--") for word in words if word.startswith("--")} <= options, command
