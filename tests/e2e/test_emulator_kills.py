"""Killing the emulated AWS while it works: what it answered is there after the next start."""

from __future__ import annotations

import os
import random
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.saved_state.run_record import describe_recovery
from tests.emulator_run import TABLE, RunningEmulator, get_item, prepare, read_items, read_messages, running_emulator

KILLS = int(os.environ.get("HELIOGRAPH_KILLS", "3"))
KEYS = 20


class Work:
    """Threads that change items, messages and objects; each knows what was answered last."""

    def __init__(self, emulator: RunningEmulator) -> None:
        self.items: dict[str, set[str | None]] = {}
        self._old_items = read_items(emulator)
        self._name = uuid.uuid4().hex
        self.pairs: set[str] = set()
        self.messages: set[str] = set()
        self.deleted_messages: set[str] = set()
        # The last one whose deletion was begun: until it is answered, the message may be there or not.
        self.unsure_message = ""
        self.objects: dict[str, bytes] = {}
        self._emulator = emulator
        self._queue = emulator.make_client("sqs").get_queue_url(QueueName=TABLE)["QueueUrl"]
        steps = (self.change_item, self.write_pair, self.send_message, self.receive_message, self.put_object)
        self.threads = [threading.Thread(target=self._repeat, args=(step,)) for step in steps]

    def start(self) -> None:
        """Start the threads; wait until each has had an answer."""
        for thread in self.threads:
            thread.start()
        deadline = time.monotonic() + 60
        while not (self.items and self.pairs and self.messages and self.objects):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def _repeat(self, step: Callable[[dict[str, Any], int], None]) -> None:
        clients = {service: self._emulator.make_client(service) for service in ("dynamodb", "sqs", "s3")}
        number = 0
        while True:
            number += 1
            try:
                step(clients, number)
            except (BotoCoreError, ClientError):
                return

    def wait(self) -> None:
        """Wait until the threads noticed that the emulator is gone."""
        for thread in self.threads:
            thread.join()

    def count(self) -> int:
        return len(self.items) + len(self.pairs) + len(self.messages) + len(self.deleted_messages) + len(self.objects)

    def change_item(self, clients: dict[str, Any], number: int) -> None:
        key = f"item {number % KEYS}"
        value = None if number % 7 == 0 else str(number)
        # Until it is answered, the old and the new value are right.
        self.items.setdefault(key, {self._old_items.get(key)}).add(value)
        if value is None:
            clients["dynamodb"].delete_item(TableName=TABLE, Key={"key": {"S": key}})
        else:
            clients["dynamodb"].put_item(TableName=TABLE, Item=get_item(key, value))
        self.items[key] = {value}

    def write_pair(self, clients: dict[str, Any], number: int) -> None:
        puts = [
            {"Put": {"TableName": TABLE, "Item": get_item(f"{side} {number}", number)}} for side in ("left", "right")
        ]
        clients["dynamodb"].transact_write_items(TransactItems=puts)
        self.pairs.add(str(number))

    def send_message(self, clients: dict[str, Any], number: int) -> None:
        body = f"{self._name} {number}"
        clients["sqs"].send_message(QueueUrl=self._queue, MessageBody=body)
        self.messages.add(body)

    def receive_message(self, clients: dict[str, Any], number: int) -> None:
        messages = clients["sqs"].receive_message(QueueUrl=self._queue, WaitTimeSeconds=1).get("Messages", [])
        for message in messages if number % 2 else ():
            self.unsure_message = message["Body"]
            clients["sqs"].delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
            self.deleted_messages.add(message["Body"])

    def put_object(self, clients: dict[str, Any], number: int) -> None:
        content = os.urandom(1000) * 3000
        key = f"object {self._name} {number}"
        clients["s3"].put_object(Bucket=TABLE, Key=key, Body=content)
        self.objects[key] = content[:1000]


def check(emulator: RunningEmulator, work: Work) -> None:
    items = read_items(emulator)
    for key, values in work.items.items():
        assert items.get(key) in values, key
    left = {key.removeprefix("left ") for key in items if key.startswith("left")}
    right = {key.removeprefix("right ") for key in items if key.startswith("right")}
    assert left == right >= work.pairs
    bodies = read_messages(emulator)
    assert len(bodies) == len(set(bodies))
    assert set(bodies) >= work.messages - work.deleted_messages - {work.unsure_message}
    assert not set(bodies) & work.deleted_messages
    for key, start in work.objects.items():
        content = emulator.make_client("s3").get_object(Bucket=TABLE, Key=key)["Body"].read()
        assert content == start * 3000, key
    secret = emulator.make_client("secretsmanager").get_secret_value(SecretId=TABLE)
    assert secret["SecretString"] == TABLE


def test_what_was_answered_is_there_after_kills(
    tmp_path: Path, record_property: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random()
    answers = 0
    with running_emulator(tmp_path) as emulator:
        prepare(emulator)
        emulator.save()
        work = Work(emulator)
        work.start()
    for number in range(KILLS):
        with capsys.disabled():
            print(f"\nkill {number + 1} of {KILLS}, after {answers} answers", end="", flush=True)
        work.wait()
        assert "the last run was killed" in describe_recovery(emulator.settings.emulator_dir)
        with running_emulator(tmp_path) as emulator:
            check(emulator, work)
            answers += work.count()
            work = Work(emulator)
            work.start()
            time.sleep(rng.uniform(0.0, 1.0))
    work.wait()
    record_property("counts", f"{KILLS} kills of the emulator: {answers} answers, none lost")
