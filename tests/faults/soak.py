"""Everything, for as long as it takes: ``python -m tests.faults.soak [PART …]``.

The parts are ``faults`` (every kind of fault at every place of the app that calls AWS or a service, in up to eight of
the stories that come there; ``FAULT_SEED`` chooses others), ``pairs`` (an
operation before every call of another), ``storm`` (2,000 analyses while a tenth of all calls fails),
``lifecycle`` (a state machine, thousands of steps), ``canaries`` (every encoding with every kind of
credentials), ``load`` (the local stack under a bad service) and ``flood`` (a thousand analyses of a slow service beside
a hundred of another, in simulated time). It prints what was tried and what was
breached, and ends with 1 if anything was.
"""

import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import cache

import pytest

from tests.faults import storm
from tests.faults.canaries import ENCODINGS
from tests.faults.conftest import set_environment
from tests.faults.flood import describe, run_flood
from tests.faults.interleavings import PAIRS, count_calls, try_pair
from tests.faults.lifecycle import Lifecycle
from tests.faults.load import run_load
from tests.faults.replays import Point, Tally, list_points, select_distinct_points, try_point
from tests.faults.simulation import Simulation, open_simulation
from tests.faults.stories import STORIES
from tests.faults.test_canaries import CREDENTIALS, run_with_echo
from tests.faults.test_lifecycle import run_lifecycle
from tests.moto_adapter import fast_mock_aws

ANALYSES = 2000
STORIES_PER_PLACE = 8
SEED = int(os.environ.get("FAULT_SEED", "1"))
EXAMPLES = 60
STEPS = 30
BATCHES = 4
"""Runs of the state machine, each with `EXAMPLES` examples of `STEPS` steps."""

FLOOD = 1000
NEIGHBOURS = 100
"""Analyses of a slow service, and of the one beside it."""

MOST_SHOWN = 5
"""Breaches that are printed of a story or a part."""

Breaches = list[str]


@cache
def get_simulation() -> Simulation:
    """Return the simulation of this process, which lives as long as the process."""
    stack = ExitStack()
    set_environment(stack.enter_context(pytest.MonkeyPatch.context()))
    logging.disable(logging.CRITICAL)
    stack.enter_context(fast_mock_aws())
    simulation = stack.enter_context(open_simulation())
    simulation.keep_open = stack
    return simulation


def list_story(name: str) -> tuple[list[Point], Tally]:
    """List the points of a story; the tally holds what is breached without a fault."""
    tally = Tally()
    return list_points(get_simulation(), [name], tally), tally


def try_one_point(point: Point) -> Breaches:
    """Try a point in the simulation of this process."""
    return try_point(get_simulation(), point)


def try_calls(name: str) -> tuple[int, Breaches]:
    """Let one operation of a pair interrupt the other at every call; return how many there are."""
    count = count_calls(get_simulation(), name)
    breaches = {call: try_pair(get_simulation(), name, call) for call in range(count)}
    return count, [f"{name}, call {call}: {texts}" for call, texts in breaches.items() if texts]


def try_rounds(seeds: Iterable[int]) -> storm.Storm:
    """Run some rounds of the storm."""
    total = storm.Storm()
    for seed in seeds:
        total.join(storm.run_round(get_simulation(), seed))
    return total


def try_lifecycle(_: int) -> tuple[Counter[str], Breaches]:
    """Run the state machine."""
    try:
        run_lifecycle(get_simulation(), EXAMPLES, STEPS)
    except Exception as error:  # a failing example is one breach, however it fails
        return Counter(Lifecycle.counts), [repr(error)]
    return Counter(Lifecycle.counts), []


def try_canaries(kind: str) -> Breaches:
    """Try every encoding with one kind of credentials."""
    return [
        f"{kind}, {name}: {place}"
        for name, encode in ENCODINGS.items()
        for place in run_with_echo(get_simulation(), kind, encode)
    ]


def soak_faults(pool: ProcessPoolExecutor) -> int:
    """Print how many points were tried and breached; return the number of breaches."""
    listed: list[Point] = []
    total = Tally()
    for points, tally in pool.map(list_story, STORIES):
        listed += points
        total.breaches |= tally.breaches
    chosen = select_distinct_points(listed, STORIES_PER_PLACE, SEED)
    print(f"  {len(listed)} points in {len(STORIES)} stories, {len(chosen)} chosen, seed {SEED}", flush=True)
    for point, breaches in zip(chosen, _report(pool.map(try_one_point, chosen, chunksize=8), len(chosen)), strict=True):
        total.count(point, breaches)
    _show(f"{point}: {texts}" for point, texts in total.breaches.items())
    print(f"  points by kind: {dict(total.kinds)}; by story: {dict(total.stories)}")
    print(f"  in all {total.kinds.total()}, {len(total.breaches)} breached")
    return len(total.breaches)


def soak_pairs(pool: ProcessPoolExecutor) -> int:
    """Print how many interleavings of two operations were tried; return the number of breaches."""
    outcomes = list(pool.map(try_calls, PAIRS))
    breaches = [text for _, texts in outcomes for text in texts]
    print(f"  {len(PAIRS)} pairs, {sum(count for count, _ in outcomes)} interleavings, {len(breaches)} breached")
    _show(breaches)
    return len(breaches)


def soak_storm(pool: ProcessPoolExecutor) -> int:
    """Print what came of the storm; return the number of breaches."""
    seeds = range(ANALYSES // storm.PER_ROUND)
    total = storm.Storm()
    for part in pool.map(try_rounds, [seeds[start :: len(seeds) // 5] for start in range(len(seeds) // 5)]):
        total.join(part)
    print(f"  {total.analyses} analyses, {total.faults} faults at {total.calls} calls, ends: {dict(total.ends)}")
    print(f"  sent again, since the sender died after sending: {total.sent_again}; breaches: {len(total.breaches)}")
    _show(total.breaches)
    return len(total.breaches)


def soak_lifecycle(pool: ProcessPoolExecutor) -> int:
    """Print how far the state machine went; return the number of breaches."""
    counts: Counter[str] = Counter()
    breaches: Breaches = []
    for part, texts in pool.map(try_lifecycle, range(BATCHES)):
        counts += part
        breaches += texts
    print(f"  {dict(counts)}; {len(breaches)} breached")
    _show(breaches)
    return len(breaches)


def soak_canaries(pool: ProcessPoolExecutor) -> int:
    """Print how many encodings were tried; return the number of breaches."""
    breaches = [text for texts in pool.map(try_canaries, CREDENTIALS) for text in texts]
    print(f"  {len(ENCODINGS)} encodings × {len(CREDENTIALS)} kinds of credentials; {len(breaches)} breached")
    _show(breaches)
    return len(breaches)


def soak_load(pool: ProcessPoolExecutor) -> int:
    """Print how long the neighbour of a bad service waits; return the number of breaches."""
    breaches = run_load()
    _show(breaches)
    return len(breaches)


def soak_flood(pool: ProcessPoolExecutor) -> int:
    """Print how long the neighbour of a flooded service waits, alone and beside it; return 1 if that is too long."""
    alone = run_flood(get_simulation(), 0, NEIGHBOURS)
    beside = run_flood(get_simulation(), FLOOD, NEIGHBOURS)
    print(f"  alone: {describe(alone)}\n  beside: {describe(beside)}")
    return int(beside.neighbour_seconds > 2 * alone.neighbour_seconds or bool(beside.failures))


PARTS: dict[str, Callable[[ProcessPoolExecutor], int]] = {
    "faults": soak_faults,
    "pairs": soak_pairs,
    "storm": soak_storm,
    "lifecycle": soak_lifecycle,
    "canaries": soak_canaries,
    "load": soak_load,
    "flood": soak_flood,
}


def _report(results: Iterable[Breaches], number: int) -> Iterator[Breaches]:
    """Pass results on, and print how many there are, tenth by tenth, and the breaches as they come."""
    for done, breaches in enumerate(results, start=1):
        _show(breaches)
        if done * 10 // number > (done - 1) * 10 // number:
            print(f"    {done} of {number}", flush=True)
        yield breaches


def _show(breaches: Iterable[str]) -> None:
    for text in list(breaches)[:MOST_SHOWN]:
        print(f"    {text[:600]}")


def main() -> int:
    """Run the parts that the command line names, or all."""
    broken = 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for name in sys.argv[1:] or PARTS:
            began = time.monotonic()
            print(f"{name}:", flush=True)
            broken += PARTS[name](pool)
            print(f"  {time.monotonic() - began:.0f} s", flush=True)
    print("nothing was breached" if not broken else f"{broken} BREACHED")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
