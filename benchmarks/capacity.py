"""Compute how many analyses a second a deployment takes, and what limits them: ``python -m benchmarks.capacity``.

A model: what an analysis takes is counted on moto (`analysis_steps`), and compared with the limits of AWS for an
established account and with the deployment's own. A place is shared if two analyses of one service and of different
sources write it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.analysis_steps import Step, measure_fits, measure_plain_analyses, open_stage
from benchmarks.consumption import Place
from benchmarks.cost import estimate_seconds
from infra.deployed_functions import ACCOUNT_CONCURRENCY, read_functions, read_requests_per_second
from tests.fitter.light_curves import sn2019dwz

PARTITION_WRITE_UNITS = 1000
"""Write units a second that one partition takes (DynamoDB's documentation, "Partition key design")."""


@dataclass(frozen=True)
class RateLimit:
    """What limits the rate of analyses, and to how many a second."""

    what: str
    per_second: float


def list_limits(steps: list[Step], others: list[Step]) -> list[RateLimit]:
    """Return all limits, the lowest first.

    Parameters
    ----------
    steps, others : list of Step
        Two analyses of the same kind, of different sources.
    """
    requests = sum(step.is_request for step in steps)
    most = read_requests_per_second()
    gateway = RateLimit(f"API Gateway: {most} requests a second", most / requests)
    limits = [gateway, *_list_partition_limits(steps, others), *_list_function_limits(steps)]
    return sorted(limits, key=lambda limit: limit.per_second)


def _list_partition_limits(steps: Iterable[Step], others: Iterable[Step]) -> list[RateLimit]:
    shared = {place for step in others for place in step.consumption.writes}
    units: Counter[Place] = Counter()
    for step in steps:
        units += Counter({place: count for place, count in step.consumption.writes.items() if place in shared})
    return [
        RateLimit(f"partition {value!r} of {where}: {count} write units each", PARTITION_WRITE_UNITS / count)
        for (where, value), count in units.items()
    ]


def _list_function_limits(steps: Iterable[Step]) -> list[RateLimit]:
    functions = read_functions()
    seconds: Counter[str] = Counter()
    for step in steps:
        seconds[step.function] += estimate_seconds(step, functions[step.function].megabytes)  # type: ignore[assignment]
    limits = []
    for name, busy in seconds.items():
        at_once = functions[name].at_once or ACCOUNT_CONCURRENCY
        limits.append(RateLimit(f"{name}: {at_once} invocations at once, {busy:.2f} s each", at_once / busy))
    return limits


def measure_limits() -> dict[str, list[RateLimit]]:
    """Return the limits of both kinds of analyses, by kind."""
    with open_stage() as admin:
        measured = {
            "plain analyses": measure_plain_analyses(admin),
            "fits": measure_fits(admin, sn2019dwz(fix_z="True")),
        }
    # the limits are those of the second, since the first fills caches, which takes a fit seconds
    return {kind: list_limits(second, first) for kind, (first, second) in measured.items()}


def main() -> None:
    """Measure and print the limits."""
    for kind, limits in measure_limits().items():
        print(f"{kind}: {limits[0].per_second:.0f} a second")
        for limit in limits:
            print(f"  {limit.per_second:7.0f}  {limit.what}")


if __name__ == "__main__":
    main()
