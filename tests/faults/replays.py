"""Every story with a fault at every call: all of these points, those at distinct places, or a sample."""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.faults.injector import Call, Crash, Fault, Kind
from tests.faults.invariants import find_lasting_breaches
from tests.faults.simulation import Simulation
from tests.faults.stories import STORIES

__all__ = ["Point", "Tally", "list_points", "sample_points", "select_distinct_points", "try_point"]


@dataclass(frozen=True, order=True)
class Point:
    """A fault at one call of a story."""

    story: str
    index: int
    kind: Kind
    call: Call

    def __str__(self) -> str:
        return f"{self.story} / {self.index} {self.call.name} / {self.kind}"


@dataclass
class Tally:
    """How many points were tried, by story and by kind, and what was breached."""

    stories: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    breaches: dict[str, list[str]] = field(default_factory=dict)

    def count(self, point: Point, breaches: list[str]) -> None:
        """Count a point that was tried."""
        self.stories[point.story] += 1
        self.kinds[point.kind] += 1
        if breaches:
            self.breaches[str(point)] = breaches


def run_story(s: Simulation, name: str, fault: Fault | None = None) -> list[str]:
    """Run a story from a fresh start; return its breaches."""
    s.reset(fault)
    try:
        STORIES[name](s)
    except Crash:
        return ["the crash of an invocation reached the story"]
    except Exception as error:  # whatever a fault leads to is reported with its point
        return [f"{type(error).__name__}: {error}"]
    return find_lasting_breaches(s)


def list_points(s: Simulation, names: Iterable[str], tally: Tally) -> list[Point]:
    """Run stories once without a fault, and return the points of all their calls.

    A story that fails without a fault is counted as breached, and has no points.
    """
    points: list[Point] = []
    for name in names:
        breaches = run_story(s, name)
        if breaches:
            tally.breaches[f"{name} without a fault"] = breaches
            continue
        points += [Point(name, index, kind, call) for index, call in enumerate(s.injector.calls) for kind in Kind]
    return points


def select_distinct_points(points: list[Point], most_stories: int, seed: int) -> list[Point]:
    """Return those at the first call of each place in a story, each place in some of its stories only.

    What a story repeats, such as the sweep of every minute, meets a fault there once.
    """
    rng = random.Random(seed)
    by_place: dict[tuple[Call, Kind], dict[str, Point]] = {}
    for point in points:
        by_place.setdefault((point.call, point.kind), {}).setdefault(point.story, point)
    return [
        firsts[story]
        for firsts in by_place.values()
        for story in rng.sample(list(firsts), min(most_stories, len(firsts)))
    ]


def sample_points(points: list[Point], count: int, seed: int) -> list[Point]:
    """Return some of the points, the same ones for each seed, of every story one at least."""
    rng = random.Random(seed)
    by_story: dict[str, list[Point]] = {}
    for point in rng.sample(points, len(points)):
        by_story.setdefault(point.story, []).append(point)
    first = [entries.pop() for entries in by_story.values()]
    rest = [point for entries in by_story.values() for point in entries]
    return first + rng.sample(rest, max(0, count - len(first)))


def try_point(s: Simulation, point: Point) -> list[str]:
    """Run a story with one fault; return its breaches."""
    return run_story(s, point.story, Fault(point.index, point.kind))
