"""One cause, one analysis: repeated requests, several people at once, messages that live long."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib import blobs, queues, settings
from chalicelib.aws import get_client
from chalicelib.tables import sources as sources_table
from tests.api.story import deliver, drain_queue, make_service, make_source
from tests.api.test_default_analyses import TYPE_IA, classify, create_default_analysis, list_started
from tests.api.test_people import make_user
from tests.gateway import Gateway

KEY = {"idempotency-key": "k1"}


def upload(user: Gateway, service: int, body: Any, **headers: str) -> Any:
    return user.post(f"/obj/SN1/analysis_upload/{service}", body, **headers)


def test_a_repeated_upload_is_one_analysis(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin, upload_only=True, input_data_types=[])
    bodies: list[dict[str, Any]] = [{"analysis": {"results": {"a": 1}}}, {}]
    for number, body in enumerate(bodies):
        key = {"idempotency-key": f"k{number}"}
        replies = [upload(admin, service, body, **key) for _ in range(3)]
        assert len({reply.text for reply in replies}) == 1
    assert len(admin.get("/obj/analysis").data) == len(bodies)
    stored = {key.key.split("/")[1] for key in blobs.list_blobs("analyses/", "", 1000)}
    assert len(stored) == len(bodies), "no blobs of a repetition stay"


@pytest.mark.parametrize("kind", ["analysis", "upload", "batch"])
def test_a_key_stands_for_one_request(admin: Gateway, kind: str) -> None:
    make_source(admin)
    admin.post("/sources", {"id": "SN2", "ra": 1, "dec": 1})
    runs = make_service(admin, input_data_types=["redshift"], optional_analysis_parameters={"a": ["x", "y"]})
    takes = make_service(admin, name="b", upload_only=True, input_data_types=[])
    other = make_service(admin, name="c", upload_only=True, input_data_types=[])
    requests: dict[str, list[tuple[str, dict[str, Any]]]] = {
        "analysis": [
            (f"/obj/SN1/analysis/{runs}", {}),
            (f"/obj/SN2/analysis/{runs}", {}),
            (f"/obj/SN1/analysis/{runs}", {"analysis_parameters": {"a": "y"}}),
            (f"/obj/SN1/analysis/{runs}", {"group_ids": "all"}),
        ],
        "upload": [
            (f"/obj/SN1/analysis_upload/{takes}", {"analysis": {"results": {"a": 1}}}),
            (f"/obj/SN2/analysis_upload/{takes}", {"analysis": {"results": {"a": 1}}}),
            (f"/obj/SN1/analysis_upload/{other}", {"analysis": {"results": {"a": 1}}}),
            (f"/obj/SN1/analysis_upload/{takes}", {"analysis": {"results": {"a": 2}}}),
        ],
        "batch": [
            ("/analysis_batch", {"service_id": runs, "obj_ids": ["SN1"]}),
            ("/analysis_batch", {"service_id": runs, "obj_ids": ["SN2"]}),
        ],
    }
    (path, body), *others = requests[kind]
    first = admin.post(path, body, **KEY).data
    for another_path, another_body in others:
        reply = admin.post(another_path, another_body, **KEY)
        assert (reply.status, "Idempotency-Key" in reply.message) == (400, True)
    assert admin.post(path, body, **KEY).data == first
    ada = make_user(admin, "ada", "Run Analyses")
    assert ada.post(path, body, **KEY).data["id"] != first["id"], "a key belongs to its user"


def run_before(monkeypatch: pytest.MonkeyPatch, name: str, meanwhile: Callable[[], Any]) -> None:
    """Do something else once, at the moment of a write to the table of sources."""
    real = getattr(sources_table, name)

    def write(*arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(sources_table, name, real)
        meanwhile()
        return real(*arguments, **options)

    monkeypatch.setattr(sources_table, name, write)


@pytest.fixture
def group(admin: Gateway) -> int:
    """Return a group whose saved sources are analysed; SN1 exists."""
    make_source(admin)
    number = int(admin.post("/groups", {"name": "novae"}).data["id"])
    create_default_analysis(admin, make_service(admin), {"group_id": number})
    drain_queue(queues.JOBS)
    return number


def test_two_people_who_save_at_once_start_one(admin: Gateway, group: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = make_user(admin, "ada", "Upload data", groups=(group,))
    body = {"id": "SN1", "group_ids": [group]}
    run_before(monkeypatch, "update_source_item", lambda: ada.post("/sources", body))
    assert admin.post("/sources", body).status == 200
    assert len(list_started(admin)) == 1


def test_an_edit_during_a_save_starts_one(admin: Gateway, group: int, monkeypatch: pytest.MonkeyPatch) -> None:
    run_before(monkeypatch, "update_source_item", lambda: admin.patch("/sources/SN1", {"redshift": 0.07}))
    assert admin.post("/sources", {"id": "SN1", "group_ids": [group]}).status == 200
    assert len(list_started(admin)) == 1


def test_two_people_who_add_a_source_at_once_start_one(
    admin: Gateway, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"id": "SN2", "ra": 1, "dec": 1, "group_ids": [group]}
    run_before(monkeypatch, "insert_source", lambda: admin.post("/sources", body))
    assert admin.post("/sources", body).status == 200
    assert len(list_started(admin)) == 1


def test_saving_it_anew_is_a_new_cause(admin: Gateway, group: int) -> None:
    for count in (1, 2):
        assert admin.post("/sources", {"id": "SN1", "group_ids": [group]}).status == 200
        assert len(list_started(admin)) == count
        assert admin.delete(f"/sources/SN1?group_id={group}").status == 200


def test_the_same_classification_twice_starts_one(admin: Gateway) -> None:
    make_source(admin)
    create_default_analysis(admin, make_service(admin), TYPE_IA)
    for _ in range(3):
        classify(admin, "Ia", 0.9)
    assert len(list_started(admin)) == 1
    classify(admin, "Ia", 0.95)
    assert len(list_started(admin)) == 2, "it says something else"
    other = make_user(admin, "ada", "Classify")
    classify(other, "Ia", 0.95)
    assert len(list_started(admin)) == 3, "somebody else says it"


def test_a_cause_is_remembered_as_long_as_a_message_can_live(
    admin: Gateway, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.post("/sources", {"id": "SN1", "group_ids": [group]})
    (job,) = drain_queue(queues.JOBS)
    real = time.time
    for days in (0, 1, 4, 14, 28):
        queues.send_message(queues.JOBS, job)
        with monkeypatch.context() as later:
            later.setattr("chalicelib.tables.analyses.time.time", lambda days=days: real() + days * 86400)
            deliver(queues.JOBS)
    assert len(admin.get("/obj/analysis").data) == 1
    assert settings.CAUSE_SECONDS >= 28 * 86400


POSTS: list[tuple[str, dict[str, Any]]] = [
    ("/sources/SN1/comments", {"text": "Rising."}),
    ("/sources/SN1/annotations", {"origin": "o", "data": {"a": 1}}),
    ("/classification", {"obj_id": "SN1", "classification": "Ia"}),
    ("/photometry", {
        "obj_id": "SN1", "mjd": 59000.0, "flux": 1.0, "fluxerr": 1.0, "filter": "ztfg", "instrument_id": 1,
    }),
    ("/groups", {"name": "novae"}),
    ("/user", {"username": "ada"}),
    ("/telescope", {"name": "P48", "nickname": "P48", "diameter": 1.2}),
    ("/analysis_service", {
        "name": "x", "url": "https://x.org/", "authentication_type": "none", "analysis_type": "meta_analysis",
        "input_data_types": ["redshift"],
    }),
    ("/sources", {"id": "SN9", "ra": 1, "dec": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body"), POSTS, ids=[path for path, _ in POSTS])
def test_any_repeated_post_answers_as_the_first_one(admin: Gateway, path: str, body: dict[str, Any]) -> None:
    make_source(admin)
    first = admin.post(path, body, **KEY)
    assert first.status == 200, first.text
    assert admin.post(path, body, **KEY).json == first.json
    name = next(iter(body))
    reply = admin.post(path, {**body, name: f"{body[name]}2"}, **KEY)
    assert (reply.status, "Idempotency-Key" in reply.message) == (400, True)
    assert make_user(admin, "eve", "System admin").post(path, body, **KEY).json != first.json or path == "/sources"


def test_a_failed_post_is_tried_again(admin: Gateway) -> None:
    make_source(admin)
    assert admin.post("/sources/SN404/comments", {"text": "a"}, **KEY).status == 404
    admin.post("/sources", {"id": "SN404", "ra": 1, "dec": 1})
    assert admin.post("/sources/SN404/comments", {"text": "a"}, **KEY).status == 200


def test_no_secret_is_remembered(admin: Gateway) -> None:
    first, second = (admin.post("/internal/tokens", {"name": "laptop"}, **KEY).data["token_id"] for _ in range(2))
    assert first != second
    for name in ("analyses", "registry", "sources"):
        assert first not in str(get_client("dynamodb").scan(TableName=settings.resource_name(name)))
