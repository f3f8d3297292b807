"""What a completed analysis writes back to its source: annotations, summaries, scalars of its results."""

import base64
import io
from typing import Any

import joblib
import pytest

from chalicelib import queues
from chalicelib.analysis import sweep, write_back
from chalicelib.tables import analyses
from tests.api.story import deliver, make_service, make_source, overdue, start, taken
from tests.api.test_analyses import upload_service
from tests.api.test_people import make_user
from tests.gateway import Gateway


def call_back(admin: Gateway, analysis: dict[str, Any], status: str = "success", **service: Any) -> int:
    """Run an analysis of SN1 whose service answers with this document; return its id."""
    from tests.service import analysis_service

    if admin.get("/sources/SN1").status != 200:
        make_source(admin)
    with analysis_service() as running:
        number = start(admin, make_service(admin, running.url, **service))
        deliver()
        callback = running.received[0].callback_path
    assert admin.post(callback, {"status": status, "analysis": analysis}).status == 200
    return number


def annotations(user: Gateway) -> dict[str, Any]:
    return {a["origin"]: a["data"] for a in user.get("/sources/SN1/annotations").data}


def test_annotations_are_written_back_by_origin(admin: Gateway) -> None:
    document = {"annotations": [{"origin": "salt", "data": {"x1": 1.2}}, {"data": {"chi2": 3}}]}
    call_back(admin, document, name="fitter")
    assert annotations(admin) == {"salt": {"x1": 1.2}, "fitter": {"chi2": 3}}


def test_the_next_run_replaces_what_this_service_wrote_and_nothing_else(admin: Gateway) -> None:
    make_source(admin)
    admin.post("/sources/SN1/annotations", {"origin": "mine", "data": {"by": "hand"}})
    call_back(admin, {"annotations": [{"origin": "salt", "data": {"x1": 1}}]}, name="one")
    call_back(
        admin,
        {"annotations": [{"origin": "mine", "data": {"by": "robot"}}, {"origin": "salt", "data": {"x1": 2}}]},
        name="other",
    )
    assert annotations(admin) == {"mine": {"by": "hand"}, "salt": {"x1": 1}}


def test_a_failure_writes_nothing_back(admin: Gateway) -> None:
    call_back(admin, {"annotations": [{"origin": "salt", "data": {"x1": 1}}]}, status="error")
    assert annotations(admin) == {}


def test_annotations_are_seen_by_whoever_sees_the_analysis(admin: Gateway) -> None:
    make_source(admin)
    group = admin.post("/groups", {"name": "ours"}).data["id"]
    service = upload_service(admin)
    body = {"analysis": {"annotations": [{"origin": "a", "data": {"b": 1}}]}, "group_ids": [group]}
    admin.post(f"/obj/SN1/analysis_upload/{service}", body)
    assert annotations(admin) == {"a": {"b": 1}}
    assert annotations(make_user(admin, "ada")) == {}


@pytest.mark.parametrize(
    "given",
    [
        {}, [1], [{"data": 1}], [{"origin": 5, "data": {}}], [{"data": {}}] * 21,
        [{"data": {"a": "x" * 10**5}}],
    ],
)  # fmt: skip
def test_malformed_annotations_are_refused(admin: Gateway, given: Any) -> None:
    make_source(admin)
    path = f"/obj/SN1/analysis_upload/{upload_service(admin)}"
    refusal = admin.post(path, {"analysis": {"annotations": given}})
    assert refusal.status == 400
    assert "analysis.annotations" in refusal.message


def test_what_was_interrupted_is_written_back_by_the_sweep(
    admin: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(write_back, "write_back", lambda item: 1 / 0)
        number = call_back(admin, {"annotations": [{"origin": "salt", "data": {"x1": 1}}]})
    assert annotations(admin) == {}
    overdue(number)
    sweep.sweep_overdue()
    assert annotations(admin) == {"salt": {"x1": 1}}
    assert sweep.sweep_overdue() == 0


def summarize(admin: Gateway, service: int, text: str, **more: Any) -> int:
    body = {"analysis": {"results": {"format": "json", "data": {"summary": text}}}, **more}
    return int(admin.post(f"/obj/SN1/analysis_upload/{service}", body).data["id"])


def test_summaries_and_their_history(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin, upload_only=True, input_data_types=[], is_summary=True)
    first, second = summarize(admin, service, "A nova."), summarize(admin, service, "A supernova.")
    source = admin.get("/sources/SN1").data
    assert source["summary"] == "A supernova."
    assert [entry["analysis_id"] for entry in source["summary_history"]] == [second, first]
    assert [a["id"] for a in admin.get("/obj/analysis?summaryOnly=true").data] == [second, first]
    admin.delete(f"/obj/analysis/{second}")
    assert admin.get("/sources/SN1").data["summary"] == "A nova."
    admin.delete(f"/obj/analysis/{first}")
    assert admin.get("/sources/SN1").data["summary"] is None


def test_a_summary_is_seen_by_whoever_sees_its_analysis(admin: Gateway) -> None:
    make_source(admin)
    group = admin.post("/groups", {"name": "ours"}).data["id"]
    service = make_service(admin, upload_only=True, input_data_types=[], is_summary=True)
    summarize(admin, service, "For all.")
    summarize(admin, service, "For us.", group_ids=[group])
    assert admin.get("/sources/SN1").data["summary"] == "For us."
    assert make_user(admin, "ada").get("/sources/SN1").data["summary"] == "For all."


def test_lists_compare_scalars_of_results(admin: Gateway) -> None:
    make_source(admin)
    path = f"/obj/SN1/analysis_upload/{upload_service(admin)}"
    ids = [
        admin.post(path, {"analysis": {"results": {"chi2": chi2, "fit": {"model": "salt3"}}}}).data["id"]
        for chi2 in (0.5, 1.5, 2.5)
    ]

    def found(comparison: str) -> list[int]:
        return sorted(a["id"] for a in admin.get(f"/obj/SN1/analysis?result={comparison}").data)

    assert found("chi2%3C2") == ids[:2]
    assert found("chi2%3E%3D1.5") == ids[1:]
    assert found("fit.model=salt3") == ids
    assert found("nothing%3C2") == []
    assert admin.get("/obj/analysis?result=nonsense").status == 400


def test_joblib_results_are_read_by_a_job_and_then_compared(admin: Gateway, lambdas: None) -> None:
    packed = io.BytesIO()
    joblib.dump({"chi2": 1.25, "summary": "It is a nova."}, packed)
    results = {"format": "joblib", "data": base64.b64encode(packed.getvalue()).decode()}
    number = call_back(admin, {"results": results}, is_summary=True)
    assert admin.get("/obj/SN1/analysis?result=chi2%3C2").data == []
    deliver(queues.JOBS)
    assert [a["id"] for a in admin.get("/obj/SN1/analysis?result=chi2%3C2").data] == [number]
    assert admin.get("/sources/SN1").data["summary"] == "It is a nova."
    item = analyses.find_analysis(number)
    assert item is not None
    assert item.watch is None


def test_an_upload_needs_the_permission_to_annotate(admin: Gateway) -> None:
    make_source(admin)
    ada = make_user(admin, "ada", "Run Analyses")
    path = f"/obj/SN1/analysis_upload/{upload_service(admin)}"
    refusal = ada.post(path, {"analysis": {"annotations": [{"origin": "gaia", "data": {"a": 1}}]}})
    assert (refusal.status, "Annotate" in refusal.message) == (401, True)
    assert annotations(admin) == {}
    assert ada.get("/obj/analysis").data == []


def test_what_cannot_be_written_back_does_not_stop_the_sweep(
    admin: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_back, "write_back", lambda item: 1 / 0)
    monkeypatch.setattr(sweep, "write_back", lambda item: 1 / 0)
    monkeypatch.setattr(sweep, "MOST_RECORDS", 1)
    broken = call_back(admin, {"annotations": [{"origin": "salt", "data": {"x1": 1}}]})
    waiting = start(admin, make_service(admin, name="waiting"))
    taken(queues.DISPATCH)
    overdue(broken, check_at=1)
    overdue(waiting, check_at=2)
    assert [sweep.sweep_overdue(), sweep.sweep_overdue()] == [1, 1]
    assert [message["analysis_id"] for message in taken(queues.DISPATCH)] == [waiting]


def test_an_older_analysis_overwrites_no_newer_one(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin, upload_only=True, input_data_types=[], is_summary=True)
    path = f"/obj/SN1/analysis_upload/{service}"
    old, _ = (
        admin.post(
            path,
            {
                "analysis": {
                    "results": {"summary": word},
                    "annotations": [{"origin": "a", "data": {"is": word}}],
                }
            },
        ).data["id"]
        for word in ("old", "new")
    )
    item = analyses.find_analysis(old)
    assert item is not None
    write_back.write_back(item)
    assert admin.get("/sources/SN1").data["summary"] == "new"
    assert annotations(admin) == {"a": {"is": "new"}}


def test_summaries_never_outgrow_their_record(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin, upload_only=True, input_data_types=[], is_summary=True)
    for number in range(8):
        summarize(admin, service, "\U0001f600" * 4990 + str(number))
    assert admin.get("/sources/SN1").data["summary"].endswith("7")
