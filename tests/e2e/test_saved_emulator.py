"""The emulated AWS reads the state of earlier versions, and says so when it cannot write its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra import PROJECT
from tests.emulator_run import TABLE, RunningEmulator, get_item, prepare, read_items, read_messages, running_emulator

SAVE_AS_BEFORE = """
import asyncio, json
from ministack import app
from ministack.core.persistence import save_all
from ministack.services import dynamodb, s3, secretsmanager, sqs, lambda_svc

def call(service, target, **body):
    headers = {"x-amz-target": target, "host": "localhost"}
    status, _, answer = asyncio.run(service.handle_request("POST", "/", headers, json.dumps(body).encode(), {}))
    assert status == 200, answer
    return json.loads(answer)

for module in ("dynamodb", "secretsmanager", "sqs", "lambda_svc", "s3"):
    app._get_module(module)
D, S = "DynamoDB_20120810.", "AmazonSQS."
key = {"AttributeName": "key", "KeyType": "HASH"}, {"AttributeName": "key", "AttributeType": "S"}
call(dynamodb, D + "CreateTable", TableName="kills", KeySchema=key[:1], AttributeDefinitions=key[1:],
     BillingMode="PAY_PER_REQUEST")
for number in range(300):
    call(dynamodb, D + "PutItem", TableName="kills", Item={"key": {"S": f"old {number}"}, "value": {"S": str(number)}})
call(secretsmanager, "secretsmanager.CreateSecret", Name="kills", SecretString=D)
url = call(sqs, S + "CreateQueue", QueueName="kills")["QueueUrl"]
for body in ("first", "second"):
    call(sqs, S + "SendMessage", QueueUrl=url, MessageBody=body)
assert call(sqs, S + "ReceiveMessage", QueueUrl=url)["Messages"][0]["Body"] == "first"
lambda_svc._esms["a trigger"] = {"UUID": "a trigger", "Enabled": True, "State": "Enabled", "FunctionArn": "",
                                 "FunctionName": "f", "EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:kills"}
save_all(app._build_persistence_save_dict())
"""
"""Fills services and saves as MiniStack by itself does, at the end of its server."""

SAVE_ONE_STACK = """
from ministack import app
from ministack.core.persistence import save_all
from ministack.services import cloudformation

app._get_module("cloudformation")
NAMES = ("Registry", "Sources", "Analyses", "Bucket", "BucketPolicy", "Key", "KeyAlias", "Secret", "FitQueue")
cloudformation._stacks["heliograph-local"] = {
    "StackName": "heliograph-local",
    "StackId": "arn:aws:cloudformation:us-east-1:000000000000:stack/heliograph-local/1",
    "StackStatus": "UPDATE_COMPLETE", "CreationTime": "2026-11-29T00:00:00.000Z", "Parameters": [], "Tags": [],
    "Outputs": [], "_region": "us-east-1", "_resolved_params": {}, "_conditions": {}, "_template_body": "",
    "_template": {"Resources": {name: {"Type": "AWS::SQS::Queue"} for name in NAMES}},
    "_resources": {name: {"PhysicalResourceId": name, "ResourceType": "AWS::SQS::Queue", "LogicalResourceId": name,
                          "ResourceStatus": "CREATE_COMPLETE", "Properties": {}, "Attributes": {},
                          "Timestamp": "2026-11-29T00:00:00.000Z"} for name in NAMES},
}
save_all(app._build_persistence_save_dict())
"""
"""Saves what CloudFormation knew of a stage when one stack held everything."""
PREFIX = "DynamoDB_20120810."

COMPARE_STATES = """
from infra.local.saved_state import service_definitions, sqs_messages
from ministack.services import dynamodb, sqs

assert set(service_definitions.get_table_definitions()) == set(dynamodb.get_state())
assert set(sqs_messages.get_queue_definitions()) == set(sqs.get_state())
"""


def run_in_emulator(folder: Path, script: str) -> None:
    settings, environment = RunningEmulator.make_settings(folder)
    settings.emulator_dir.mkdir(exist_ok=True)
    subprocess.run([sys.executable, "-c", script], check=True, cwd=PROJECT, env=environment)


def test_a_state_of_an_earlier_version_is_read_and_converted(tmp_path: Path) -> None:
    run_in_emulator(tmp_path, SAVE_AS_BEFORE)
    folder = tmp_path / "aws"
    assert json.loads((folder / "dynamodb.json").read_text())
    for _ in range(2):  # The first converts it; the second reads what the first has written, and was killed.
        with running_emulator(tmp_path) as emulator:
            assert list(folder.glob("*.json")) == []
            assert read_items(emulator) == {f"old {number}": str(number) for number in range(300)}
            secret = emulator.make_client("secretsmanager").get_secret_value(SecretId=TABLE)
            assert secret["SecretString"] == PREFIX
            triggers = emulator.make_client("lambda").list_event_source_mappings()["EventSourceMappings"]
            assert [trigger["State"] for trigger in triggers] == ["Disabled"]
            assert sorted(read_messages(emulator)) == ["first", "second"]


def test_the_one_stack_of_an_earlier_version_is_split(tmp_path: Path) -> None:
    run_in_emulator(tmp_path, SAVE_ONE_STACK)
    with running_emulator(tmp_path) as emulator:
        client = emulator.make_client("cloudformation")
        data = client.list_stack_resources(StackName="heliograph-local-data")["StackResourceSummaries"]
        others = client.list_stack_resources(StackName="heliograph-local")["StackResourceSummaries"]
        assert len(data) == 8 and {"Registry", "Bucket", "Secret"} < {each["LogicalResourceId"] for each in data}
        assert [each["LogicalResourceId"] for each in others] == ["FitQueue"]
        template = client.get_template(StackName="heliograph-local-data")["TemplateBody"]
        assert len(template["Resources"]) == 8


@pytest.mark.parametrize(
    "content", ["{half a file", '{"payload": {}}', '{"__ministack_format__": 99, "payload": {"tables": {}}}']
)
def test_an_unreadable_state_of_an_earlier_version_stops_the_start(tmp_path: Path, content: str) -> None:
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws" / "dynamodb.json").write_text(content)
    emulator = RunningEmulator(tmp_path)
    assert emulator.process.wait(60) == 1
    _, errors = emulator.process.communicate()
    assert b"dynamodb.json cannot be read (" in errors
    assert (tmp_path / "aws" / "dynamodb.json").read_text() == content


def test_all_that_the_emulator_saves_is_saved(tmp_path: Path) -> None:
    run_in_emulator(tmp_path, COMPARE_STATES)


def test_a_full_disk_is_told_and_gets_over(tmp_path: Path) -> None:
    with running_emulator(tmp_path) as emulator:
        queue = prepare(emulator)
        emulator.save()
        set_largest_file(emulator, 1000)
        steps = {
            "dynamodb": lambda client: client.put_item(TableName=TABLE, Item=get_item("full", 1)),
            "sqs": lambda client: client.send_message(QueueUrl=queue, MessageBody="full"),
            "s3": lambda client: client.put_object(Bucket=TABLE, Key="full", Body=b"x" * 20_000_000),
        }
        for service, step in steps.items():
            # Of an answer of S3 that is not XML, the client shows the status only.
            with pytest.raises(ClientError, match=r"state cannot be written|Service Unavailable") as failure:
                step(emulator.make_client(service))
            assert failure.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        set_largest_file(emulator, resource.RLIM_INFINITY)
        assert read_items(emulator)["full"] == "1"
    with running_emulator(tmp_path) as emulator:
        assert read_items(emulator)["full"] == "1"
        assert read_messages(emulator) == ["full"]
        blob: Any = emulator.make_client("s3").get_object(Bucket=TABLE, Key="full")
        assert len(blob["Body"].read()) == 20_000_000


def set_largest_file(emulator: RunningEmulator, size: int) -> None:
    """Limit the size of files, as a full disk does."""
    resource.prlimit(emulator.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
