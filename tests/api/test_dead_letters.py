"""Dead letters: administrators see messages that keep failing, and send them back."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib import queues, settings
from chalicelib.aws import get_account_id, get_client
from tests.api.story import deliver, drain_queue
from tests.api.test_people import make_user
from tests.gateway import Gateway


def queue_url(queue: str) -> str:
    return f"{get_client('sqs').meta.endpoint_url}/{get_account_id()}/{settings.resource_name(queue)}"


def send_dead_letters(queue: str, *messages: Any) -> None:
    """Put messages into the dead-letter queue of a queue."""
    for message in messages:
        body = message if isinstance(message, str) else json.dumps(message)
        get_client("sqs").send_message(QueueUrl=queue_url(f"{queue}-dead"), MessageBody=body)


def get_dead_letters(admin: Gateway, queue: str) -> dict[str, Any]:
    (entry,) = [each for each in admin.get("/dead_letters").data["queues"] if each["name"] == queue]
    return dict(entry)


def test_queues_start_without_dead_letters(admin: Gateway) -> None:
    assert admin.get("/dead_letters").data == {
        "queues": [{"name": name, "count": 0, "messages": []} for name in ("dispatch", "fit", "spectrum", "jobs")]
    }


def test_dead_letters_are_listed_and_stay(admin: Gateway) -> None:
    send_dead_letters("jobs", {"job": "delete_group", "group_id": 4})
    send_dead_letters("fit", {"key": "fits/1/payload.json"})
    for _ in range(3):
        jobs = get_dead_letters(admin, "jobs")
        assert jobs["count"] == 1
        (message,) = jobs["messages"]
        assert message["body"] == {"job": "delete_group", "group_id": 4}
        age = datetime.now(UTC).replace(tzinfo=None) - datetime.fromisoformat(message["sent_at"])
        assert message["id"] and 0 <= age.total_seconds() < 60
    assert get_dead_letters(admin, "fit")["messages"][0]["body"] == {"key": "fits/1/payload.json"}
    assert get_dead_letters(admin, "dispatch")["count"] == 0


def test_ten_of_many_are_listed(admin: Gateway) -> None:
    send_dead_letters("jobs", *({"job": "batch", "batch_id": n} for n in range(23)))
    jobs = get_dead_letters(admin, "jobs")
    assert (jobs["count"], len(jobs["messages"])) == (23, 10)


def test_hidden_dead_letters_are_counted(admin: Gateway) -> None:
    send_dead_letters("jobs", {"job": "batch", "batch_id": 1})
    get_client("sqs").receive_message(QueueUrl=queue_url("jobs-dead"))
    jobs = get_dead_letters(admin, "jobs")
    assert (jobs["count"], jobs["messages"]) == (1, [])


@pytest.mark.parametrize("text", ["held", "[" * 100_000, '"\\ud800"'])
def test_messages_that_are_not_json_are_listed(admin: Gateway, text: str) -> None:
    send_dead_letters("jobs", text)
    assert len(get_dead_letters(admin, "jobs")["messages"]) == 1


@pytest.mark.parametrize("queue", [queues.DISPATCH, queues.FIT, queues.JOBS])
def test_dead_letters_are_sent_back_unchanged(admin: Gateway, queue: str) -> None:
    messages = [{"analysis_id": n, "key": "größer"} for n in range(13)]
    send_dead_letters(queue, *messages)
    assert admin.post(f"/dead_letters/{queue}/redrive").data == {"moved": 13}
    assert sorted(drain_queue(queue), key=lambda message: int(message["analysis_id"])) == messages
    assert get_dead_letters(admin, queue)["count"] == 0
    assert admin.post(f"/dead_letters/{queue}/redrive").data == {"moved": 0}


def test_a_job_that_is_sent_back_runs(admin: Gateway) -> None:
    group = admin.post("/groups", {"name": "gone"}).data["id"]
    admin.delete(f"/groups/{group}")
    send_dead_letters("jobs", *drain_queue("jobs"))
    admin.post("/dead_letters/jobs/redrive")
    deliver(queues.JOBS)
    assert get_dead_letters(admin, "jobs")["count"] == 0


def test_at_most_a_hundred_are_sent_back_at_once(admin: Gateway) -> None:
    send_dead_letters("jobs", *({"job": "batch", "batch_id": n} for n in range(105)))
    assert [admin.post("/dead_letters/jobs/redrive").data["moved"] for _ in range(3)] == [100, 5, 0]


@pytest.mark.parametrize("queue", ["dispatch-dead", "JOBS", "4711", "x" * 300])
def test_an_unknown_queue_is_named_in_the_error(admin: Gateway, queue: str) -> None:
    reply = admin.post(f"/dead_letters/{queue}/redrive")
    assert reply.status == 404
    assert queue[:40] in reply.message and "dispatch, fit, spectrum, jobs" in reply.message


def test_dead_letters_are_for_administrators(admin: Gateway) -> None:
    user = make_user(admin, "ada", "Manage Analysis Services", "Manage users")
    send_dead_letters("jobs", {"job": "batch", "batch_id": 1})
    for reply in (user.get("/dead_letters"), user.post("/dead_letters/jobs/redrive")):
        assert (reply.status, "System admin" in reply.message) == (401, True)
    assert get_dead_letters(admin, "jobs")["count"] == 1
