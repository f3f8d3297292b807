"""Services that are down, slow or flooded, in simulated time: nothing is lost, and nobody else waits."""

from collections.abc import Callable

import pytest

from tests.faults.flood import run_flood
from tests.faults.simulation import Simulation
from tests.faults.stories import answer_status, lose_answer, refuse_connection, start

DOWN_SECONDS = 120


@pytest.mark.parametrize(
    "outage", [refuse_connection, answer_status(503), answer_status(502, 7.0), answer_status(503, 20.0)],
    ids=["refuses", "503", "502 with Retry-After", "503 with Retry-After"],
)  # fmt: skip
def test_a_service_that_is_down_for_two_minutes_loses_nothing(
    simulation: Simulation, outage: Callable[..., object]
) -> None:
    s = simulation
    s.reset()
    s.documents["fit"] = {"status": "success", "analysis": {}}
    s.services.host_answers["fit.example.org"] = outage  # type: ignore[assignment]
    service = s.register()
    analyses = [start(s, service, source=f"SN{1 + number % 3}", key=f"key {number}") for number in range(12)]
    for second in range(DOWN_SECONDS):
        s._run_once()
        s.clock.advance(1.0)
        if second % 60 == 59:
            s.sweep()
    assert len(s.services.requests) <= 30, "a service that is down is left alone"
    s.services.host_answers.clear()
    s.wait_until_quiet()
    assert {s.admin.get(f"/obj/analysis/{number}/status").data["status"] for number in analyses} == {"completed"}
    assert len(s.services.accepted) == len(analyses), "each was taken once"


def test_a_service_that_never_works_again_ends_its_analyses_with_a_reason(simulation: Simulation) -> None:
    s = simulation
    s.reset()
    s.services.host_answers["fit.example.org"] = refuse_connection
    service = s.register(timeout=1200)
    analyses = [start(s, service, source=f"SN{1 + number % 3}", key=f"key {number}") for number in range(9)]
    s.wait_until_quiet()
    for number in analyses:
        status = s.admin.get(f"/obj/analysis/{number}/status").data
        assert status["status"] == "failure"
        assert "the connection was refused" in status["message"] and "timeout" in status["message"]


def test_a_silent_service_does_not_get_all_that_waits(simulation: Simulation) -> None:
    """After silence the data are not sent again: so a service that hangs must not be sent everything."""
    s = simulation
    s.reset()
    s.documents["fit"] = None
    s.services.host_answers["fit.example.org"] = lose_answer
    service = s.register()
    for number in range(12):
        start(s, service, source=f"SN{1 + number % 3}", key=f"key {number}")
    for _ in range(20):
        s._run_once()
        s.clock.advance(1.0)
    assert len(s.services.accepted) <= 7


def test_a_flood_of_one_service_does_not_hold_up_another(
    simulation: Simulation, record_property: Callable[[str, object], None]
) -> None:
    alone = run_flood(simulation, 0, 12)
    beside = run_flood(simulation, 40, 12)
    assert not alone.failures + beside.failures
    assert beside.neighbour_seconds <= 2 * alone.neighbour_seconds
    assert len(beside.taken_at["slow"]) == 40 and beside.requests == 52, "each was sent once"
    assert beside.most_at_once["slow"] == 10
    # One for each analysis when it is started, and one for each two that are sent from the line.
    assert beside.invocations.total() <= 2 * 52
    assert max(beside.taken_at["slow"].values()) < 1.2 * 40 / 10 * 20, "no slot idles"
    record_property("counts", f"flood: {beside.invocations.total()} invocations for {beside.requests} requests")


def test_few_senders_are_shared(simulation: Simulation) -> None:
    """A new account runs ten functions at a time: one service has half of what sends, whatever it asks for."""
    beside = run_flood(simulation, 20, 6, concurrency=4, is_whole=False)
    assert beside.most_at_once["slow"] == 2
    assert beside.neighbour_seconds < 20
