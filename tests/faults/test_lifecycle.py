"""Any interleaving of the operations of the lifecycle leaves no part of what was deleted, and no count off."""

from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.lifecycle import Lifecycle
from tests.faults.simulation import Simulation

EXAMPLES = 8
STEPS = 15


def test_any_interleaving_leaves_whole_records(
    simulation: Simulation, record_property: Callable[[str, object], None]
) -> None:
    run_lifecycle(simulation, EXAMPLES, STEPS)
    record_property("counts", f"lifecycle: {dict(Lifecycle.counts)}")


def run_lifecycle(simulation: Simulation, examples: int, steps: int) -> None:
    """Run the state machine so many times, with so many steps each at most."""
    Lifecycle.simulation = simulation
    Lifecycle.counts.clear()
    options = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        print_blob=False,
    )
    run_state_machine_as_test(Lifecycle, settings=options)
