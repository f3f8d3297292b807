"""AWS calls per operation: as many among three thousand analyses as among ten."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib.aws import get_client
from chalicelib.people import requesters
from chalicelib.tables.analysis_items import AnalysisItem, ListingItem, listing_items
from tests.api.story import make_service, make_source, start_analysis
from tests.gateway import Gateway

FEW, MANY = 10, 3_000
FIRST = 1000


@contextmanager
def count_calls() -> Iterator[Counter[str]]:
    """Count the calls to AWS by operation."""
    calls: Counter[str] = Counter()

    def count(model: Any, **_: Any) -> None:
        calls[model.name] += 1

    services = [get_client(name) for name in ("dynamodb", "s3", "sqs", "kms")]
    for service in services:
        service.meta.events.register("before-call", count)
    try:
        yield calls
    finally:
        for service in services:
            service.meta.events.unregister("before-call", count)


def insert_analyses(numbers: range, service: int, author: int) -> None:
    """Insert analyses of other sources into the table: thousands of requests would take minutes."""
    analyses = [
        AnalysisItem(
            f"analysis#{number}", id=number, obj_id=f"S{number}", analysis_service_id=service,
            author_id=author, group_ids={1}, status="completed", analysis_parameters={}, timeout=60,
        )
        for number in numbers
    ]  # fmt: skip
    with AnalysisItem.batch_write() as batch:
        for item in analyses:
            batch.save(item)
    with ListingItem.batch_write() as batch:
        for item in analyses:
            for entry in listing_items(item):
                batch.save(entry)


@pytest.fixture
def steps(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], Any]]:
    """Return the measured operations by name."""
    # What counting costs is in test_rate_limits.py: some requests write once more.
    monkeypatch.setattr(requesters, "count_request", lambda *_: None)
    make_source(admin)
    service = make_service(admin)
    author = admin.get("/internal/profile").data["id"]
    insert_analyses(range(FIRST, FIRST + FEW), service, author)
    acls = ["Run Analyses", "Upload data"]
    user = admin.as_user(admin.post("/internal/tokens", {"name": "plain", "acls": acls}).data["token_id"])
    first = start_analysis(user, service)
    return {
        "list": lambda: user.get("/obj/analysis?numPerPage=10").data,
        "list as administrator": lambda: admin.get("/obj/analysis?numPerPage=10").data,
        "list of a service": lambda: user.get(f"/obj/analysis?numPerPage=10&analysisServiceID={service}").data,
        "list of a source": lambda: user.get("/obj/SN1/analysis").data,
        "read": lambda: user.get(f"/obj/analysis/{first}").data,
        "status": lambda: user.get(f"/obj/analysis/{first}/status").data,
        "start": lambda: user.post(f"/obj/SN1/analysis/{service}").data,
        "fill": lambda: insert_analyses(range(FIRST + FEW, FIRST + MANY), service, author),
    }


def test_thousands_of_analyses_cost_no_more_calls_than_ten(steps: dict[str, Callable[[], Any]]) -> None:
    def count_calls_of_steps() -> dict[str, Counter[str]]:
        counts = {}
        for name, step in steps.items():
            if name != "fill":
                with count_calls() as calls:
                    step()
                counts[name] = calls
        return counts

    steps["list"]()
    among_few = count_calls_of_steps()
    steps["fill"]()
    among_many = count_calls_of_steps()
    # The lists of a source grow by the one analysis that "start" adds.
    assert among_many == among_few
    assert max(sum(calls.values()) for calls in among_few.values()) <= 20, among_few
    assert not any("Scan" in calls for calls in among_many.values())
