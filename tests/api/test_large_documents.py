"""Documents over what a request carries: by a presigned upload in, by a presigned link out."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from chalicelib import lambda_functions, settings
from tests.api.story import deliver, make_service, make_source, start
from tests.api.test_analyses import upload_service
from tests.api.test_people import make_user
from tests.gateway import Gateway, Reply, get_redirect_blob
from tests.service import Service, analysis_service

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100


def put(invitation: dict[str, Any], document: Any) -> None:
    """Do what a client does with the answer of ``…/upload``."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    answer = requests.put(invitation["url"], data=body, headers=invitation["headers"], timeout=10)
    assert answer.status_code == 200, answer.text


def waiting(admin: Gateway, service: Service) -> tuple[int, str]:
    """Start an analysis; return its id and the path of its callback."""
    make_source(admin)
    analysis = start(admin, make_service(admin, service.url))
    deliver()
    return analysis, service.received[0].callback_path


@pytest.fixture
def service() -> Iterator[Service]:
    with analysis_service() as running:
        yield running


DOCUMENT = {
    "plots": [{"format": "png", "data": base64.b64encode(PNG).decode()}],
    "results": {"format": "json", "data": {"chi2": 1.5, "chain": [0.1 * n for n in range(200_000)]}},
}


def test_a_service_uploads_and_then_names_its_document(
    admin: Gateway, service: Service, lambdas: None
) -> None:
    analysis, callback = waiting(admin, service)
    nobody = admin.as_user(None)
    invitation = nobody.post(f"{callback}/upload").data
    put(invitation, DOCUMENT)
    body = {"status": "success", "analysis": {"upload_id": invitation["upload_id"]}}
    assert nobody.post(callback, body).status == 200
    record = admin.get(f"/obj/analysis/{analysis}").data
    assert (record["status"], record["num_plots"]) == ("completed", 1)
    assert get_redirect_blob(admin.get(f"/obj/analysis/{analysis}/plots/0")) == PNG
    assert data_of(admin.get(f"/obj/analysis/{analysis}/results")) == DOCUMENT["results"]["data"]
    assert nobody.post(callback, body).status == 403


def test_a_large_document_comes_back_whole_by_a_link(admin: Gateway, service: Service, lambdas: None) -> None:
    analysis, callback = waiting(admin, service)
    invitation = admin.post(f"{callback}/upload").data
    put(invitation, DOCUMENT)
    admin.post(callback, {"status": "success", "analysis": {"upload_id": invitation["upload_id"]}})
    whole = json.loads(get_redirect_blob(admin.get(f"/obj/analysis/{analysis}?includeAnalysisData=True")))
    assert whole["status"] == "success"
    assert whole["data"]["id"] == analysis
    assert whole["data"]["data"]["results"] == whole["analysis"]["results"] == DOCUMENT["results"]


def data_of(reply: Reply) -> Any:
    return reply.data if reply.status == 200 else json.loads(get_redirect_blob(reply))["data"]


def test_a_user_uploads_a_large_analysis(admin: Gateway, lambdas: None) -> None:
    make_source(admin)
    path = f"/obj/SN1/analysis_upload/{upload_service(admin)}"
    invitation = admin.post(f"{path}/upload").data
    put(invitation, DOCUMENT)
    analysis = admin.post(path, {"analysis": {"upload_id": invitation["upload_id"]}}).data["id"]
    assert admin.get(f"/obj/analysis/{analysis}").data["num_plots"] == 1


@pytest.mark.parametrize(
    ("document", "says"),
    [(b"[1, 2]", "object"), (b"{", "JSON"), (b"[" * 10**6, "JSON"), ({"plots": ["!"]}, "plots.0")],
)
def test_a_malformed_upload_changes_nothing(
    admin: Gateway, service: Service, lambdas: None, document: Any, says: str
) -> None:
    analysis, callback = waiting(admin, service)
    invitation = admin.post(f"{callback}/upload").data
    put(invitation, document)
    body = {"status": "success", "analysis": {"upload_id": invitation["upload_id"]}}
    refusal = admin.post(callback, body)
    assert refusal.status == 400
    assert says in refusal.message or "nested" in refusal.message
    assert admin.post(callback, {"status": "success"}).status == 200
    assert admin.get(f"/obj/analysis/{analysis}").data["status"] == "completed"


@pytest.mark.parametrize("upload_id", ["", "../../analyses/1/inputs", "x" * 500, None, 7])
def test_uploads_that_are_none(admin: Gateway, service: Service, lambdas: None, upload_id: Any) -> None:
    _, callback = waiting(admin, service)
    refusal = admin.post(callback, {"status": "success", "analysis": {"upload_id": upload_id}})
    assert refusal.status == 400
    assert "upload" in refusal.message


def test_an_upload_that_was_refused_can_be_named_again(
    admin: Gateway, lambdas: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_source(admin)
    path = f"/obj/SN1/analysis_upload/{upload_service(admin)}"
    invitation = admin.post(f"{path}/upload").data
    put(invitation, DOCUMENT)
    named = {"analysis": {"upload_id": invitation["upload_id"]}}
    assert admin.post(path, {}).status == 200
    with monkeypatch.context() as full:
        full.setattr(settings, "ANALYSES_PER_SOURCE", 1)
        assert admin.post(path, named).status == 403
    assert admin.post(path, named).status == 200


def test_nobody_names_the_upload_of_another(admin: Gateway, lambdas: None) -> None:
    make_source(admin)
    path = f"/obj/SN1/analysis_upload/{upload_service(admin)}"
    invitation = admin.post(f"{path}/upload").data
    put(invitation, DOCUMENT)
    bob = make_user(admin, "bob", "Run Analyses")
    named = {"analysis": {"upload_id": invitation["upload_id"]}}
    assert bob.post(path, named).status == 400
    assert admin.post(path, named).status == 200


def test_what_is_too_large_is_refused_with_the_limit(
    admin: Gateway, service: Service, lambdas: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "DOCUMENT_BYTES", 1024 * 1024)
    _, callback = waiting(admin, service)
    invitation = admin.post(f"{callback}/upload").data
    put(invitation, DOCUMENT)
    body = {"status": "success", "analysis": {"upload_id": invitation["upload_id"]}}
    refusal = admin.post(callback, body)
    assert refusal.status == 413
    assert "limit is 1 MB" in refusal.message


def test_a_function_that_breaks_loses_nothing(
    admin: Gateway, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str, event: dict[str, Any]) -> dict[str, Any]:
        raise lambda_functions.FunctionFailed(name)

    monkeypatch.setattr(lambda_functions, "invoke_function", broken)
    analysis, callback = waiting(admin, service)
    invitation = admin.post(f"{callback}/upload").data
    put(invitation, DOCUMENT)
    body = {"status": "success", "analysis": {"upload_id": invitation["upload_id"]}}
    assert admin.post(callback, body).status == 400
    assert admin.get(f"/obj/analysis/{analysis}").data["status"] == "pending"
