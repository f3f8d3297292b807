"""Print what a thousand analyses cost on AWS: ``python -m benchmarks.cost``.

The calls, their units and bytes are counted on moto (`analysis_steps`). A function is billed for the seconds that it
computes, measured here and stretched by the share of a processor that its memory buys, and for those in which it waits
for AWS (`SECONDS_OF_CALL`) and for the service (`SECONDS_OF_SERVICE`): these are assumed.
"""

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.analysis_steps import Step, measure_fits, measure_plain_analyses, open_stage
from infra.deployed_functions import read_functions
from tests.fitter.light_curves import sn2019dwz

PRICES_OF = "us-east-1, 2026-11"
"""Region and date of the prices, from AWS' price pages."""

WRITE_UNIT = 0.625e-6
READ_UNIT = 0.125e-6
API_REQUEST = 3.5e-6
INVOCATION = 0.2e-6
GIGABYTE_SECOND = {"arm64": 13.3334e-6, "x86_64": 16.6667e-6}
STORED_GIGABYTE_MONTH = 0.023

CALLS = {
    "sqs": 0.4e-6,
    "s3:PutObject": 5e-6,
    "s3:GetObject": 0.4e-6,
    "s3:HeadObject": 0.4e-6,
    "kms": 3e-6,
    "secretsmanager": 5e-6,
}
"""Dollars of one call, by service or operation; DynamoDB's are in its units."""

SECONDS_OF_CALL = {"dynamodb": 0.006, "s3": 0.025, "sqs": 0.010, "kms": 0.010, "lambda": 0.010, "secretsmanager": 0.010}
"""How long AWS takes for a call within a region; assumed, since it cannot be measured here."""

SECONDS_OF_SERVICE = 0.2
"""How long a service takes to acknowledge; assumed."""

MEGABYTES_OF_PROCESSOR = 1769
"""Memory with which Lambda gives a function one whole processor, by its documentation."""


@dataclass(frozen=True)
class StepCost:
    """Dollars of a step."""

    name: str
    tables: float
    objects: float
    compute: float
    seconds: float
    rest: float

    @property
    def total(self) -> float:
        """The sum of all parts."""
        return self.tables + self.objects + self.compute + self.rest


def estimate_seconds(step: Step, megabytes: int) -> float:
    """Return how long a function with this memory takes for a step."""
    own = step.consumption.own_seconds * max(1.0, MEGABYTES_OF_PROCESSOR / megabytes)
    calls = {name: count for name, count in step.consumption.calls.items() if not is_queue_poll(name)}
    waiting = sum(count * SECONDS_OF_CALL[name.partition(":")[0]] for name, count in calls.items())
    return own + waiting + (SECONDS_OF_SERVICE if step.function == "dispatch" else 0.0)


def is_queue_poll(call: str) -> bool:
    """Return whether Lambda makes a call for a function, and not the function."""
    return call in ("sqs:ReceiveMessage", "sqs:DeleteMessage")


def price_step(step: Step) -> StepCost:
    """Return what a step costs."""
    size = read_functions()[step.function]
    seconds = estimate_seconds(step, size.megabytes)
    taken = step.consumption
    return StepCost(
        step.name,
        taken.write_units * WRITE_UNIT + taken.read_units * READ_UNIT,
        sum(count * CALLS[name] for name, count in taken.calls.items() if name in CALLS),
        math.ceil(1000 * seconds) / 1000 * size.megabytes / 1024 * GIGABYTE_SECOND[size.architecture] + INVOCATION,
        seconds,
        sum(count * CALLS.get(name.partition(":")[0], 0.0) for name, count in taken.calls.items())
        + (API_REQUEST if step.is_request else 0.0),
    )


def format_costs(title: str, steps: Iterable[Step]) -> str:
    """Return a table of the steps' costs, in dollars for a thousand analyses."""
    steps = list(steps)
    costs = [price_step(step) for step in steps]
    heads = ("tables", "S3", "Lambda", "rest", "sum")
    lines = [f"{title:<22} {'WRU':>5} {'RRU':>6} {'S3':>4} {'s':>6} " + " ".join(f"{head:>8}" for head in heads)]
    for step, cost in zip(steps, costs, strict=True):
        objects = sum(count for name, count in step.consumption.calls.items() if name.startswith("s3:"))
        parts = (cost.tables, cost.objects, cost.compute, cost.rest, cost.total)
        figures = " ".join(f"{1000 * part:8.4f}" for part in parts)
        taken = step.consumption
        lines.append(
            f"{step.name:<22} {taken.write_units:5d} {taken.read_units:6.1f} {objects:4d} {cost.seconds:6.3f} {figures}"
        )
    kilobytes = sum(step.consumption.stored_bytes for step in steps) / 1000
    month = kilobytes * 1e-6 * STORED_GIGABYTE_MONTH
    lines.append(f"dollars for a thousand: {1000 * sum(cost.total for cost in costs):.3f}")
    lines.append(f"and for each month that they are kept ({kilobytes:.0f} kB each): {1000 * month:.3f}")
    return "\n".join(lines)


def main() -> None:
    """Measure and print both kinds of analyses."""
    logging.disable(logging.CRITICAL)
    print(f"prices: {PRICES_OF}")
    with open_stage() as admin:
        print(format_costs("plain analysis", measure_plain_analyses(admin)[1]), end="\n\n")
        print(format_costs("fit of SN 2019dwz", measure_fits(admin, sn2019dwz(fix_z="True"))[1]))


if __name__ == "__main__":
    main()
