"""Batches: the same analysis for many sources."""

from typing import Any

import pytest

from chalicelib import lambda_functions, queues
from chalicelib.analysis import batches
from chalicelib.errors import UnavailableError
from tests.api.story import deliver, list_retries, make_service, make_source, start_analysis
from tests.api.test_people import make_user
from tests.gateway import Gateway
from tests.service import analysis_service


def make_sources(admin: Gateway, count: int, **more: Any) -> list[str]:
    """Save this many sources; return their names."""
    names = [f"S{number}" for number in range(count)]
    for name in names:
        admin.post("/sources", {"id": name, "ra": 1, "dec": 2, **more})
    return names


def test_each_source_has_its_own_outcome(admin: Gateway) -> None:
    make_sources(admin, 3)
    service = make_service(admin)
    body = {"service_id": service, "obj_ids": ["S0", "S1", "S1", "lost", "S2"], "show_plots": True}
    batch = admin.post("/analysis_batch", body).data["id"]
    assert admin.get(f"/analysis_batch/{batch}").data["status"] == "running"
    deliver(queues.JOBS)
    record = admin.get(f"/analysis_batch/{batch}").data
    assert (record["status"], record["total"], record["started"], record["refused"]) == ("done", 4, 3, 1)
    outcomes = {outcome["obj_id"]: outcome for outcome in record["outcomes"]}
    assert "no source 'lost'" in outcomes["lost"]["message"]
    assert outcomes["S1"]["status"] == "queued" and outcomes["S1"]["verdict"] is None
    analysis = admin.get(f"/obj/analysis/{outcomes['S1']['analysis_id']}").data
    assert (analysis["obj_id"], analysis["show_plots"]) == ("S1", True)


def test_a_large_batch_is_cut_into_jobs(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SOURCES_PER_JOB", 2)
    names = make_sources(admin, 9)
    batch = admin.post("/analysis_batch", {"service_id": make_service(admin), "obj_ids": names}).data["id"]
    deliver(queues.JOBS)
    record = admin.get(f"/analysis_batch/{batch}?numPerPage=4&pageNumber=3").data
    assert (record["started"], len(record["outcomes"])) == (9, 1)


@pytest.mark.parametrize("count", [9, 10])
def test_services_are_told_of_a_batch_unless_it_is_small(admin: Gateway, count: int) -> None:
    names = make_sources(admin, count)
    with analysis_service() as server:
        service = make_service(admin, server.url)
        batch = admin.post("/analysis_batch", {"service_id": service, "obj_ids": names}).data["id"]
        deliver(queues.JOBS)
        admin.post(f"/obj/{names[0]}/analysis/{service}")
        deliver()
    headers = [request.headers.get("heliograph-batch") for request in server.received]
    expected = [str(batch)] * count if count == 10 else [None] * count
    assert sorted(headers, key=str, reverse=True) == sorted([*expected, None], key=str, reverse=True)


def test_all_sources_of_a_group(admin: Gateway) -> None:
    group = admin.post("/groups", {"name": "ours"}).data["id"]
    names = make_sources(admin, 3, group_ids=[group])
    admin.post("/sources", {"id": "other", "ra": 1, "dec": 2, "group_ids": "all"})
    body = {"service_id": make_service(admin), "group_id": group}
    batch = admin.post("/analysis_batch", body).data["id"]
    deliver(queues.JOBS)
    outcomes = admin.get(f"/analysis_batch/{batch}").data["outcomes"]
    assert sorted(outcome["obj_id"] for outcome in outcomes) == names


def test_repeated_job_starts_nothing_twice(admin: Gateway) -> None:
    names = make_sources(admin, 2)
    batch = admin.post("/analysis_batch", {"service_id": make_service(admin), "obj_ids": names}).data["id"]
    deliver(queues.JOBS)
    job = {"job": "batch", "batch_id": batch, "first": 0, "last": 2, "sent_at": 0}
    queues.send_message(queues.JOBS, job)
    deliver(queues.JOBS)
    assert admin.get(f"/analysis_batch/{batch}").data["started"] == 2
    assert len(admin.get("/obj/analysis").data) == 2


def test_job_without_a_batch_ends(admin: Gateway) -> None:
    job = {"job": "batch", "batch_id": 9, "first": 0, "last": 2, "sent_at": 0}
    queues.send_message(queues.JOBS, job)
    assert deliver(queues.JOBS) == []


def test_the_same_key_is_the_same_batch(admin: Gateway) -> None:
    body = {"service_id": make_service(admin), "obj_ids": make_sources(admin, 1)}
    one, two = (admin.post("/analysis_batch", body, **{"idempotency-key": "k"}).data["id"] for _ in "ab")
    assert one == two


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400), ({"obj_ids": []}, 400), ({"obj_ids": ["S0"], "group_id": 99}, 403),
        ({"obj_ids": ["S0"], "service_id": 99}, 403), ({"group_id": 99}, 403),
        ({"obj_ids": ["S0"], "analysis_parameters": {"unknown": 1}}, 400), ({"obj_ids": ["a b"]}, 400),
    ],
)  # fmt: skip
def test_invalid_batches_are_refused(admin: Gateway, body: dict[str, Any], status: int) -> None:
    service = make_service(admin)
    assert admin.post("/analysis_batch", {"service_id": service, **body}).status == status


def test_batches_are_visible_only_to_their_author(admin: Gateway) -> None:
    make_source(admin)
    ada, bob = make_user(admin, "ada", "Run Analyses"), make_user(admin, "bob", "Run Analyses")
    batch = ada.post("/analysis_batch", {"service_id": make_service(admin), "obj_ids": ["SN1"]}).data["id"]
    deliver(queues.JOBS)
    assert ada.get(f"/analysis_batch/{batch}").data["started"] == 1
    assert admin.get(f"/analysis_batch/{batch}").status == 200
    assert bob.get(f"/analysis_batch/{batch}").status == 403


def test_idempotency_keys_of_analyses_and_batches_are_separate(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin)
    start_analysis(admin, service, **{"idempotency-key": "k"})
    body = {"service_id": service, "obj_ids": ["SN1"]}
    batch = admin.post("/analysis_batch", body, **{"idempotency-key": "k"}).data["id"]
    deliver(queues.JOBS)
    assert admin.get(f"/analysis_batch/{batch}").data["started"] == 1


def test_an_administrators_batch_sees_what_they_see(admin: Gateway) -> None:
    ada = make_user(admin, "ada", "Upload data")
    own = next(g["id"] for g in ada.get("/internal/profile").data["groups"] if g["name"] == "ada")
    ada.post("/sources", {"id": "private", "ra": 1, "dec": 2, "group_ids": [own]})
    body = {"service_id": make_service(admin), "obj_ids": ["private"]}
    batch = admin.post("/analysis_batch", body).data["id"]
    deliver(queues.JOBS)
    assert admin.get(f"/analysis_batch/{batch}").data["started"] == 1


def test_outage_refuses_nothing(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    make_source(admin)
    body = {
        "service_id": make_service(admin), "obj_ids": ["SN1"],
        "analysis_parameters": {"correct_extinction": True},
    }  # fmt: skip
    batch = admin.post("/analysis_batch", body).data["id"]

    def raise_unavailable(*_: object) -> None:
        raise UnavailableError("down")

    monkeypatch.setattr(lambda_functions, "invoke_function", raise_unavailable)
    deliver(queues.JOBS)
    record = admin.get(f"/analysis_batch/{batch}").data
    retries = [message["batch_id"] for message in list_retries(queues.JOBS)]
    assert (record["status"], record["refused"], retries) == ("running", 0, [batch])


def list_batches(user: Gateway, query: str = "") -> list[dict[str, Any]]:
    """Return the batches of all pages, following the cursor."""
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        reply = user.get(f"/analysis_batch?{query}{cursor}")
        items += reply.data
        if "X-Next-Cursor" not in reply.headers:
            return items
        cursor = f"&cursor={reply.headers['X-Next-Cursor']}"


def test_batches_are_listed_newest_first_with_their_progress(admin: Gateway) -> None:
    make_sources(admin, 2)
    service = make_service(admin)
    done = admin.post("/analysis_batch", {"service_id": service, "obj_ids": ["S0", "S1", "lost"]}).data["id"]
    deliver(queues.JOBS)
    running = admin.post("/analysis_batch", {"service_id": service, "obj_ids": ["S0"]}).data["id"]
    first, second = list_batches(admin)
    assert (first["id"], first["status"], first["started"], first["total"]) == (running, "running", 0, 1)
    assert (second["id"], second["status"], second["started"], second["refused"]) == (done, "done", 2, 1)
    assert second["author_name"] == admin.get("/internal/profile").data["username"]
    assert "outcomes" not in second


def test_a_finished_batch_is_listed_without_reading_its_outcomes(
    admin: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "SOURCES_PER_JOB", 2)
    body = {"service_id": make_service(admin), "obj_ids": [*make_sources(admin, 5), "lost"]}
    batch = admin.post("/analysis_batch", body).data["id"]
    deliver(queues.JOBS)
    item = batches.batches_table.find_batch(batch)
    assert item is not None and item.refused == 1
    monkeypatch.delattr(batches.batches_table, "count_outcomes")
    assert [(record["started"], record["refused"]) for record in list_batches(admin)] == [(5, 1)]


def test_users_list_their_own_batches_and_administrators_all(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin)
    ada, bob = make_user(admin, "ada", "Run Analyses"), make_user(admin, "bob", "Run Analyses")
    body = {"service_id": service, "obj_ids": ["SN1"]}
    hers = [ada.post("/analysis_batch", body).data["id"] for _ in "abc"]
    his = bob.post("/analysis_batch", body).data["id"]
    assert [record["id"] for record in list_batches(bob)] == [his]
    for query in ("", "numPerPage=1&", "numPerPage=2&"):
        assert [record["id"] for record in list_batches(ada, query)] == hers[::-1]
        assert [record["id"] for record in list_batches(admin, query)] == [his, *hers[::-1]]
    assert [record["id"] for record in ada.get("/analysis_batch?numPerPage=2&pageNumber=2").data] == hers[:1]


@pytest.mark.parametrize("query", ["cursor=x", "cursor=-1", "numPerPage=0", "numPerPage=101", "pageNumber=9999999"])
def test_malformed_pages_of_batches_are_refused(admin: Gateway, query: str) -> None:
    assert admin.get(f"/analysis_batch?{query}").status == 400
