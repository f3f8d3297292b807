"""The local stack: it starts, says what is wrong, keeps its state, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from infra.local.control import RunningStack, free_port, running_stack
from infra.local.ports import take
from infra.local.settings import PROJECT

MARK = "HELIOGRAPH_STACK_MARK"


def client(stack: RunningStack, service: str) -> Any:
    return session().client(service, endpoint_url=stack.settings.emulator_url)


def session() -> Any:
    return boto3.session.Session("local", "local", region_name="us-east-1")


def processes_marked(mark: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def wait_until_gone(mark: str, seconds: float) -> list[str]:
    deadline = time.monotonic() + seconds
    while (left := processes_marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


# ---- what it answers


def test_it_answers_and_the_token_is_there_before(stack: RunningStack) -> None:
    answer = requests.get(f"{stack.url}/api/sysinfo", timeout=30)
    assert answer.status_code == 200
    assert answer.json()["status"] == "success"
    assert stack.settings.token_file.stat().st_mode & 0o777 == 0o600
    assert stack.token


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/no/such/route"), ("PUT", "/api/sysinfo")])
def test_what_has_no_route_gets_the_envelope(stack: RunningStack, method: str, path: str) -> None:
    answer = requests.request(method, stack.url + path, timeout=30)
    assert answer.status_code in {404, 405}
    assert answer.json()["status"] == "error"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_head_has_no_body_and_options_names_the_origin_once(stack: RunningStack) -> None:
    assert requests.head(f"{stack.url}/api/sysinfo", timeout=30).content == b""
    headers = {"Origin": "http://example.org", "Access-Control-Request-Method": "GET"}
    answer = requests.options(f"{stack.url}/api/sysinfo", headers=headers, timeout=30)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_large_body_is_refused_naming_the_way_round(stack: RunningStack) -> None:
    large = b"x" * (7 * 1024 * 1024)
    for body in (large, iter([large])):  # with a Content-Length, and in chunks
        answer = requests.post(f"{stack.url}/api/sources", data=body, timeout=30)
        assert answer.status_code == 413
        assert "thin the samples" in answer.json()["message"]


@pytest.mark.parametrize("path", ["/api/../_ministack/health", "/api/%2e%2e/%2e%2e/_ministack/health"])
def test_no_path_leads_around_the_gateway(stack: RunningStack, path: str) -> None:
    with socket.create_connection(("127.0.0.1", stack.settings.port)) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert raw.recv(1000).startswith(b"HTTP/1.1 404")


# ---- starting and stopping


def run_to_the_end(port: int, state: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PORT": str(port), "HELIOGRAPH_LOCAL_DIR": str(state)}
    command = [sys.executable, "-m", "infra.local", "run"]
    return subprocess.run(
        command, check=False, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("offset", [0, 1, 2])
def test_a_taken_port_is_said_with_who_holds_it(tmp_path: Path, offset: int) -> None:
    port = free_port()
    with take(port + offset, "this test", 0) as taken:
        taken.listen()
        ended = run_to_the_end(port, tmp_path)
    assert ended.returncode == 1
    assert f"Port {port + offset}" in ended.stderr
    assert f"process {os.getpid()} (" in ended.stderr
    assert "PORT=" in ended.stderr
    assert not (tmp_path / "pid").exists()


def test_the_demo_says_who_holds_its_port(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    environment = {**os.environ, "PORT": str(port), "HELIOGRAPH_LOCAL_DIR": str(tmp_path)}
    other = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until_somebody_listens(port)
        for module, words in (("infra.demo", f"process {other.pid} ("), ("infra.demo_data", "stack")):
            ended = subprocess.run(
                [sys.executable, "-m", module],
                check=False, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60,
            )  # fmt: skip
            assert ended.returncode == 1, ended.stdout
            assert words in ended.stdout + ended.stderr
    finally:
        other.kill()
        other.wait()


def until_somebody_listens(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_one_state_has_one_stack(stack: RunningStack) -> None:
    ended = run_to_the_end(free_port(), stack.settings.state_dir)
    assert ended.returncode == 1
    assert f"runs already (process {stack.process.pid})" in ended.stderr


def test_a_port_that_is_none_is_said() -> None:
    command = [sys.executable, "-m", "infra.local", "status"]
    ended = subprocess.run(
        command, check=False, cwd=PROJECT, env={**os.environ, "PORT": "80a"}, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert "PORT is '80a'" in ended.stderr


def test_a_restart_keeps_everything_and_gives_held_messages_back(tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    with running_stack(tmp_path, environment={**os.environ, MARK: mark}) as first:
        before = leave_traces(first)
        assert processes_marked(mark)
        started = time.monotonic()
        assert first.stop() == 0
        assert time.monotonic() - started < 15
    assert wait_until_gone(mark, 2) == []
    assert list((tmp_path / "tmp").glob("*")) == []
    # Other ports, too: what was saved must not depend on them.
    with running_stack(tmp_path) as second:
        assert find_traces(second) == before
        triggers = client(second, "lambda").list_event_source_mappings()["EventSourceMappings"]
        assert {trigger["State"] for trigger in triggers} == {"Enabled"}
        assert client(second, "events").list_rules()["Rules"][0]["State"] == "ENABLED"
        environment = client(second, "lambda").get_function_configuration(FunctionName="heliograph-local-fit")
        assert second.settings.containers_url in json.dumps(environment["Environment"])


def leave_traces(stack: RunningStack) -> dict[str, str]:
    client(stack, "dynamodb").put_item(
        TableName="heliograph-local-registry",
        Item={"kind": {"S": "trace"}, "key": {"S": "1"}, "v": {"S": "kept"}},
    )
    client(stack, "s3").put_object(Bucket="heliograph-local-000000000000", Key="fits/trace", Body=b"kept")
    sqs = client(stack, "sqs")
    queue = sqs.get_queue_url(QueueName="heliograph-local-jobs-dead")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="held")
    assert len(sqs.receive_message(QueueUrl=queue)["Messages"]) == 1
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    secret = client(stack, "secretsmanager").get_secret_value(SecretId="heliograph-local-secret")
    return {"secret": secret["SecretString"], "item": "kept", "object": "kept", "held, received": "1"}


def find_traces(stack: RunningStack) -> dict[str, str]:
    item = client(stack, "dynamodb").get_item(
        TableName="heliograph-local-registry", Key={"kind": {"S": "trace"}, "key": {"S": "1"}}
    )["Item"]
    kept = client(stack, "s3").get_object(Bucket="heliograph-local-000000000000", Key="fits/trace")
    sqs = client(stack, "sqs")
    queue = sqs.get_queue_url(QueueName="heliograph-local-jobs-dead")["QueueUrl"]
    message = sqs.receive_message(QueueUrl=queue, AttributeNames=["All"])["Messages"][0]
    secret = client(stack, "secretsmanager").get_secret_value(SecretId="heliograph-local-secret")
    return {
        "secret": secret["SecretString"],
        "item": item["v"]["S"],
        "object": kept["Body"].read().decode(),
        f"{message['Body']}, received": message["Attributes"]["ApproximateReceiveCount"],
    }


def test_a_killed_stack_takes_everything_with_it_and_still_saves(tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    with running_stack(tmp_path, environment={**os.environ, MARK: mark}) as stack:
        requests.get(f"{stack.url}/api/sysinfo", timeout=30)
        before = leave_traces(stack)
        stack.process.send_signal(signal.SIGKILL)
        assert wait_until_gone(mark, 20) == []
    with running_stack(tmp_path) as again:
        assert find_traces(again) == before
