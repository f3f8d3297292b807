"""Writing back to the source: annotations, summaries, scalars of the results."""

import base64
import io
from typing import Any

import joblib
import pytest

from chalicelib import lambda_functions, queues
from chalicelib.analysis import sweep, write_back
from chalicelib.analysis.analysis_views import status_to_json
from chalicelib.errors import UnavailableError
from chalicelib.sources import summaries
from chalicelib.tables import analyses
from tests.api.story import deliver, drain_queue, make_service, make_source, set_overdue, start_analysis, sweep_overdue
from tests.api.test_analyses import make_upload_service
from tests.api.test_cost import count_calls
from tests.api.test_people import make_user
from tests.gateway import Gateway
from tests.service import analysis_service


def run_analysis(admin: Gateway, analysis: dict[str, Any], status: str = "success", **service: Any) -> int:
    """Run an analysis of SN1 whose service answers with this document; return its id."""
    from tests.service import analysis_service

    if admin.get("/sources/SN1").status != 200:
        make_source(admin)
    with analysis_service() as running:
        number = start_analysis(admin, make_service(admin, running.url, **service))
        deliver()
        callback = running.received[0].callback_path
    assert admin.post(callback, {"status": status, "analysis": analysis}).status == 200
    return number


def get_annotations(user: Gateway) -> dict[str, Any]:
    """Return the data of SN1's annotations by origin, without the id of the analysis."""
    annotations = user.get("/sources/SN1/annotations").data
    assert all(isinstance(a["data"].pop("analysis_id", 0), int) for a in annotations)
    return {a["origin"]: a["data"] for a in annotations}


def test_annotations_are_written_back_by_origin(admin: Gateway) -> None:
    document = {"annotations": [{"origin": "salt", "data": {"x1": 1.2}}, {"data": {"chi2": 3}}]}
    run_analysis(admin, document, name="fitter")
    assert get_annotations(admin) == {"salt": {"x1": 1.2}, "fitter": {"chi2": 3}}


def test_services_replace_only_their_own_annotations(admin: Gateway) -> None:
    make_source(admin)
    admin.post("/sources/SN1/annotations", {"origin": "mine", "data": {"by": "hand"}})
    run_analysis(admin, {"annotations": [{"origin": "salt", "data": {"x1": 1}}]}, name="one")
    run_analysis(
        admin,
        {"annotations": [{"origin": "mine", "data": {"by": "robot"}}, {"origin": "salt", "data": {"x1": 2}}]},
        name="other",
    )
    assert get_annotations(admin) == {"mine": {"by": "hand"}, "salt": {"x1": 1}}


def test_annotations_carry_their_analysis_and_its_verdict(admin: Gateway) -> None:
    verdict = {"describes_data": True, "word": "doubtful", "message": "Doubtful: its x1 is that of no supernova."}
    document = {"annotations": [{"origin": "salt", "data": {"x1": 1.2}}], "verdict": verdict}
    number = run_analysis(admin, document)
    (annotation,) = admin.get("/sources/SN1/annotations").data
    assert annotation["data"] == {"x1": 1.2, "analysis_id": number, "verdict": verdict["message"]}
    for path in (f"/obj/analysis/{number}?includeDetails=true", f"/obj/analysis/{number}/status"):
        assert admin.get(path).data["verdict"] == verdict


def test_a_refuted_model_annotates_nothing(admin: Gateway) -> None:
    annotations = [{"origin": "salt", "data": {"x1": 1.2}}]
    run_analysis(admin, {"annotations": annotations})
    refuted = {
        "describes_data": False,
        "word": "refuted",
        "message": "The model does not describe the data (misfit p = 1e-85).",
    }
    others = [{"origin": "hsiao", "data": {"amplitude": 1.0}}]
    number = run_analysis(admin, {"annotations": others, "verdict": refuted}, name="other")
    assert admin.get(f"/obj/analysis/{number}?includeDetails=1").data["verdict"] == refuted
    (listed, *_) = admin.get("/obj/analysis?includeDetails=true").data
    assert listed["verdict"] == refuted
    (annotation,) = admin.get("/sources/SN1/annotations").data
    assert annotation["data"]["analysis_id"] != number


@pytest.mark.parametrize("verdict", [None, "accepted", 1, {"grade": "A"}, ["fits"]])
def test_a_verdict_of_another_form_is_the_services_own(admin: Gateway, verdict: Any) -> None:
    number = run_analysis(admin, {"verdict": verdict})
    answer = admin.get(f"/obj/analysis/{number}?includeAnalysisData=true&includeDetails=true")
    assert answer.data["verdict"] is None and answer.data["data"].get("verdict") == verdict


def test_a_verdict_without_a_word_gets_one(admin: Gateway) -> None:
    for describes_data, word in ((True, "good"), (False, "refuted")):
        number = run_analysis(admin, {"verdict": {"describes_data": describes_data}}, name=word)
        verdict = admin.get(f"/obj/analysis/{number}?includeDetails=1").data["verdict"]
        assert verdict == {"describes_data": describes_data, "word": word, "message": ""}


@pytest.mark.parametrize(("describes_data", "word"), [(True, "good"), (False, "refuted")])
def test_a_verdict_of_an_earlier_version_gets_a_word(admin: Gateway, describes_data: bool, word: str) -> None:
    number = run_analysis(admin, {"verdict": {"describes_data": describes_data, "message": "m"}})
    item = analyses.find_analysis(number)
    assert item is not None and item.products.verdict is not None
    del item.products.verdict["word"]
    assert status_to_json(item)["verdict"] == {"describes_data": describes_data, "word": word, "message": "m"}


@pytest.mark.parametrize("verdict", [
    {"describes_data": "no"}, {"describes_data": None}, {"describes_data": 1},
    {"describes_data": True, "word": "refuted"}, {"describes_data": False, "word": "good"},
    {"describes_data": True, "word": "superb"}, {"describes_data": True, "word": None},
])  # fmt: skip
def test_a_malformed_verdict_is_refused(admin: Gateway, verdict: dict[str, Any]) -> None:
    make_source(admin)
    body = {"analysis": {"verdict": verdict}}
    answer = admin.post(f"/obj/SN1/analysis_upload/{make_upload_service(admin)}", body)
    assert answer.status == 400 and "analysis.verdict" in answer.message


def test_a_failure_writes_nothing_back(admin: Gateway) -> None:
    run_analysis(admin, {"annotations": [{"origin": "salt", "data": {"x1": 1}}]}, status="error")
    assert get_annotations(admin) == {}


def test_annotations_have_the_groups_of_the_analysis(admin: Gateway) -> None:
    make_source(admin)
    group = admin.post("/groups", {"name": "ours"}).data["id"]
    service = make_upload_service(admin)
    body = {"analysis": {"annotations": [{"origin": "a", "data": {"b": 1}}]}, "group_ids": [group]}
    admin.post(f"/obj/SN1/analysis_upload/{service}", body)
    assert get_annotations(admin) == {"a": {"b": 1}}
    assert get_annotations(make_user(admin, "ada")) == {}


@pytest.mark.parametrize(
    "annotations",
    [
        {}, [1], [{"data": 1}], [{"origin": 5, "data": {}}], [{"data": {}}] * 21,
        [{"data": {"a": "x" * 10**5}}],
    ],
)  # fmt: skip
def test_malformed_annotations_are_refused(admin: Gateway, annotations: Any) -> None:
    make_source(admin)
    path = f"/obj/SN1/analysis_upload/{make_upload_service(admin)}"
    refusal = admin.post(path, {"analysis": {"annotations": annotations}})
    assert refusal.status == 400
    assert "analysis.annotations" in refusal.message


def test_sweep_writes_back_after_an_interruption(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(write_back, "write_back", lambda item: 1 / 0)
        number = run_analysis(admin, {"annotations": [{"origin": "salt", "data": {"x1": 1}}]})
    assert get_annotations(admin) == {}
    set_overdue(number)
    sweep_overdue()
    assert get_annotations(admin) == {"salt": {"x1": 1}}
    assert sweep_overdue() == 0


def upload_summary(admin: Gateway, service: int, text: str, **more: Any) -> int:
    body = {"analysis": {"results": {"format": "json", "data": {"summary": text}}}, **more}
    return int(admin.post(f"/obj/SN1/analysis_upload/{service}", body).data["id"])


def test_summaries_and_their_history(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin, upload_only=True, input_data_types=[], is_summary=True)
    first, second = upload_summary(admin, service, "A nova."), upload_summary(admin, service, "A supernova.")
    source = admin.get("/sources/SN1").data
    assert source["summary"] == "A supernova."
    assert [entry["analysis_id"] for entry in source["summary_history"]] == [second, first]
    assert [a["id"] for a in admin.get("/obj/analysis?summaryOnly=true").data] == [second, first]
    admin.delete(f"/obj/analysis/{second}")
    assert admin.get("/sources/SN1").data["summary"] == "A nova."
    admin.delete(f"/obj/analysis/{first}")
    assert admin.get("/sources/SN1").data["summary"] is None


def test_summaries_have_the_groups_of_the_analysis(admin: Gateway) -> None:
    make_source(admin)
    group = admin.post("/groups", {"name": "ours"}).data["id"]
    service = make_service(admin, upload_only=True, input_data_types=[], is_summary=True)
    upload_summary(admin, service, "For all.")
    upload_summary(admin, service, "For us.", group_ids=[group])
    assert admin.get("/sources/SN1").data["summary"] == "For us."
    assert make_user(admin, "ada").get("/sources/SN1").data["summary"] == "For all."


def test_lists_compare_scalars_of_results(admin: Gateway) -> None:
    make_source(admin)
    path = f"/obj/SN1/analysis_upload/{make_upload_service(admin)}"
    ids = [
        admin.post(path, {"analysis": {"results": {"chi2": chi2, "fit": {"model": "salt3"}}}}).data["id"]
        for chi2 in (0.5, 1.5, 2.5)
    ]

    def list_matches(comparison: str) -> list[int]:
        return sorted(a["id"] for a in admin.get(f"/obj/SN1/analysis?result={comparison}").data)

    assert list_matches("chi2%3C2") == ids[:2]
    assert list_matches("chi2%3E%3D1.5") == ids[1:]
    assert list_matches("fit.model=salt3") == ids
    assert list_matches("nothing%3C2") == []
    assert admin.get("/obj/analysis?result=nonsense").status == 400


def test_joblib_results_are_read_by_a_job_and_then_compared(admin: Gateway, lambdas: None) -> None:
    packed = io.BytesIO()
    joblib.dump({"chi2": 1.25, "summary": "It is a nova."}, packed)
    results = {"format": "joblib", "data": base64.b64encode(packed.getvalue()).decode()}
    number = run_analysis(admin, {"results": results}, is_summary=True)
    assert admin.get("/obj/SN1/analysis?result=chi2%3C2").data == []
    deliver(queues.JOBS)
    assert [a["id"] for a in admin.get("/obj/SN1/analysis?result=chi2%3C2").data] == [number]
    assert admin.get("/sources/SN1").data["summary"] == "It is a nova."
    item = analyses.find_analysis(number)
    assert item is not None
    assert item.watch is None


def test_a_copy_of_joblib_results_is_shown_and_compared_without_opening_the_file(admin: Gateway) -> None:
    copy = {"chi2": 1.25, "summary": "It is a nova."}
    packed = io.BytesIO()
    joblib.dump(copy, packed)
    results = {"format": "joblib", "data": base64.b64encode(packed.getvalue()).decode(), "json": copy}
    number = run_analysis(admin, {"results": results}, is_summary=True)
    assert "read_results" not in [job["job"] for job in drain_queue(queues.JOBS)]
    assert [a["id"] for a in admin.get("/obj/SN1/analysis?result=chi2%3C2").data] == [number]
    assert admin.get(f"/obj/analysis/{number}/results").data == copy
    assert admin.get("/sources/SN1").data["summary"] == "It is a nova."
    posted = admin.get(f"/obj/analysis/{number}?includeAnalysisData=True").json["analysis"]["results"]
    assert joblib.load(io.BytesIO(base64.b64decode(posted["data"]))) == copy
    item = analyses.find_analysis(number)
    assert item is not None
    assert item.watch is None


def test_a_copy_of_joblib_results_costs_no_more_calls_than_json(admin: Gateway) -> None:
    packed = io.BytesIO()
    joblib.dump({"chi2": 1.25}, packed)
    data = base64.b64encode(packed.getvalue()).decode()
    json_results = {"format": "json", "data": {"chi2": 1.25}}
    joblib_results = {"format": "joblib", "data": data, "json": {"chi2": 1.25}}
    analyses_by_format = [
        run_analysis(admin, {"results": results}, name=results["format"]) for results in (json_results, joblib_results)
    ]
    counts = []
    for number in analyses_by_format:
        with count_calls() as calls:
            admin.get(f"/obj/analysis/{number}/results")
        counts.append(calls)
    assert counts[0] == counts[1]
    items = [analyses.find_analysis(number) for number in analyses_by_format]
    assert [item and write_back.needs_write_back(item, item.products) for item in items] == [False, False]


def test_an_upload_needs_the_permission_to_annotate(admin: Gateway) -> None:
    make_source(admin)
    ada = make_user(admin, "ada", "Run Analyses")
    path = f"/obj/SN1/analysis_upload/{make_upload_service(admin)}"
    refusal = ada.post(path, {"analysis": {"annotations": [{"origin": "gaia", "data": {"a": 1}}]}})
    assert (refusal.status, "Annotate" in refusal.message) == (401, True)
    assert get_annotations(admin) == {}
    assert ada.get("/obj/analysis").data == []


def test_a_callback_annotates_only_with_the_permission_of_who_started_it(admin: Gateway) -> None:
    make_source(admin)
    document = {"annotations": [{"origin": "salt", "data": {"x1": 1.2}}]}
    with analysis_service() as server:
        service = make_service(admin, server.url)
        for number, acls in enumerate((["Run Analyses", "Manage Analysis Services"], ["Run Analyses", "Annotate"])):
            user = make_user(admin, f"user {number}", *acls)
            analysis = start_analysis(user, service, {"group_ids": "all"})
            deliver()
            reply = admin.post(server.received[-1].callback_path, {"status": "success", "analysis": document})
            assert reply.status == 200
            message = user.get(f"/obj/analysis/{analysis}").data["status_message"]
            may_annotate = "Annotate" in acls
            assert ("lacks the permission 'Annotate'" in message) is not may_annotate
            assert get_annotations(admin) == ({"salt": {"x1": 1.2}} if may_annotate else {})


def test_summaries_of_one_user_displace_no_other(admin: Gateway) -> None:
    make_source(admin)
    ada = make_user(admin, "ada", "Run Analyses")
    fields = {"upload_only": True, "input_data_types": [], "is_summary": True}
    service = make_service(admin, **fields)
    upload_summary(admin, service, "The first.", group_ids="all")
    other = make_service(admin, name="other", **fields)
    upload_summary(ada, other, "Another service.", group_ids="all")
    for number in range(31):
        upload_summary(ada, service, f"Ada's {number}.", group_ids="all" if number % 2 else [user_group(ada)])
    bob = make_user(admin, "bob")
    texts = [entry["summary"] for entry in bob.get("/sources/SN1").data["summary_history"]]
    assert {"The first.", "Another service.", "Ada's 29."} <= set(texts)
    assert "Ada's 30." not in texts and len(texts) == 2 + summaries.MOST_KEPT
    own = [entry["summary"] for entry in ada.get("/sources/SN1").data["summary_history"]]
    assert own[0] == "Ada's 30." and "The first." in own


def user_group(user: Gateway) -> int:
    return int(next(group["id"] for group in user.get("/groups").data["user_groups"] if group["single_user_group"]))


def store_joblib_results(admin: Gateway) -> int:
    packed = io.BytesIO()
    joblib.dump({"chi2": 1.25, "summary": "It is a nova."}, packed)
    results = {"format": "joblib", "data": base64.b64encode(packed.getvalue()).decode()}
    return run_analysis(admin, {"results": results}, is_summary=True)


def test_a_bad_moment_of_the_renderer_loses_nothing(
    admin: Gateway, lambdas: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise UnavailableError("the renderer does not respond")

    with monkeypatch.context() as broken:
        broken.setattr(lambda_functions, "invoke_function", fail)
        number = store_joblib_results(admin)
        deliver(queues.JOBS)
    assert admin.get("/sources/SN1").data["summary"] is None
    set_overdue(number)
    sweep_overdue()
    deliver(queues.JOBS)
    assert admin.get("/sources/SN1").data["summary"] == "It is a nova."
    assert [a["id"] for a in admin.get("/obj/SN1/analysis?result=chi2%3C2").data] == [number]
    item = analyses.find_analysis(number)
    assert item is not None and item.watch is None


def test_unreadable_results_are_not_read_for_ever(admin: Gateway, lambdas: None) -> None:
    results = {"format": "joblib", "data": base64.b64encode(b"no pickle").decode()}
    number = run_analysis(admin, {"results": results}, is_summary=True)
    deliver(queues.JOBS)
    item = analyses.find_analysis(number)
    assert item is not None and item.watch is None
    assert admin.get(f"/obj/analysis/{number}/results").status == 422, "who asks for them is told why"


def test_failing_write_back_does_not_stop_the_sweep(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_back, "write_back", lambda item: 1 / 0)
    monkeypatch.setattr(sweep, "write_back", lambda item: 1 / 0)
    broken = run_analysis(admin, {"annotations": [{"origin": "salt", "data": {"x1": 1}}]})
    waiting = start_analysis(admin, make_service(admin, name="waiting"))
    drain_queue(queues.DISPATCH)
    set_overdue(broken, check_at=1)
    set_overdue(waiting, check_at=2)
    assert sweep_overdue() == 2
    assert [message["analysis_id"] for message in drain_queue(queues.DISPATCH)] == [waiting]


def test_older_analysis_does_not_overwrite_a_newer_one(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin, upload_only=True, input_data_types=[], is_summary=True)
    path = f"/obj/SN1/analysis_upload/{service}"
    old, _ = (
        admin.post(
            path, {"analysis": {"results": {"summary": word}, "annotations": [{"origin": "a", "data": {"is": word}}]}}
        ).data["id"]
        for word in ("old", "new")
    )
    item = analyses.find_analysis(old)
    assert item is not None
    write_back.write_back(item)
    assert admin.get("/sources/SN1").data["summary"] == "new"
    assert get_annotations(admin) == {"a": {"is": "new"}}


def test_summaries_never_outgrow_their_record(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin, upload_only=True, input_data_types=[], is_summary=True)
    for number in range(8):
        upload_summary(admin, service, "\U0001f600" * 4990 + str(number))
    assert admin.get("/sources/SN1").data["summary"].endswith("7")
