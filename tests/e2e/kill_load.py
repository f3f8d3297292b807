"""Work that a stack does when it is killed; it records what the stack answered with success."""

from __future__ import annotations

import hashlib
import itertools
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import boto3
import requests
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.client import Api, DemoError
from tests.e2e.analysis_helpers import register_service
from tests.running_stack import RunningStack

__all__ = ["Answered", "KillLoad", "find_lost_records"]

_BUCKET = "heliograph-local-000000000000"
_OBJECT_BYTES = 12_000_000


@dataclass
class Answered:
    """What a stack answered with success: ids and names of what it made."""

    analyses: list[int] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    services: list[int] = field(default_factory=list)
    deleted_services: list[int] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    objects: dict[str, str] = field(default_factory=dict)
    """Keys of objects and the MD5 of their content."""
    checked_objects: list[str] = field(default_factory=list)

    def count(self) -> int:
        return sum(len(records) for records in vars(self).values())


class KillLoad:
    """Threads that use a stack until it does not answer any more.

    Parameters
    ----------
    stack
        The stack.
    service
        A service that takes the analyses.
    batch_sources
        The sources of a batch; without any, none is started.
    answered
        Where answers are recorded.
    """

    _numbers = itertools.count(time.time_ns())

    def __init__(self, stack: RunningStack, service: int, batch_sources: list[str], answered: Answered) -> None:
        self._stack = stack
        self._service = service
        self._batch_sources = batch_sources
        self._answered = answered
        self._threads = [
            threading.Thread(target=self._repeat, args=(step,), daemon=True)
            for step in (
                self._start_analysis, self._start_analysis, self._start_batch, self._change_services,
                self._create_token, self._put_object,
            )
        ]  # fmt: skip

    def start(self) -> None:
        """Start the threads, and wait until each has had an answer."""
        for thread in self._threads:
            thread.start()
        answered = self._answered
        deadline = time.monotonic() + 120
        while not (answered.analyses and answered.tokens and answered.objects and answered.deleted_services) or (
            self._batch_sources and not answered.batches
        ):
            assert time.monotonic() < deadline, {kind: len(records) for kind, records in vars(answered).items()}
            time.sleep(0.02)

    def wait(self) -> None:
        """Wait until all threads noticed that the stack is gone."""
        for thread in self._threads:
            thread.join(70)
            assert not thread.is_alive()

    def _repeat(self, step: Callable[[Api], None]) -> None:
        api = Api(f"{self._stack.url}/api", self._stack.token)
        while self._stack.process.poll() is None:
            # An answer of failure promises nothing: on a busy machine, one may come before the kill.
            with suppress(OSError, requests.RequestException, BotoCoreError, ClientError, DemoError):
                step(api)

    def _start_analysis(self, api: Api) -> None:
        source = f"killed-{next(self._numbers)}"
        api.post("/sources", {"id": source, "ra": 1.0, "dec": 1.0})
        self._answered.sources.append(source)
        self._answered.analyses.append(int(api.post(f"/obj/{source}/analysis/{self._service}", {})["id"]))

    def _start_batch(self, api: Api) -> None:
        if self._batch_sources:
            batch = {"service_id": self._service, "obj_ids": self._batch_sources}
            self._answered.batches.append(int(api.post("/analysis_batch", batch)["id"]))
            self._batch_sources = []
        time.sleep(0.1)
        api.get("/sysinfo")

    def _change_services(self, api: Api) -> None:
        service = register_service(api, "http://localhost:9/", name=f"deleted {next(self._numbers)}")
        self._answered.services.append(service)
        other = register_service(api, "http://localhost:9/", name=f"kept {next(self._numbers)}")
        self._answered.services.append(other)
        # An answer that does not come leaves it open whether the service exists.
        self._answered.services.remove(service)
        api.send_request("DELETE", f"/analysis_service/{service}")
        self._answered.deleted_services.append(service)

    def _create_token(self, api: Api) -> None:
        token = api.post("/internal/tokens", {"name": f"of the kill {next(self._numbers)}", "acls": []})
        self._answered.tokens.append(str(token["token_id"]))
        time.sleep(0.2)

    def _put_object(self, api: Api) -> None:
        content = os.urandom(1000) * (_OBJECT_BYTES // 1000)
        key = f"fits/killed-{next(self._numbers)}"
        _make_s3(self._stack).put_object(Bucket=_BUCKET, Key=key, Body=content)
        self._answered.objects[key] = hashlib.md5(content).hexdigest()
        time.sleep(0.5)


def _make_s3(stack: RunningStack) -> Any:
    session = boto3.session.Session("local", "local", region_name="us-east-1")
    config = Config(retries={"total_max_attempts": 1}, read_timeout=30)
    return session.client("s3", endpoint_url=stack.settings.emulator_url, config=config)


def find_lost_records(stack: RunningStack, answered: Answered) -> list[str]:
    """Return what a stack had answered with success and does not know any more; large objects are deleted then."""
    http = requests.Session()
    http.headers["Authorization"] = f"token {stack.token}"

    def get_status(path: str, **options: Any) -> int:
        return http.get(f"{stack.url}/api{path}", timeout=60, **options).status_code

    paths = [
        *(f"/obj/analysis/{analysis}/status" for analysis in answered.analyses),
        *(f"/analysis_batch/{batch}" for batch in answered.batches),
        *(f"/sources/{source}" for source in answered.sources),
        *(f"/analysis_service/{service}" for service in answered.services),
    ]
    lost = [path for path in paths if get_status(path) != 200]
    lost += [f"deleted {number}" for number in answered.deleted_services if _exists(get_status, number)]
    headers = [{"Authorization": f"token {token}"} for token in answered.tokens]
    lost += ["a token" for header in headers if get_status("/internal/profile", headers=header) != 200]
    s3 = _make_s3(stack)
    for key, digest in answered.objects.items():
        content = s3.get_object(Bucket=_BUCKET, Key=key)["Body"].read()
        if hashlib.md5(content).hexdigest() != digest:
            lost.append(key)
        s3.delete_object(Bucket=_BUCKET, Key=key)
    answered.checked_objects += answered.objects
    answered.objects.clear()
    return lost


def _exists(get_status: Callable[[str], int], service: int) -> bool:
    return get_status(f"/analysis_service/{service}") == 200
