"""Run the emulated AWS alone, without the rest of the stack, and read what it holds."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from infra import PROJECT
from infra.local.ministack_adapter import get_environment
from infra.local.saved_state.durable_answers import SAVE_PATH
from infra.local.stack_settings import ACCOUNT, REGION, StackSettings
from tests.running_stack import find_free_port

__all__ = ["TABLE", "RunningEmulator", "get_item", "prepare", "read_items", "read_messages", "running_emulator"]

TABLE = "kills"
"""Name of a table, a bucket, a queue and a secret."""


class RunningEmulator:
    """A running emulator with its state in a folder."""

    def __init__(self, folder: Path) -> None:
        self.settings, environment = self.make_settings(folder)
        self.settings.emulator_dir.mkdir(exist_ok=True)
        ports = str(self.settings.emulator_port), str(self.settings.port)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "infra.local.emulator_process", *ports],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    @staticmethod
    def make_settings(folder: Path) -> tuple[StackSettings, dict[str, str]]:
        """Return settings of an emulator with its state in a folder, and its environment."""
        settings = StackSettings(port=find_free_port(), state_dir=folder)
        own = get_environment(settings.emulator_dir, folder, ACCOUNT, REGION)
        return settings, settings.make_aws_environment() | own

    def make_client(self, service: str) -> Any:
        session = boto3.session.Session("local", "local", region_name=REGION)
        config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
        return session.client(service, endpoint_url=self.settings.emulator_url, config=config)

    def wait(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                self.make_client("sqs").list_queues()
                return
            except BotoCoreError:
                assert self.process.poll() is None and time.monotonic() < deadline, self.process.communicate()
                time.sleep(0.05)

    def save(self) -> None:
        """Have it save tables and queues, as the stack does after its deployment."""
        url = self.settings.emulator_url + SAVE_PATH
        with urllib.request.urlopen(urllib.request.Request(url, method="POST")) as response:
            assert response.status == 200


@contextmanager
def running_emulator(folder: Path) -> Iterator[RunningEmulator]:
    """Run an emulator; kill it at the end of the `with` block."""
    emulator = RunningEmulator(folder)
    try:
        emulator.wait()
        yield emulator
    finally:
        emulator.process.kill()
        emulator.process.communicate()


def prepare(emulator: RunningEmulator) -> str:
    """Make a table, a bucket and two queues; return the URL of the first queue."""
    emulator.make_client("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    emulator.make_client("s3").create_bucket(Bucket=TABLE)
    url: str = emulator.make_client("sqs").create_queue(QueueName=TABLE)["QueueUrl"]
    emulator.make_client("secretsmanager").create_secret(Name=TABLE, SecretString=TABLE)
    return url


def get_item(key: str, value: Any) -> dict[str, Any]:
    return {"key": {"S": key}, "value": {"S": str(value)}, "pad": {"S": "x" * 2000}}


def read_items(emulator: RunningEmulator) -> dict[str, str]:
    pages = emulator.make_client("dynamodb").get_paginator("scan").paginate(TableName=TABLE)
    return {item["key"]["S"]: item["value"]["S"] for page in pages for item in page["Items"]}


def read_messages(emulator: RunningEmulator) -> list[str]:
    """Return the bodies of all messages; those that were being worked on are visible again."""
    sqs = emulator.make_client("sqs")
    queue = sqs.get_queue_url(QueueName=TABLE)["QueueUrl"]
    bodies: list[str] = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        bodies += [message["Body"] for message in messages]
    return bodies
