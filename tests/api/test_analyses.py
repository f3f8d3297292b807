"""Reading, uploading, cancelling and deleting analyses."""

import json

import pytest

from chalicelib import blobs, queues, settings
from chalicelib.aws import get_account_id, get_client
from chalicelib.tables import analyses, analysis_transitions
from chalicelib.tables.base import ConditionFailed
from tests.api.story import drain_queue, make_service, make_source, set_overdue, start_analysis, sweep_overdue
from tests.api.test_people import make_user
from tests.gateway import Gateway


def make_upload_service(admin: Gateway) -> int:
    """Register a service that takes uploads; return its id."""
    return make_service(admin, name="uploads", upload_only=True, input_data_types=[])


def test_an_upload_is_an_analysis(admin: Gateway) -> None:
    make_source(admin)
    service = make_upload_service(admin)
    body = {
        "status": "success", "message": "Ran this on my machine", "show_parameters": True,
        "analysis": {"results": {"format": "json", "data": {"classification": "DY Per", "p": 0.94}}},
    }  # fmt: skip
    analysis = admin.post(f"/obj/SN1/analysis_upload/{service}", body).data["id"]
    record = admin.get(f"/obj/analysis/{analysis}").data
    assert (record["status"], record["status_message"], record["show_plots"]) == (
        "completed", "Ran this on my machine", True,
    )  # fmt: skip
    assert admin.get(f"/obj/analysis/{analysis}/results").data["classification"] == "DY Per"
    assert admin.get(f"/obj/analysis/{analysis}/inputs").status == 404


def test_an_empty_upload_is_taken_with_a_note(admin: Gateway) -> None:
    make_source(admin)
    answer = admin.post(f"/obj/SN1/analysis_upload/{make_upload_service(admin)}", {}).data
    assert "no analysis" in answer["message"]


def test_each_kind_of_service_names_the_others_route(admin: Gateway) -> None:
    make_source(admin)
    reply = admin.post(f"/obj/SN1/analysis_upload/{make_service(admin)}", {})
    assert reply.status == 403
    assert "/analysis/" in reply.message


def test_the_cap_of_uploads_is_a_403(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ANALYSES_PER_SOURCE", 1)
    make_source(admin)
    service = make_upload_service(admin)
    assert admin.post(f"/obj/SN1/analysis_upload/{service}", {}).status == 200
    assert admin.post(f"/obj/SN1/analysis_upload/{service}", {"status": "error"}).status == 200
    assert admin.post(f"/obj/SN1/analysis_upload/{service}", {}).status == 403


def test_visibility_and_ownership(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin)
    ada, bob = make_user(admin, "ada", "Run Analyses"), make_user(admin, "bob", "Run Analyses")
    own = next(g["id"] for g in ada.get("/groups").data["user_groups"] if g["name"] == "ada")
    hidden, visible = start_analysis(ada, service, {"group_ids": [own]}), start_analysis(ada, service)
    assert bob.get(f"/obj/analysis/{visible}").status == 200
    assert bob.get(f"/obj/analysis/{hidden}").status == 403
    assert [item["id"] for item in bob.get("/obj/SN1/analysis").data] == [visible]
    assert bob.delete(f"/obj/analysis/{visible}").status == 403
    assert bob.post(f"/obj/analysis/{visible}/cancel").status == 403
    assert ada.post(f"/obj/analysis/{visible}/cancel").status == 200
    assert ada.post(f"/obj/analysis/{visible}/cancel").status == 403
    assert admin.delete(f"/obj/analysis/{hidden}").status == 200


def test_deletion_removes_the_files(admin: Gateway) -> None:
    make_source(admin)
    service = make_upload_service(admin)
    analysis = admin.post(f"/obj/SN1/analysis_upload/{service}", {"analysis": {"a": 1}}).data["id"]
    assert admin.delete(f"/obj/analysis/{analysis}").status == 200
    assert admin.get(f"/obj/analysis/{analysis}").status == 403
    assert admin.delete(f"/obj/analysis/{analysis}").status == 200
    bucket = f"heliograph-local-{get_account_id()}"
    assert "Contents" not in get_client("s3").list_objects_v2(Bucket=bucket, Prefix=f"analyses/{analysis}/")


def test_sweep_finishes_an_interrupted_deletion(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    make_source(admin)
    analysis = start_analysis(admin, make_service(admin))
    with monkeypatch.context() as broken:
        broken.setattr(blobs, "delete_blobs", lambda prefix: 1 / 0)
        assert admin.delete(f"/obj/analysis/{analysis}").status == 200
    assert admin.get(f"/obj/analysis/{analysis}").status == 403
    assert blobs.blob_exists(f"analyses/{analysis}/inputs.json")
    set_overdue(analysis)
    sweep_overdue()
    assert not blobs.blob_exists(f"analyses/{analysis}/inputs.json")


def test_finished_analyses_cannot_be_cancelled(admin: Gateway) -> None:
    make_source(admin)
    service = make_upload_service(admin)
    for status, ended in (("success", "completed"), ("error", "failure")):
        analysis = admin.post(f"/obj/SN1/analysis_upload/{service}", {"status": status}).data["id"]
        reply = admin.post(f"/obj/analysis/{analysis}/cancel")
        assert (reply.status, ended in reply.message) == (403, True)
        assert admin.get(f"/obj/analysis/{analysis}").data["status"] == ended


def test_transitions_require_the_state_that_they_leave(admin: Gateway) -> None:
    make_source(admin)
    analysis = start_analysis(admin, make_service(admin))
    stale = analyses.find_analysis(analysis)
    assert stale is not None
    analysis_transitions.mark_sent(stale, "", 4e9)
    for late in (
        lambda: analysis_transitions.end_analysis(stale, "failure", "", leaving=("queued",)),
        lambda: analysis_transitions.mark_sent(stale, "", 4e9),
        lambda: analysis_transitions.lease_analysis(stale, "2999"),
        lambda: analysis_transitions.postpone_sending(stale, 1.0, ""),
    ):
        with pytest.raises(ConditionFailed):
            late()
    assert admin.get(f"/obj/analysis/{analysis}").data["status"] == "pending"


@pytest.mark.parametrize("product", ["plots/0", "results", "corner", "inference_data", "light_curve", "posterior_plot"])
def test_missing_products_are_404(admin: Gateway, product: str) -> None:
    make_source(admin)
    waiting = start_analysis(admin, make_service(admin))
    empty = admin.post(f"/obj/SN1/analysis_upload/{make_upload_service(admin)}", {}).data["id"]
    for analysis in (waiting, empty):
        assert admin.get(f"/obj/analysis/{analysis}/{product}").status == 404
    for unknown in ("4711", "x", "-1", str(10**40)):
        assert admin.get(f"/obj/analysis/{unknown}/{product}").status == 403


def test_large_answers_are_a_redirect(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    from tests.gateway import get_redirect_blob

    monkeypatch.setattr(settings, "LARGE_ANSWER_BYTES", 2000)
    make_source(admin)
    numbers = [i / 7 for i in range(1000)]
    body = {"analysis": {"results": {"data": numbers}}}
    analysis = admin.post(f"/obj/SN1/analysis_upload/{make_upload_service(admin)}", body).data["id"]
    reply = admin.get(f"/obj/analysis/{analysis}?includeAnalysisData=True")
    assert json.loads(get_redirect_blob(reply))["data"]["data"]["results"]["data"] == numbers


@pytest.mark.parametrize(("path", "queue"), [("/fitter/supernova", queues.FIT), ("/fitter/spectrum", queues.SPECTRUM)])
def test_fitter_endpoints(admin: Gateway, path: str, queue: str) -> None:
    from chalicelib.fitter_endpoint import list_fitter_tokens

    assert admin.as_user(None).get(path).json["status"] == "active"
    payload = {"inputs": {"photometry": ""}, "callback_url": "http://127.0.0.1:1/callback"}
    assert admin.post(path, payload).status == 401
    fitter = admin.as_user(list_fitter_tokens()[0])
    assert fitter.post(path, payload).json["status"] == "pending"
    (message,) = drain_queue(queue)
    assert json.loads(blobs.read_blob(message["key"]) or b"")["inputs"] == {"photometry": ""}
    assert fitter.post(path, {"inputs": {}}).status == 400
    assert fitter.post(path, {**payload, "callback_url": "http://[x"}).status in (200, 400)


def test_fits_of_a_batch_have_a_queue_of_their_own(admin: Gateway) -> None:
    from chalicelib.fitter_endpoint import list_fitter_tokens

    fitter = admin.as_user(list_fitter_tokens()[0])
    payload = {"inputs": {"photometry": ""}, "callback_url": "http://127.0.0.1:1/callback"}
    assert fitter.post("/fitter/supernova", payload, **{"heliograph-batch": "7"}).status == 200
    assert fitter.post("/fitter/supernova", payload).status == 200
    assert [len(drain_queue(queue)) for queue in (queues.FIT_BATCH, queues.FIT)] == [1, 1]


@pytest.mark.parametrize("json_results", [True, False])
def test_the_fitter_is_asked_for_a_copy_of_results_as_json(admin: Gateway, json_results: bool) -> None:
    from chalicelib.fitter_endpoint import list_fitter_tokens

    fitter = admin.as_user(list_fitter_tokens()[0])
    payload = {"inputs": {"photometry": ""}, "callback_url": "http://127.0.0.1:1/callback"}
    assert fitter.post(f"/fitter/supernova?json_results={json_results}", payload).status == 200
    (message,) = drain_queue(queues.FIT)
    assert json.loads(blobs.read_blob(message["key"]) or b"")["json_results"] is json_results
    assert fitter.post("/fitter/supernova?json_results=perhaps", payload).status == 400
