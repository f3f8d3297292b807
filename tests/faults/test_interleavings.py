"""Two operations at once: the second runs before some calls of the first (`make soak`: before every call)."""

import os
import random
from collections.abc import Callable

import pytest

from tests.faults.interleavings import PAIRS, count_calls, try_pair
from tests.faults.simulation import Simulation

SEED = int(os.environ.get("FAULT_SEED", "1"))
CALLS_PER_PAIR = 1
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_an_operation_at_any_call_of_another_leaves_whole_records(
    part: int, simulation: Simulation, record_property: Callable[[str, object], None]
) -> None:
    rng = random.Random(SEED + part)
    breaches = {}
    tried = 0
    for name in list(PAIRS)[part::PARTS]:
        calls = range(count_calls(simulation, name))
        for call in rng.sample(calls, min(CALLS_PER_PAIR, len(calls))):
            breaches[name, call] = try_pair(simulation, name, call)
            tried += 1
    record_property("counts", f"interleavings: {tried} tried, seed {SEED}")
    assert not {place: texts for place, texts in breaches.items() if texts}
