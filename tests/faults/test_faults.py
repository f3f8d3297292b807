"""A fault at some calls of every story: nothing is lost, nothing is left over, nothing is done twice.

`make soak` tries all calls; `FAULT_SEED` chooses others here.
"""

import os
from collections.abc import Callable

import pytest

from tests.faults.injector import Call, Fault, Kind
from tests.faults.replays import Point, Tally, list_points, run_story, sample_points, select_distinct_points, try_point
from tests.faults.simulation import Simulation
from tests.faults.stories import STORIES

SEED = int(os.environ.get("FAULT_SEED", "1"))
POINTS_PER_STORY = 1
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_a_fault_at_any_call_leaves_nothing_behind(
    part: int, simulation: Simulation, record_property: Callable[[str, object], None]
) -> None:
    tally = Tally()
    names = list(STORIES)[part::PARTS]
    points = list_points(simulation, names, tally)
    for point in sample_points(points, POINTS_PER_STORY * len(names), SEED):
        tally.count(point, try_point(simulation, point))
    record_property(
        "counts", f"faults: {tally.stories.total()} of {len(points)} points in {len(names)} stories, seed {SEED}"
    )
    assert not tally.breaches


def test_the_soak_tries_each_place_once_in_a_story_and_in_some_stories() -> None:
    places = [Call("a", (("x.py", 1),)), Call("b", (("x.py", 2),)), Call("a", (("x.py", 3),))]
    points = [
        Point(story, index, kind, places[index % 3]) for story in ("s", "t", "u") for index in range(9) for kind in Kind
    ]
    chosen = select_distinct_points(points, 2, SEED)
    assert len(chosen) == len(places) * 2 * len(Kind)
    assert {point.index for point in chosen} == {0, 1, 2}, "the first call of each place"


def test_calls_are_told_apart_by_the_lines_that_lead_to_them(simulation: Simulation) -> None:
    assert run_story(simulation, "start and call back") == []
    calls = simulation.injector.calls
    assert all(call.place for call in calls) and 20 < len(set(calls)) < len(calls)
    assert {place[0][0].rsplit("/", 1)[-1] for _, place in calls} > {"blobs.py", "queues.py", "base.py"}


def test_every_kind_of_fault_is_met(simulation: Simulation) -> None:
    for kind in Kind:
        run_story(simulation, "start and call back", Fault(3, kind))
        assert simulation.injector.met == 1, kind


def test_a_fault_that_loses_a_result_is_a_breach(simulation: Simulation) -> None:
    """The invariants see what they are for: records that were changed by hand break them."""
    from tests.faults.invariants import find_breaches
    from tests.faults.records import get_client

    run_story(simulation, "annotations")
    assert find_breaches(simulation) == []
    dynamodb = get_client("dynamodb")
    name = "heliograph-local-analyses"
    for key, breach in (("tally#2#SN1", "tally"), ("group#3#1", "listing"), ("analysis#1", "names")):
        dynamodb.delete_item(TableName=name, Key={"key": {"S": key}})
        assert any(breach in text for text in find_breaches(simulation)), key
