"""The file of the local stack's state: whole transactions or nothing, and failures with a sentence."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from infra.local.local_errors import SavedStateError
from infra.local.saved_state import durable_answers
from infra.local.saved_state.durable_answers import SAVE_PATH, DurableAnswers
from infra.local.saved_state.run_record import (
    ITEM_STORES,
    MESSAGE_STORES,
    STATE_FILE_NAME,
    describe_recovery,
    note_end,
    note_start,
    release_message,
)
from infra.local.saved_state.state_changes import StateChanges
from infra.local.saved_state.state_file import StateFile

# ---- the file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / STATE_FILE_NAME


def copy_as_after_a_kill(path: Path, folder: Path) -> Path:
    """Copy what the operating system has of an open file, as a kill of its process leaves it."""
    folder.mkdir()
    for file in path.parent.glob(f"{path.name}*"):
        if not file.name.endswith("-shm"):
            (folder / file.name).write_bytes(file.read_bytes())
    return folder / path.name


def test_what_is_written_outlives_a_kill(path: Path, tmp_path: Path) -> None:
    file = StateFile.open(path)
    file.write({("a", "1"): "old", ("a", "2"): "kept", ("b", "1"): "emptied"})
    file.write({("a", "1"): "new", ("a", "2"): None, ("c", "1"): "x" * 400_000}, emptied_stores=["b"])
    copy = StateFile.open(copy_as_after_a_kill(path, tmp_path / "killed"))
    assert dict(copy.iterate("a")) == {"1": "new"}
    assert copy.count_records() == {"a": 1, "c": 1}


@pytest.mark.parametrize("cut", [1, 100, 4000])
def test_a_half_written_transaction_is_left_out(path: Path, tmp_path: Path, cut: int) -> None:
    file = StateFile.open(path)
    rows = {("a", str(number)): "x" * 3000 for number in range(50)}
    file.write(rows)
    file.write({("a", "last"): "x" * 5000, ("b", "last"): "y"})
    copy = copy_as_after_a_kill(path, tmp_path / "torn")
    log = copy.with_name(f"{copy.name}-wal")
    log.write_bytes(log.read_bytes()[:-cut])
    assert StateFile.open(copy).count_records() == {"a": 50}


def test_garbage_after_the_last_transaction_is_left_out(path: Path, tmp_path: Path) -> None:
    file = StateFile.open(path)
    file.write({("a", "1"): "x"})
    copy = copy_as_after_a_kill(path, tmp_path / "garbage")
    with copy.with_name(f"{copy.name}-wal").open("ab") as log:
        log.write(b"\xff" * 10_000)
    assert StateFile.open(copy).count_records() == {"a": 1}


def test_more_rows_than_one_statement_takes_are_one_transaction(path: Path) -> None:
    file = StateFile.open(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON records WHEN NEW.key = '249' BEGIN SELECT RAISE(FAIL, 'no'); END"
        )
    with pytest.raises(SavedStateError, match="no; "):
        file.write({("a", str(number)): "x" for number in range(250)})
    assert file.count_records() == {}
    file.write({("a", str(number)): "x" for number in range(249)})
    assert file.count_records() == {"a": 249}


def test_a_full_disk_is_told_and_loses_nothing(path: Path) -> None:
    file = StateFile.open(path)
    file.write({("a", "1"): "x"})
    file._database.execute("PRAGMA max_page_count = 20")
    with pytest.raises(
        SavedStateError, match=r"cannot be written to .*database or disk is full; \d+ MB are free.*room"
    ):
        file.write({("a", "2"): "x" * 1_000_000})
    file._database.execute("PRAGMA max_page_count = 2000000")
    file.write({("a", "3"): "x" * 1_000_000})
    assert [key for key, _ in file.iterate("a")] == ["1", "3"]


def test_a_newer_format_is_refused(path: Path) -> None:
    StateFile.open(path).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 7")
    with pytest.raises(SavedStateError, match="has format 7; this version reads format 1"):
        StateFile.open(path)


@pytest.mark.parametrize("content", [b"not SQLite" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(SavedStateError, match="is damaged"):
        StateFile.open(path)


def test_the_log_does_not_grow_without_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.local.saved_state.state_file._LARGEST_LOG", 1_000_000)
    file = StateFile.open(path)
    log = path.with_name(f"{path.name}-wal")
    for number in range(5):
        file.write({("a", "1"): str(number) * 300_000})
    assert log.stat().st_size > 1_000_000
    file.sync()
    assert log.stat().st_size == 0
    assert file.get("a", "1") == "4" * 300_000


# ---- what changed


def test_the_present_value_is_written_whatever_the_order_of_marks() -> None:
    changes = StateChanges()
    records: dict[str, Any] = {"k": 1}
    changes.mark("s", "k", lambda: records.get("k"))
    records["k"] = 2
    marked = changes.take()
    assert not changes
    changes.mark("s", "k", lambda: 3)
    changes.give_back(marked)
    assert [reader() for reader in changes.take().readers.values()] == [3]


def test_what_could_not_be_written_stays_deleted_if_its_store_was_emptied() -> None:
    changes = StateChanges()
    changes.mark("s", "old", lambda: 1)
    changes.mark("t", "old", lambda: 1)
    marked = changes.take()
    changes.mark_emptied("s")
    changes.mark("s", "new", lambda: 1)
    changes.give_back(marked)
    result = changes.take()
    assert set(result.readers) == {("s", "new"), ("t", "old")}
    assert result.emptied_stores == {"s"}


# ---- answers


class FakeState:
    """Notes what is saved, and fails if told so."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.problem = ""

    def _note(self, step: str) -> None:
        if self.problem:
            raise SavedStateError(self.problem)
        self.steps.append(step)

    def write_changes(self) -> None:
        self._note("changes")

    def save_services(self) -> None:
        self._note("services")

    def save_finished_services(self) -> bool:
        self._note("finished services")
        return True

    def sync(self) -> None:
        self._note("sync")


def send_request(
    state: FakeState, method: str = "POST", path: str = "/", query: bytes = b"", **headers: str
) -> tuple[int, bytes, DurableAnswers]:
    """Send a request to an emulator that answers 200; return the answer, and the application before the emulator."""
    messages: list[Any] = []

    async def emulator(scope: Any, receive: Any, send: Any) -> None:
        state.steps.append("answer")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    async def send(message: Any) -> None:
        messages.append(message)

    pairs = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": pairs}
    answers = DurableAnswers(emulator, state)
    asyncio.run(answers(scope, None, send))  # type: ignore[arg-type]
    return messages[0]["status"], b"".join(each.get("body", b"") for each in messages[1:]), answers


def test_an_answer_leaves_when_its_changes_are_written() -> None:
    state = FakeState()
    assert send_request(state)[:2] == (200, b"done")
    assert state.steps == ["answer", "changes"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_answer_leaves_while_the_disk_is_full(method: str, capsys: pytest.CaptureFixture[str]) -> None:
    state = FakeState()
    state.problem = "The disk is full."
    status, body, _ = send_request(state, method, "/_aws/execute-api/1/api/sources")
    assert status == 503
    document = json.loads(body)
    assert (document["status"], document["message"]) == ("error", "The disk is full.")
    assert capsys.readouterr().err == "The disk is full.\n"


@pytest.mark.parametrize(
    ("target", "is_saved"),
    [
        ("TrentService.CreateKey", True),
        ("TrentService.Decrypt", False),
        ("secretsmanager.PutSecretValue", True),
        ("secretsmanager.GetSecretValue", False),
        ("DynamoDB_20120810.PutItem", False),
    ],
)
def test_keys_and_secrets_are_saved_before_the_answer(target: str, is_saved: bool) -> None:
    state = FakeState()
    send_request(state, x_amz_target=target)
    assert state.steps == ["answer", "services" if is_saved else "changes"]


S3 = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=1"
IAM = S3.replace("/s3/", "/iam/")


@pytest.mark.parametrize(
    ("changes_definitions", "arguments"),
    [
        (True, {"x_amz_target": "DynamoDB_20120810.CreateTable"}),
        (True, {"x_amz_target": "DynamoDB_20120810.UpdateTimeToLive"}),
        (True, {"x_amz_target": "AmazonSQS.SetQueueAttributes"}),
        (True, {"x_amz_target": "AmazonSQS.CreateQueue"}),
        (True, {"x_amz_target": "AWSEvents.PutRule"}),
        (True, {"authorization": IAM}),
        (True, {"method": "PUT", "path": "/2015-03-31/functions/f/code"}),
        (True, {"method": "PUT", "path": "/bucket", "authorization": S3}),
        (False, {"x_amz_target": "DynamoDB_20120810.TransactWriteItems"}),
        (False, {"x_amz_target": "DynamoDB_20120810.Query"}),
        (False, {"x_amz_target": "AmazonSQS.SendMessageBatch"}),
        (False, {"x_amz_target": "AmazonSQS.ChangeMessageVisibility"}),
        (False, {"x_amz_target": "AmazonSQS.GetQueueAttributes"}),
        (False, {"path": "/2015-03-31/functions/f/invocations"}),
        (False, {"path": "/_aws/execute-api/1/api/sources"}),
        (False, {"method": "PUT", "path": "/bucket/key", "authorization": S3}),
        (False, {"method": "PUT", "path": "/bucket/key", "query": b"X-Amz-Signature=1"}),
        (False, {"method": "GET", "path": "/2015-03-31/functions"}),
    ],
)
def test_definitions_are_saved_soon_after_a_request_that_may_change_them(
    changes_definitions: bool, arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_WRITE_SECONDS", "_SAVE_SECONDS", "_SYNC_SECONDS"):
        monkeypatch.setattr(durable_answers, name, 0.001)
    state = FakeState()
    answers = send_request(state, **arguments)[2]
    run_for(answers.save_now_and_then, lambda: state.steps.count("sync") > 1)
    assert ("finished services" in state.steps) is changes_definitions
    assert "changes" in state.steps


@pytest.mark.parametrize("error", [OSError("no room"), RuntimeError("dictionary changed"), SavedStateError("full")])
def test_saving_goes_on_after_a_failure(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_WRITE_SECONDS", "_SAVE_SECONDS", "_SYNC_SECONDS"):
        monkeypatch.setattr(durable_answers, name, 0.001)
    state = FakeState()
    errors = [error, error]

    def fail_twice() -> None:
        if errors:
            raise errors.pop()
        state.steps.append("sync")

    monkeypatch.setattr(state, "sync", fail_twice)
    run_for(send_request(state)[2].save_now_and_then, lambda: "sync" in state.steps)


def run_for(work: Callable[[], Any], condition: Callable[[], bool]) -> None:
    """Run a coroutine that does not end until a condition holds."""

    async def run() -> None:
        task = asyncio.create_task(work())
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.001)
        task.cancel()

    asyncio.run(run())


def test_the_stack_has_its_deployment_saved() -> None:
    state = FakeState()
    assert send_request(state, path=SAVE_PATH)[0] == 200
    assert state.steps == ["services"]
    state.problem = "The disk is full."
    assert send_request(state, path=SAVE_PATH)[0] == 503


# ---- the last run


def test_a_killed_run_tells_what_it_left(path: Path) -> None:
    now = time.time()
    held = {"id": "1", "receive_count": 1, "visible_at": now + 100}
    delayed = {"id": "2", "receive_count": 0, "visible_at": now + 100}
    assert describe_recovery(path.parent) == ""
    file = StateFile.open(path)
    note_start(file)
    items = {(f"{ITEM_STORES}a", str(number)): "{}" for number in range(1200)}
    messages = {(f"{MESSAGE_STORES}q", message["id"]): json.dumps(message) for message in (held, delayed)}
    file.write({**items, **messages, ("services", "lambda"): "{}"})
    assert describe_recovery(path.parent) == (
        "the last run was killed; recovered all that it answered: 1,200 records and 2 messages of queues, 1 of them "
        "in work"
    )
    note_end(file)
    assert describe_recovery(path.parent) == ""


def test_a_receive_that_was_cut_short_does_not_count() -> None:
    for count, visible_at, result in ((1, 200.0, (0, 100.0)), (2, 50.0, (2, 50.0)), (0, 200.0, (0, 200.0))):
        message = {"receive_count": count, "visible_at": visible_at, "receipt_handle": "r"}
        assert release_message(message, 100.0) is (result[1] == 100.0)
        assert (message["receive_count"], message["visible_at"]) == result
