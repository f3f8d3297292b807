"""The local stack: starts, explains failures, keeps its state, leaves no processes behind."""

from __future__ import annotations

import json
import os
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

from infra import PROJECT
from infra.client import Api
from infra.local.port_binding import bind_port
from tests.e2e.analysis_helpers import register_service
from tests.marked_processes import MARK, find_marked_processes, wait_for_end
from tests.running_stack import RunningStack, find_free_port, running_stack
from tests.unit.test_private_files import find_open_paths


def make_client(stack: RunningStack, service: str) -> Any:
    session = boto3.session.Session("local", "local", region_name="us-east-1")
    return session.client(service, endpoint_url=stack.settings.emulator_url)


# ---- responses


def test_it_answers_and_has_written_the_token(stack: RunningStack) -> None:
    response = requests.get(f"{stack.url}/api/sysinfo", timeout=30)
    assert response.status_code == 200
    assert response.json()["status"] == "success"
    assert stack.settings.token_file.stat().st_mode & 0o777 == 0o600
    assert stack.token


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/no/such/route"), ("PUT", "/api/sysinfo")])
def test_an_unknown_route_gets_the_envelope(stack: RunningStack, method: str, path: str) -> None:
    response = requests.request(method, stack.url + path, timeout=30)
    assert response.status_code in {404, 405}
    assert response.json()["status"] == "error"
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_head_has_no_body_and_options_allows_every_origin_once(stack: RunningStack) -> None:
    assert requests.head(f"{stack.url}/api/sysinfo", timeout=30).content == b""
    headers = {"Origin": "http://example.org", "Access-Control-Request-Method": "GET"}
    response = requests.options(f"{stack.url}/api/sysinfo", headers=headers, timeout=30)
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_a_large_body_is_refused_with_advice(stack: RunningStack) -> None:
    large = b"x" * (7 * 1024 * 1024)
    for body in (large, iter([large])):  # with a Content-Length, and in chunks
        response = requests.post(f"{stack.url}/api/sources", data=body, timeout=30)
        assert response.status_code == 413
        assert "thin the samples" in response.json()["message"]


@pytest.mark.parametrize("path", ["/api/../_ministack/health", "/api/%2e%2e/%2e%2e/_ministack/health"])
def test_no_path_bypasses_the_gateway(stack: RunningStack, path: str) -> None:
    with socket.create_connection(("127.0.0.1", stack.settings.port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 404")


# ---- the doors


def test_nothing_of_the_state_is_open_to_others(stack: RunningStack) -> None:
    assert find_open_paths(stack.settings.state_dir) == []


def test_the_emulator_answers_no_page_of_another_site(stack: RunningStack) -> None:
    url = f"{stack.settings.emulator_url}/?Action=ListQueues"
    door = {"Origin": stack.url}
    pages = ({"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Sec-Fetch-Site": "cross-site"})
    for headers, status in (({}, 200), (door, 200), *((page, 403) for page in pages)):
        response = requests.get(url, headers=headers, timeout=30)
        assert response.status_code == status, headers
        readers = response.headers.get("Access-Control-Allow-Origin")
        assert readers == (stack.url if headers is door else None)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_pages_of_the_front_door_use_presigned_urls(stack: RunningStack, host: str) -> None:
    origin = f"http://{host}:{stack.settings.port}"
    bucket = make_client(stack, "s3").list_buckets()["Buckets"][0]["Name"]
    url = make_client(stack, "s3").generate_presigned_url("put_object", {"Bucket": bucket, "Key": "uploads/page"})
    headers = {"Origin": origin, "Access-Control-Request-Method": "PUT", "Sec-Fetch-Site": "cross-site"}
    for method in ("OPTIONS", "PUT"):
        response = requests.request(method, url, data=b"x", headers=headers, timeout=30)
        assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (200, origin)


def test_the_inner_ports_are_not_called(stack: RunningStack, http: requests.Session) -> None:
    api = Api(f"{stack.url}/api", stack.token)
    for port, is_allowed in (
        (stack.settings.emulator_port, False),
        (stack.settings.containers_port, False),
        (stack.settings.port, True),
    ):
        service = register_service(api, f"http://localhost:{port}/?Action=CreateQueue&QueueName=pinged")
        assert api.post(f"/analysis_service/{service}/ping", {})["allowed"] is is_allowed
    queues = make_client(stack, "sqs").list_queues()["QueueUrls"]
    assert not [queue for queue in queues if "pinged" in queue]


def test_no_header_names_the_public_address(stack: RunningStack) -> None:
    for headers in (
        {"Host": f"localhost:{stack.settings.port + 7}"},
        {"Host": "[::1]:1"},
        {"X-Forwarded-Host": "evil.example"},
    ):
        document = requests.get(f"{stack.url}/api/openapi.json", headers=headers, timeout=30).text
        assert f"{stack.url}/api" in document
        assert "evil.example" not in document and "[::1]" not in document
    assert requests.get(f"{stack.url}/api/sysinfo", headers={"Host": "evil.example"}, timeout=30).status_code == 421


# ---- start and stop


def run_until_exit(port: int, state: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PORT": str(port), "HELIOGRAPH_LOCAL_DIR": str(state)}
    command = [sys.executable, "-m", "infra.local", "run"]
    return subprocess.run(
        command, check=False, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=180
    )


@pytest.mark.parametrize("offset", [0, 1, 2])
def test_an_error_names_the_process_that_holds_a_port(tmp_path: Path, offset: int) -> None:
    port = find_free_port()
    with bind_port(port + offset, "this test", 0) as listener:
        listener.listen()
        result = run_until_exit(port, tmp_path)
    assert result.returncode == 1
    assert f"Port {port + offset}" in result.stderr
    assert f"process {os.getpid()} (" in result.stderr
    assert "PORT=" in result.stderr
    assert not (tmp_path / "pid").exists()


def test_the_demo_names_the_process_that_holds_its_port(tmp_path: Path) -> None:
    port = find_free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    environment = {**os.environ, "PORT": str(port), "HELIOGRAPH_LOCAL_DIR": str(tmp_path)}
    other = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_listener(port)
        for module, words in (("infra.demo", f"process {other.pid} ("), ("infra.demo_data", "stack")):
            result = subprocess.run(
                [sys.executable, "-m", module],
                check=False, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=180,
            )  # fmt: skip
            assert result.returncode == 1, result.stdout
            assert words in result.stdout + result.stderr
    finally:
        other.kill()
        other.wait()


def wait_for_listener(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_second_stack_with_the_same_state_is_refused(stack: RunningStack) -> None:
    result = run_until_exit(find_free_port(), stack.settings.state_dir)
    assert result.returncode == 1
    assert f"runs already (process {stack.process.pid})" in result.stderr


def test_an_invalid_port_is_refused() -> None:
    command = [sys.executable, "-m", "infra.local", "status"]
    result = subprocess.run(
        command, check=False, cwd=PROJECT, env={**os.environ, "PORT": "80a"}, capture_output=True, text=True
    )
    assert result.returncode == 1
    assert "PORT is '80a'" in result.stderr


def test_a_restart_keeps_everything_and_releases_held_messages(tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    with running_stack(tmp_path, environment={**os.environ, MARK: mark}) as first:
        samples = write_samples(first)
        assert find_marked_processes(mark)
        start = time.monotonic()
        assert first.stop() == 0
        assert time.monotonic() - start < 15
    # The last process deletes temporary files.
    assert wait_for_end(mark, 20) == []
    assert list((tmp_path / "tmp").glob("*")) == []
    # On other ports: the saved state must not depend on them.
    with running_stack(tmp_path) as second:
        assert read_samples(second) == samples
        triggers = make_client(second, "lambda").list_event_source_mappings()["EventSourceMappings"]
        assert {trigger["State"] for trigger in triggers} == {"Enabled"}
        assert make_client(second, "events").list_rules()["Rules"][0]["State"] == "ENABLED"
        environment = make_client(second, "lambda").get_function_configuration(FunctionName="heliograph-local-fit")
        assert second.settings.containers_url in json.dumps(environment["Environment"])


def write_samples(stack: RunningStack) -> dict[str, str]:
    make_client(stack, "dynamodb").put_item(
        TableName="heliograph-local-registry", Item={"kind": {"S": "trace"}, "key": {"S": "1"}, "v": {"S": "kept"}}
    )
    make_client(stack, "s3").put_object(Bucket="heliograph-local-000000000000", Key="fits/trace", Body=b"kept")
    sqs = make_client(stack, "sqs")
    queue = sqs.get_queue_url(QueueName="heliograph-local-jobs-dead")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="held")
    assert len(sqs.receive_message(QueueUrl=queue)["Messages"]) == 1
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    secret = make_client(stack, "secretsmanager").get_secret_value(SecretId="heliograph-local-secret")
    return {"secret": secret["SecretString"], "item": "kept", "object": "kept", "held, received": "1"}


def read_samples(stack: RunningStack) -> dict[str, str]:
    item = make_client(stack, "dynamodb").get_item(
        TableName="heliograph-local-registry", Key={"kind": {"S": "trace"}, "key": {"S": "1"}}
    )["Item"]
    blob = make_client(stack, "s3").get_object(Bucket="heliograph-local-000000000000", Key="fits/trace")
    sqs = make_client(stack, "sqs")
    queue = sqs.get_queue_url(QueueName="heliograph-local-jobs-dead")["QueueUrl"]
    message = sqs.receive_message(QueueUrl=queue, AttributeNames=["All"])["Messages"][0]
    secret = make_client(stack, "secretsmanager").get_secret_value(SecretId="heliograph-local-secret")
    return {
        "secret": secret["SecretString"],
        "item": item["v"]["S"],
        "object": blob["Body"].read().decode(),
        f"{message['Body']}, received": message["Attributes"]["ApproximateReceiveCount"],
    }
