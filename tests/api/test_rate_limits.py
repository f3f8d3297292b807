"""A token may send so many requests in a minute, a user have so many pictures made; nobody else waits for it."""

import json
from typing import Any

import pytest

from chalicelib import lambda_functions, settings
from chalicelib.aws import get_client
from chalicelib.people import render_limits, request_limits
from tests.api.story import deliver, make_service, make_source
from tests.api.test_cost import count_calls
from tests.api.test_people import make_user, user_id
from tests.api.test_periodogram import (
    FakeRenderer,
    fake as fake,  # a fixture
    variable_star,
)
from tests.gateway import Gateway, Reply

LIMIT = 10


class Clock:
    """The time of the limits, which a test sets."""

    def __init__(self) -> None:
        self.seconds = 6_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(request_limits, "read_clock", made)
    monkeypatch.setattr(settings, "REQUESTS_PER_MINUTE", LIMIT)
    return made


def start_process() -> None:
    """Forget what this process has counted, as a new one would."""
    request_limits._current.counts = {}


def check_refusal(reply: Reply, seconds: int) -> None:
    assert (reply.status, reply.headers["Retry-After"]) == (429, str(seconds))
    assert str(LIMIT) in reply.message and f"{seconds} s" in reply.message
    assert reply.json["data"] == {}


def test_a_flood_through_one_process_is_stopped_until_the_minute_ends(admin: Gateway, clock: Clock) -> None:
    bob = make_user(admin, "bob")
    start_process()
    clock.seconds += 60
    assert [bob.get("/groups").status for _ in range(LIMIT)] == [200] * LIMIT
    clock.seconds += 12
    check_refusal(bob.get("/groups"), 48)
    with count_calls() as calls:
        check_refusal(bob.get("/groups"), 48)
    assert not calls, "a flood reads nothing"
    assert admin.get("/groups").status == 200
    clock.seconds += 48
    assert bob.get("/groups").status == 200


@pytest.mark.parametrize("batch", [1, 7])
def test_all_processes_count_together(admin: Gateway, clock: Clock, batch: int) -> None:
    bob = make_user(admin, "bob")
    passed = 0
    for _ in range(3 * LIMIT // batch + 1):
        # A process that has seen one request is as much a process as one that has seen a hundred.
        start_process()
        passed += sum(bob.get("/groups").status == 200 for _ in range(batch))
    # What a process has not written yet, the others do not know.
    assert LIMIT <= passed <= 2 * LIMIT
    check_refusal(bob.get("/groups"), 60)


def test_other_tokens_of_the_user_and_other_schemes_count_apart_and_together(admin: Gateway, clock: Clock) -> None:
    bob = make_user(admin, "bob")
    other = bob.as_user(bob.post("/internal/tokens", {"name": "other"}).data["token_id"])
    for _ in range(LIMIT):
        bob.as_user(None).get("/groups", authorization=f"Bearer {bob.token}")
    assert bob.get("/groups").status == 429
    assert other.get("/groups").status == 200


def test_refused_and_failed_requests_count(admin: Gateway, clock: Clock) -> None:
    bob = make_user(admin, "bob")
    statuses = [
        bob.request(method, path, body).status
        for method, path, body in [("GET", "/sources/none", None), ("POST", "/groups", {"x": 1})] * LIMIT
    ]
    assert statuses.count(429) == LIMIT


def test_unknown_tokens_are_not_remembered(admin: Gateway, clock: Clock) -> None:
    start_process()
    for number in range(2 * LIMIT):
        assert admin.as_user(f"guess {number}").get("/groups").status == 401
        assert admin.as_user("same").get("/groups").status == 401
    assert not request_limits._current.counts


def test_the_counts_of_a_minute_are_dropped(admin: Gateway, clock: Clock) -> None:
    for number in range(3):
        make_user(admin, f"user {number}").get("/groups")
        clock.seconds += 60
    admin.get("/groups")
    assert len(request_limits._current.counts) == 1


def test_sixty_requests_write_six_times(admin: Gateway, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "REQUESTS_PER_MINUTE", 3000)
    bob = make_user(admin, "bob")
    with count_calls() as calls:
        for _ in range(60):
            assert bob.get("/acls").status == 200
    assert calls["UpdateItem"] == 6


def test_callbacks_are_not_refused_for_the_requests_of_their_author(admin: Gateway, clock: Clock) -> None:
    unknown = "/webhook/obj_analysis/0000"
    assert {admin.as_user(None).post(unknown, {"status": "success"}).status for _ in range(2 * LIMIT)} == {403}


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", " ", "1e3", "½"])
def test_a_limit_that_stops_everybody_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("REQUESTS_PER_MINUTE", text)
    with pytest.raises(ValueError, match="expected a whole number of at least 1, such as 3000") as caught:
        settings.read_limit("REQUESTS_PER_MINUTE", 3000)
    assert str(caught.value).startswith(f"REQUESTS_PER_MINUTE is {text!r}")
    monkeypatch.setenv("REQUESTS_PER_MINUTE", "")
    assert settings.read_limit("REQUESTS_PER_MINUTE", 3000) == 3000


@pytest.fixture
def few_renders(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(settings, "RENDERS_PER_MINUTE", 3)
    monkeypatch.setattr(render_limits.time, "time", lambda: 6_000_012.0)
    return 3


def check_render_refusal(reply: Reply) -> None:
    assert (reply.status, reply.headers["Retry-After"]) == (429, "48")
    assert "what was made before is still served" in reply.message


def test_renders_of_a_user_are_bounded_and_those_of_others_are_not(
    admin: Gateway, fake: FakeRenderer, few_renders: int
) -> None:
    make_source(admin)
    variable_star(admin, group_ids="all")
    bob = make_user(admin, "bob")
    second = bob.as_user(bob.post("/internal/tokens", {"name": "second"}).data["token_id"])
    path = "/sources/SN1/periodogram?peaks="
    for number in range(few_renders):
        assert bob.get(f"{path}{number + 1}").status == 200
    check_render_refusal(bob.get(f"{path}9"))
    check_render_refusal(second.get(f"{path}9"))
    assert len(fake.requests) == few_renders
    with count_calls() as calls:
        assert bob.get(f"{path}1").status == 200, "what exists costs nothing"
    assert not calls["UpdateItem"]
    assert make_user(admin, "eve").get(f"{path}9").status == 200
    assert bob.get(f"{path}9").status == 200, "others made it meanwhile"


def test_files_of_tables_and_extinction_count_as_renders(
    admin: Gateway, few_renders: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_source(admin)
    service = make_service(admin)
    number = user_id(admin)
    item = {"key": {"S": f"renders#{number}#100000"}, "renders": {"N": str(few_renders)}}
    get_client("dynamodb").put_item(TableName=settings.resource_name("analyses"), Item=item)
    deredden = {"analysis_parameters": {"correct_extinction": True}}
    check_render_refusal(admin.post(f"/obj/SN1/analysis/{service}", deredden))
    assert admin.post(f"/obj/SN1/analysis/{service}").status == 200
    votable = '<?xml version="1.0"?><VOTABLE version="1.4"></VOTABLE>'
    check_render_refusal(admin.post("/sources/SN1/photometry/file?dry_run=true", votable))


def test_jobs_are_not_bounded_by_the_renders_of_requests(
    admin: Gateway, few_renders: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_source(admin)
    service = make_service(admin)
    monkeypatch.setattr(lambda_functions, "invoke_function", lambda name, event: {"ok": True})
    for number in range(few_renders + 3):
        assert admin.post("/sources", {"id": f"B{number}", "ra": 1.0, "dec": 2.0, "redshift": 0.1}).status == 200
        rows = {"obj_id": f"B{number}", "mjd": 58000, "flux": 1, "fluxerr": 1, "filter": "ztfg", "instrument_id": 1}
        assert admin.post("/photometry", rows).status == 200
    body: dict[str, Any] = {
        "service_id": service, "obj_ids": [f"B{number}" for number in range(few_renders + 3)],
        "analysis_parameters": {"correct_extinction": True},
    }  # fmt: skip
    batch = admin.post("/analysis_batch", body).data["id"]
    deliver("jobs")
    summary = admin.get(f"/analysis_batch/{batch}").data
    assert (summary["started"], summary["refused"]) == (few_renders + 3, 0), json.dumps(summary)
