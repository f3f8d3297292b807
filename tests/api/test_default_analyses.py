"""Default analyses: both triggers, the view that they send, and the daily limit."""

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib import lambda_functions, queues
from chalicelib.analysis.default_analyses import start_default_analyses
from chalicelib.errors import RetryLater, UnavailableError
from chalicelib.jobs import StartDefaultAnalyses
from tests.api.story import deliver, drain_queue, list_retries, make_service, make_source
from tests.api.test_people import make_user, user_id
from tests.gateway import Gateway

TYPE_IA = {"classifications": [{"name": "Ia", "probability": 0.8}]}


def create_default_analysis(user: Gateway, service: int, source_filter: dict[str, Any], **more: Any) -> int:
    body = {"source_filter": source_filter, **more}
    return int(user.post(f"/analysis_service/{service}/default_analysis", body).data["id"])


def classify(user: Gateway, name: str, probability: float | None, source: str = "SN1") -> None:
    body = {"obj_id": source, "classification": name, "probability": probability}
    assert user.post("/classification", body).status == 200


def list_started(user: Gateway) -> list[dict[str, Any]]:
    """Run the jobs and return all analyses."""
    deliver(queues.JOBS)
    analyses: list[dict[str, Any]] = user.get("/obj/analysis").data
    return analyses


@pytest.mark.parametrize(("probability", "count"), [(0.8, 1), (None, 1), (1.0, 1), (0.79, 0)])
def test_classification_starts_a_default_analysis(admin: Gateway, probability: float | None, count: int) -> None:
    make_source(admin)
    service = make_service(admin, optional_analysis_parameters={"source": ["salt3"]})
    create_default_analysis(admin, service, TYPE_IA, default_analysis_parameters={"source": "salt3"}, show_corner=False)
    classify(admin, "II", 1.0)
    classify(admin, "Ia", probability)
    analyses = list_started(admin)
    assert len(analyses) == count
    for analysis in analyses:
        assert analysis["analysis_parameters"] == {"source": "salt3"}
        assert (analysis["show_plots"], analysis["show_corner"]) == (True, False)


@pytest.mark.parametrize("kind", ["classification", "save"])
def test_an_event_that_is_written_late_starts_it_too(admin: Gateway, kind: str) -> None:
    """A request announces an event before it writes it, and may take longer for that than the job waits."""
    make_source(admin)
    group = admin.post("/groups", {"name": "supernovae"}).data["id"]
    create_default_analysis(admin, make_service(admin), TYPE_IA if kind == "classification" else {"group_id": group})
    early = StartDefaultAnalyses("SN1", "https://heliograph.test", [group])
    if kind == "classification":
        classify(admin, "II", 1.0)
        newest = max(entry["id"] for entry in admin.get("/sources/SN1/classifications").data)
        early = StartDefaultAnalyses("SN1", "https://heliograph.test", [], newest + 1)
    drain_queue(queues.JOBS)
    with pytest.raises(RetryLater) as caught:
        start_default_analyses(early)
    assert caught.value.seconds > 24, "no request lasts as long"
    if kind == "classification":
        classify(admin, "Ia", 1.0)
    else:
        admin.post("/sources", {"id": "SN1", "group_ids": [group]})
    drain_queue(queues.JOBS)
    start_default_analyses(replace(early, repeats=1))
    assert len(admin.get("/obj/analysis").data) == 1


def test_an_event_that_is_never_written_is_given_up(admin: Gateway) -> None:
    make_source(admin)
    start_default_analyses(StartDefaultAnalyses("SN1", "https://heliograph.test", [], 999, repeats=1))
    start_default_analyses(StartDefaultAnalyses("no_such_source", "https://heliograph.test", [1], repeats=1))
    assert admin.get("/obj/analysis").data == []


def test_saving_to_the_group_starts_a_default_analysis(admin: Gateway) -> None:
    make_source(admin)
    group = admin.post("/groups", {"name": "supernovae"}).data["id"]
    number = create_default_analysis(admin, make_service(admin), {"group_id": group})
    admin.post("/sources", {"id": "SN2", "ra": 1, "dec": 2, "group_ids": "all"})
    assert list_started(admin) == []
    admin.post("/sources", {"id": "SN2", "group_ids": [group]})
    admin.post("/sources", {"id": "SN3", "ra": 1, "dec": 2, "group_ids": [group]})
    assert {a["obj_id"] for a in list_started(admin)} == {"SN2", "SN3"}
    service = admin.get("/analysis_service").data[0]["id"]
    stats = admin.get(f"/analysis_service/{service}/default_analysis/{number}").data["stats"]
    assert stats == {"daily_limit": 10, "daily_count": 2}


def test_repeated_job_starts_it_once(admin: Gateway) -> None:
    make_source(admin)
    create_default_analysis(admin, make_service(admin), TYPE_IA)
    classify(admin, "Ia", 1)
    jobs = drain_queue(queues.JOBS)
    assert {job["job"] for job in jobs} == {"default_analyses"}
    for message in jobs * 2:
        queues.send_message(queues.JOBS, message)
    assert len(list_started(admin)) == 1


def test_daily_limit_is_enforced(admin: Gateway) -> None:
    make_source(admin)
    number = create_default_analysis(admin, service := make_service(admin), TYPE_IA, daily_limit=3)
    for source in range(5):
        admin.post("/sources", {"id": f"S{source}", "ra": 1, "dec": 2})
        classify(admin, "Ia", 1, f"S{source}")
    assert len(list_started(admin)) == 3
    stats = admin.get(f"/analysis_service/{service}/default_analysis/{number}").data["stats"]
    assert stats == {"daily_limit": 3, "daily_count": 3}


def test_it_sends_the_view_of_its_author(admin: Gateway) -> None:
    make_source(admin)
    ada = make_user(admin, "ada", "Run Analyses", "Classify")
    create_default_analysis(ada, make_service(admin), TYPE_IA)
    classify(admin, "Ia", 1)
    (analysis,) = list_started(ada)
    photometry = ada.get(f"/obj/analysis/{analysis['id']}/inputs").data["inputs"]["photometry"]
    assert photometry.count("\n") == 1, "the administrator's own photometry stays with the administrator"


def test_invisible_classification_starts_nothing(admin: Gateway) -> None:
    make_source(admin)
    ada = make_user(admin, "ada", "Run Analyses")
    create_default_analysis(ada, make_service(admin), TYPE_IA)
    group = admin.post("/groups", {"name": "secret"}).data["id"]
    body = {"obj_id": "SN1", "classification": "Ia", "probability": 1, "group_ids": [group]}
    admin.post("/classification", body)
    assert list_started(admin) == []


def test_change_of_the_filter(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin)
    number = create_default_analysis(admin, service, TYPE_IA)
    path = f"/analysis_service/{service}/default_analysis/{number}"
    body = {"source_filter": {"classifications": [{"name": "II"}]}, "daily_limit": 1000}
    assert admin.patch(path, body).status == 200
    classify(admin, "Ia", 1)
    assert list_started(admin) == []
    classify(admin, "II", 0.1)
    assert len(list_started(admin)) == 1
    assert admin.get(path).data["stats"] == {"daily_limit": 1000, "daily_count": 1}
    assert admin.delete(path).status == 200
    classify(admin, "II", 0.1)
    assert len(list_started(admin)) == 1
    assert admin.get(path).status == 403


@pytest.mark.parametrize(
    "body",
    [
        {}, {"source_filter": {}}, {"source_filter": {"classifications": []}},
        {"source_filter": TYPE_IA, "daily_limit": 1001}, {"source_filter": TYPE_IA, "daily_limit": 0},
        {"source_filter": {"classifications": [{"name": "Ia", "probability": 2}]}},
        {"source_filter": TYPE_IA, "default_analysis_parameters": {"unknown": 1}},
        {"source_filter": TYPE_IA, "default_analysis_parameters": {"correct_extinction": "a bit"}},
        {"source_filter": {"classifications": [{"name": ""}]}},
        {"source_filter": {"classifications": [{"name": str(n)} for n in range(41)]}},
    ],
)  # fmt: skip
def test_invalid_default_analyses_are_refused(admin: Gateway, body: dict[str, Any]) -> None:
    service = make_service(admin)
    assert admin.post(f"/analysis_service/{service}/default_analysis", body).status == 400


def test_permissions(admin: Gateway) -> None:
    service = make_service(admin)
    number = create_default_analysis(admin, service, TYPE_IA)
    path = f"/analysis_service/{service}/default_analysis"
    assert make_user(admin, "nobody").get(path).status == 401
    ada = make_user(admin, "ada", "Run Analyses")
    assert [d["id"] for d in ada.get(path).data] == [number]
    assert ada.patch(f"{path}/{number}", {"daily_limit": 5}).status == 403
    assert ada.delete(f"{path}/{number}").status == 403
    foreign = {"source_filter": {"group_id": 999}}
    assert ada.post(path, foreign).status == 403
    uploads = make_service(admin, name="uploads", upload_only=True)
    assert admin.post(f"/analysis_service/{uploads}/default_analysis", {"source_filter": TYPE_IA}).status == 403


def test_deleting_the_service_deletes_them(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin)
    create_default_analysis(admin, service, TYPE_IA)
    admin.delete(f"/analysis_service/{service}")
    classify(admin, "Ia", 1)
    assert list_started(admin) == []


def test_after_leaving_the_group_results_are_visible_only_to_the_author(admin: Gateway) -> None:
    make_source(admin, group_ids="all")
    group = admin.post("/groups", {"name": "secret"}).data["id"]
    ada = make_user(admin, "ada", "Run Analyses", groups=(group,))
    eve = make_user(admin, "eve")
    create_default_analysis(ada, make_service(admin, group_ids="all"), TYPE_IA, group_ids=[group])
    admin.delete(f"/groups/{group}/users/{user_id(ada)}")
    classify(admin, "Ia", 1)
    assert list_started(eve) == []
    assert len(list_started(ada)) == 1


def test_only_a_change_of_class_or_probability_is_an_event(admin: Gateway) -> None:
    make_source(admin)
    create_default_analysis(admin, make_service(admin), TYPE_IA)
    body = {"obj_id": "SN1", "classification": "Ia", "probability": 0.5}
    number = admin.post("/classification", body).data["classification_id"]
    admin.put(f"/classification/{number}", {"origin": "eye"})
    assert list_started(admin) == []
    admin.put(f"/classification/{number}", {"probability": 0.9})
    assert len(list_started(admin)) == 1


def test_saving_again_after_removal_is_another_event(admin: Gateway) -> None:
    make_source(admin, group_ids="all")
    group = admin.post("/groups", {"name": "ours"}).data["id"]
    create_default_analysis(admin, make_service(admin), {"group_id": group})
    for count in (1, 2):
        admin.post("/sources", {"id": "SN1", "group_ids": [group]})
        assert len(list_started(admin)) == count
        admin.delete(f"/sources/SN1?group_id={group}")


def test_outage_postpones_it(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    make_source(admin)
    create_default_analysis(
        admin, make_service(admin), TYPE_IA, default_analysis_parameters={"correct_extinction": True}
    )
    classify(admin, "Ia", 1)

    def raise_unavailable(*_: object) -> None:
        raise UnavailableError("down")

    monkeypatch.setattr(lambda_functions, "invoke_function", raise_unavailable)
    assert list_started(admin) == []
    assert [message["job"] for message in list_retries(queues.JOBS)] == ["default_analyses"]
