"""Parameters that are secrets: the service gets them, and nobody else."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from chalicelib import blobs, queues
from chalicelib.blob_keys import inputs_key
from chalicelib.tables.analyses import find_analysis
from chalicelib.tables.analysis_items import AnalysisItem
from tests.api.story import deliver, make_service, make_source, start_analysis
from tests.api.test_people import make_user
from tests.gateway import Gateway
from tests.service import Service, analysis_service

SECRET = "hunter2-é"
PARAMETERS: dict[str, Any] = {
    "archive_key": {"type": "secret"}, "tns_api_key": {"type": "string"}, "steps": {"type": "number", "default": 10},
}  # fmt: skip
VALUES = {"archive_key": SECRET, "tns_api_key": SECRET, "steps": 5}


@pytest.fixture
def server() -> Iterator[Service]:
    with analysis_service() as running:
        yield running


@pytest.fixture
def service(admin: Gateway, server: Service) -> int:
    make_source(admin)
    return make_service(admin, server.url, optional_analysis_parameters=PARAMETERS)


def list_stored_bytes() -> list[bytes]:
    """Return all that is stored: every record and every blob."""
    dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
    records = [repr(dynamodb.scan(TableName=name)["Items"]).encode() for name in dynamodb.list_tables()["TableNames"]]
    blobs = [
        s3.get_object(Bucket=bucket["Name"], Key=entry["Key"])["Body"].read()
        for bucket in s3.list_buckets()["Buckets"]
        for entry in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", [])
    ]
    return [*records, *blobs]


def assert_nothing_shows_the_secret(admin: Gateway, *paths: str) -> None:
    forms = [SECRET.encode(), base64.b64encode(SECRET.encode()), b"hunter2"]
    texts = [*list_stored_bytes(), *(admin.get(path).content for path in paths)]
    assert not [text for text in texts if any(form in text for form in forms)]


def test_the_service_gets_secrets_and_nobody_sees_them(admin: Gateway, service: int, server: Service) -> None:
    analysis = start_analysis(admin, service, {"analysis_parameters": VALUES})
    deliver()
    body = server.received[0].body
    assert body["inputs"]["analysis_parameters"] == body["analysis_parameters"] == VALUES
    assert admin.get(f"/obj/analysis/{analysis}").data["analysis_parameters"] == {"steps": 5}
    paths = (f"/obj/analysis/{analysis}", f"/obj/analysis/{analysis}/inputs", "/obj/SN1/analysis", "/obj/analysis")
    assert_nothing_shows_the_secret(admin, *paths)


def test_rerun_sends_secrets_again(admin: Gateway, service: int, server: Service) -> None:
    first = start_analysis(admin, service, {"analysis_parameters": VALUES})
    admin.post(f"/obj/analysis/{first}/rerun", {"analysis_parameters": {"tns_api_key": "another"}})
    deliver()
    sent = server.received[1].body["analysis_parameters"]
    assert sent == {**VALUES, "tns_api_key": "another"}


def test_another_user_cannot_run_with_the_secrets_of_the_author(admin: Gateway, service: int, server: Service) -> None:
    first = start_analysis(admin, service, {"analysis_parameters": VALUES, "group_ids": "all"})
    ada = make_user(admin, "ada", "Run Analyses")
    refusal = ada.post(f"/obj/analysis/{first}/rerun")
    assert (refusal.status, "belongs to the author" in refusal.message) == (400, True)
    own = {"analysis_parameters": {"archive_key": "ada's", "tns_api_key": None}}
    assert ada.post(f"/obj/analysis/{first}/rerun", own).status == 200
    deliver()
    assert server.received[1].body["analysis_parameters"] == {"archive_key": "ada's", "steps": 5}


def test_batches_send_secrets(admin: Gateway, service: int, server: Service) -> None:
    batch = admin.post(
        "/analysis_batch", {"service_id": service, "obj_ids": ["SN1"], "analysis_parameters": VALUES}
    ).data["id"]
    deliver(queues.JOBS)
    deliver()
    assert server.received[0].body["analysis_parameters"] == VALUES
    assert_nothing_shows_the_secret(admin, f"/analysis_batch/{batch}")


def test_default_analyses_send_secrets(admin: Gateway, service: int, server: Service) -> None:
    source_filter = {"classifications": [{"name": "Ia", "probability": 0.5}]}
    body = {"default_analysis_parameters": VALUES, "source_filter": source_filter}
    default = admin.post(f"/analysis_service/{service}/default_analysis", body).data["id"]
    path = f"/analysis_service/{service}/default_analysis/{default}"
    assert admin.patch(path, {"daily_limit": 5}).status == 200
    assert admin.post("/classification", {"obj_id": "SN1", "classification": "Ia"}).status == 200
    deliver(queues.JOBS)
    deliver()
    assert server.received[0].body["analysis_parameters"] == VALUES
    assert_nothing_shows_the_secret(admin, path)


def test_a_secret_in_a_refusal_is_not_kept(admin: Gateway, service: int, server: Service) -> None:
    server.answers = [lambda request: (400, {}, f"wrong key {SECRET}".encode())]
    start_analysis(admin, service, {"analysis_parameters": VALUES})
    deliver()
    assert_nothing_shows_the_secret(admin, f"/analysis_service/{service}")


def test_a_secret_that_is_too_long_is_refused(admin: Gateway, service: int) -> None:
    reply = admin.post(f"/obj/SN1/analysis/{service}", {"analysis_parameters": {"archive_key": "x" * 3001}})
    assert (reply.status, reply.message) == (400, "analysis_parameters.archive_key: a secret has at most 3000 bytes.")


def test_a_secret_in_an_older_record_is_not_shown(admin: Gateway, service: int) -> None:
    """Before secrets were sealed, records and inputs held them as text."""
    first = start_analysis(admin, service, {"analysis_parameters": {"steps": 5}, "group_ids": "all"})
    item = find_analysis(first)
    assert item
    item.update(actions=[AnalysisItem.analysis_parameters.set({"steps": 5, "tns_api_key": SECRET})])
    key = inputs_key(first)
    sent = json.loads(blobs.read_blob(key) or b"")
    for place in (sent, sent["inputs"]):
        place["analysis_parameters"]["tns_api_key"] = SECRET
    blobs.write_blob(key, json.dumps(sent, ensure_ascii=False).encode())
    for path in (f"/obj/analysis/{first}", f"/obj/analysis/{first}/inputs", "/obj/SN1/analysis", "/obj/analysis"):
        assert b"hunter2" not in admin.get(path).content
    refusal = make_user(admin, "ada", "Run Analyses").post(f"/obj/analysis/{first}/rerun")
    assert (refusal.status, "belongs to the author" in refusal.message) == (400, True)


def test_a_secret_that_the_service_no_longer_declares_is_not_sent(
    admin: Gateway, service: int, server: Service
) -> None:
    first = start_analysis(admin, service, {"analysis_parameters": VALUES})
    admin.patch(f"/analysis_service/{service}", {"optional_analysis_parameters": {"steps": {"type": "number"}}})
    assert admin.post(f"/obj/analysis/{first}/rerun").status == 200
    deliver()
    assert server.received[1].body["analysis_parameters"] == {"steps": 5}
