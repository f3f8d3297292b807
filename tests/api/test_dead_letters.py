"""Dead letters: administrators see what failed again and again, and send it back."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib import queues, settings
from chalicelib.aws import get_account_id, get_client
from tests.api.story import deliver, taken
from tests.api.test_people import make_user
from tests.gateway import Gateway


def address(queue: str) -> str:
    return f"{get_client('sqs').meta.endpoint_url}/{get_account_id()}/{settings.resource_name(queue)}"


def bury(queue: str, *messages: Any) -> None:
    """Put messages where those go that failed too often."""
    for message in messages:
        body = message if isinstance(message, str) else json.dumps(message)
        get_client("sqs").send_message(QueueUrl=address(f"{queue}-dead"), MessageBody=body)


def seen(admin: Gateway, queue: str) -> dict[str, Any]:
    (found,) = [each for each in admin.get("/dead_letters").data["queues"] if each["name"] == queue]
    return dict(found)


def test_at_first_there_are_none(admin: Gateway) -> None:
    assert admin.get("/dead_letters").data == {
        "queues": [{"name": name, "count": 0, "messages": []} for name in ("dispatch", "fit", "jobs")]
    }


def test_they_are_shown_and_stay(admin: Gateway) -> None:
    bury("jobs", {"job": "delete_group", "group_id": 4})
    bury("fit", {"key": "fits/1/payload.json"})
    for _ in range(3):
        jobs = seen(admin, "jobs")
        assert jobs["count"] == 1
        (message,) = jobs["messages"]
        assert message["body"] == {"job": "delete_group", "group_id": 4}
        age = datetime.now(UTC).replace(tzinfo=None) - datetime.fromisoformat(message["sent_at"])
        assert message["id"] and 0 <= age.total_seconds() < 60
    assert seen(admin, "fit")["messages"][0]["body"] == {"key": "fits/1/payload.json"}
    assert seen(admin, "dispatch")["count"] == 0


def test_of_many_some_are_shown(admin: Gateway) -> None:
    bury("jobs", *({"job": "batch", "batch_id": n} for n in range(23)))
    jobs = seen(admin, "jobs")
    assert (jobs["count"], len(jobs["messages"])) == (23, 10)


def test_what_somebody_held_meanwhile_is_counted(admin: Gateway) -> None:
    bury("jobs", {"job": "batch", "batch_id": 1})
    get_client("sqs").receive_message(QueueUrl=address("jobs-dead"))
    jobs = seen(admin, "jobs")
    assert (jobs["count"], jobs["messages"]) == (1, [])


@pytest.mark.parametrize("text", ["held", "[" * 100_000, '"\\ud800"'])
def test_whatever_was_written_by_hand_is_shown(admin: Gateway, text: str) -> None:
    bury("jobs", text)
    assert len(seen(admin, "jobs")["messages"]) == 1


@pytest.mark.parametrize("queue", [queues.DISPATCH, queues.FIT, queues.JOBS])
def test_they_are_sent_back_as_they_were(admin: Gateway, queue: str) -> None:
    messages = [{"analysis_id": n, "key": "größer"} for n in range(13)]
    bury(queue, *messages)
    assert admin.post(f"/dead_letters/{queue}/redrive").data == {"moved": 13}
    assert sorted(taken(queue), key=lambda message: int(message["analysis_id"])) == messages
    assert seen(admin, queue)["count"] == 0
    assert admin.post(f"/dead_letters/{queue}/redrive").data == {"moved": 0}


def test_a_job_that_is_sent_back_is_done(admin: Gateway) -> None:
    group = admin.post("/groups", {"name": "gone"}).data["id"]
    admin.delete(f"/groups/{group}")
    bury("jobs", *taken("jobs"))
    admin.post("/dead_letters/jobs/redrive")
    deliver(queues.JOBS)
    assert seen(admin, "jobs")["count"] == 0


def test_at_most_a_hundred_go_at_once(admin: Gateway) -> None:
    bury("jobs", *({"job": "batch", "batch_id": n} for n in range(105)))
    assert [admin.post("/dead_letters/jobs/redrive").data["moved"] for _ in range(3)] == [100, 5, 0]


@pytest.mark.parametrize("queue", ["dispatch-dead", "JOBS", "4711", "x" * 300])
def test_a_queue_that_there_is_not_is_named(admin: Gateway, queue: str) -> None:
    reply = admin.post(f"/dead_letters/{queue}/redrive")
    assert reply.status == 404
    assert queue[:40] in reply.message and "dispatch, fit, jobs" in reply.message


def test_they_are_for_administrators(admin: Gateway) -> None:
    user = make_user(admin, "ada", "Manage Analysis Services", "Manage users")
    bury("jobs", {"job": "batch", "batch_id": 1})
    for reply in (user.get("/dead_letters"), user.post("/dead_letters/jobs/redrive")):
        assert (reply.status, "System admin" in reply.message) == (401, True)
    assert seen(admin, "jobs")["count"] == 1
