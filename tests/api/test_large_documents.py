"""Documents over the size limit of requests: presigned uploads and presigned links."""

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from chalicelib import lambda_functions, settings
from tests.api.story import deliver, make_service, make_source, start_analysis
from tests.api.test_analyses import make_upload_service
from tests.api.test_people import make_user
from tests.gateway import Gateway, Reply, get_redirect_blob
from tests.service import Service, analysis_service

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100


def upload_document(upload: dict[str, Any], document: Any) -> None:
    """Upload a document as the answer of ``…/upload`` says."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    answer = requests.put(upload["url"], data=body, headers=upload["headers"], timeout=10)
    assert answer.status_code == 200, answer.text


def start_pending_analysis(admin: Gateway, service: Service) -> tuple[int, str]:
    """Send an analysis to its service; return its id and the path of its callback."""
    make_source(admin)
    analysis = start_analysis(admin, make_service(admin, service.url))
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


def test_a_service_uploads_and_then_names_its_document(admin: Gateway, service: Service, lambdas: None) -> None:
    analysis, callback = start_pending_analysis(admin, service)
    nobody = admin.as_user(None)
    upload = nobody.post(f"{callback}/upload").data
    upload_document(upload, DOCUMENT)
    body = {"status": "success", "analysis": {"upload_id": upload["upload_id"]}}
    assert nobody.post(callback, body).status == 200
    record = admin.get(f"/obj/analysis/{analysis}").data
    assert (record["status"], record["num_plots"]) == ("completed", 1)
    assert admin.get(f"/obj/analysis/{analysis}/plots/0").content == PNG
    assert get_data(admin.get(f"/obj/analysis/{analysis}/results")) == DOCUMENT["results"]["data"]
    assert nobody.post(callback, body).status == 403


def test_a_large_document_comes_back_whole_by_a_link(admin: Gateway, service: Service, lambdas: None) -> None:
    analysis, callback = start_pending_analysis(admin, service)
    upload = admin.post(f"{callback}/upload").data
    upload_document(upload, DOCUMENT)
    admin.post(callback, {"status": "success", "analysis": {"upload_id": upload["upload_id"]}})
    whole = json.loads(get_redirect_blob(admin.get(f"/obj/analysis/{analysis}?includeAnalysisData=True")))
    assert whole["status"] == "success"
    assert whole["data"]["id"] == analysis
    assert whole["data"]["data"]["results"] == whole["analysis"]["results"] == DOCUMENT["results"]


def get_data(reply: Reply) -> Any:
    return reply.data if reply.status == 200 else json.loads(get_redirect_blob(reply))["data"]


def test_a_user_uploads_a_large_analysis(admin: Gateway, lambdas: None) -> None:
    make_source(admin)
    path = f"/obj/SN1/analysis_upload/{make_upload_service(admin)}"
    upload = admin.post(f"{path}/upload").data
    upload_document(upload, DOCUMENT)
    analysis = admin.post(path, {"analysis": {"upload_id": upload["upload_id"]}}).data["id"]
    assert admin.get(f"/obj/analysis/{analysis}").data["num_plots"] == 1


@pytest.mark.parametrize(
    ("document", "word"), [(b"[1, 2]", "object"), (b"{", "JSON"), (b"[" * 10**6, "JSON"), ({"plots": ["!"]}, "plots.0")]
)
def test_a_malformed_upload_changes_nothing(
    admin: Gateway, service: Service, lambdas: None, document: Any, word: str
) -> None:
    analysis, callback = start_pending_analysis(admin, service)
    upload = admin.post(f"{callback}/upload").data
    upload_document(upload, document)
    body = {"status": "success", "analysis": {"upload_id": upload["upload_id"]}}
    refusal = admin.post(callback, body)
    assert refusal.status == 400
    assert word in refusal.message or "nested" in refusal.message
    assert admin.post(callback, {"status": "success"}).status == 200
    assert admin.get(f"/obj/analysis/{analysis}").data["status"] == "completed"


@pytest.mark.parametrize("upload_id", ["", "../../analyses/1/inputs", "x" * 500, None, 7])
def test_unknown_upload_ids_are_refused(admin: Gateway, service: Service, lambdas: None, upload_id: Any) -> None:
    _, callback = start_pending_analysis(admin, service)
    refusal = admin.post(callback, {"status": "success", "analysis": {"upload_id": upload_id}})
    assert refusal.status == 400
    assert "upload" in refusal.message


def test_upload_can_be_used_again_after_a_refusal(
    admin: Gateway, lambdas: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_source(admin)
    path = f"/obj/SN1/analysis_upload/{make_upload_service(admin)}"
    upload = admin.post(f"{path}/upload").data
    upload_document(upload, DOCUMENT)
    body = {"analysis": {"upload_id": upload["upload_id"]}}
    assert admin.post(path, {}).status == 200
    with monkeypatch.context() as full:
        full.setattr(settings, "ANALYSES_PER_SOURCE", 1)
        assert admin.post(path, body).status == 403
    assert admin.post(path, body).status == 200


def test_uploads_of_others_are_refused(admin: Gateway, lambdas: None) -> None:
    make_source(admin)
    path = f"/obj/SN1/analysis_upload/{make_upload_service(admin)}"
    upload = admin.post(f"{path}/upload").data
    upload_document(upload, DOCUMENT)
    bob = make_user(admin, "bob", "Run Analyses")
    body = {"analysis": {"upload_id": upload["upload_id"]}}
    assert bob.post(path, body).status == 400
    assert admin.post(path, body).status == 200


def test_too_large_documents_are_refused_with_the_limit(
    admin: Gateway, service: Service, lambdas: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "DOCUMENT_BYTES", 1024 * 1024)
    _, callback = start_pending_analysis(admin, service)
    upload = admin.post(f"{callback}/upload").data
    upload_document(upload, DOCUMENT)
    body = {"status": "success", "analysis": {"upload_id": upload["upload_id"]}}
    refusal = admin.post(callback, body)
    assert refusal.status == 413
    assert "limit is 1 MB" in refusal.message


def test_failing_function_changes_nothing(admin: Gateway, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_function_failed(name: str, event: dict[str, Any]) -> dict[str, Any]:
        raise lambda_functions.FunctionFailed(name)

    monkeypatch.setattr(lambda_functions, "invoke_function", raise_function_failed)
    analysis, callback = start_pending_analysis(admin, service)
    upload = admin.post(f"{callback}/upload").data
    upload_document(upload, DOCUMENT)
    body = {"status": "success", "analysis": {"upload_id": upload["upload_id"]}}
    assert admin.post(callback, body).status == 503
    assert admin.get(f"/obj/analysis/{analysis}").data["status"] == "pending"


def test_an_upload_url_with_a_size_takes_no_other(admin: Gateway, service: Service) -> None:
    _, callback = start_pending_analysis(admin, service)
    upload = admin.post(f"{callback}/upload", {"size": 1234}).data
    assert "content-length" in parse_qs(urlsplit(upload["url"]).query)["X-Amz-SignedHeaders"][0].split(";")
    refusal = admin.post(f"{callback}/upload", {"size": settings.DOCUMENT_BYTES + 1})
    assert (refusal.status, "limit is 200 MB" in refusal.message) == (413, True)
    for size in (0, -1, "many", 1.5, [1], 2**70):
        assert 400 <= admin.post(f"{callback}/upload", {"size": size}).status < 500
