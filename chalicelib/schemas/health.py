"""Whether a deployment does its work."""

from typing import Annotated, Literal

from chalicelib.schemas.base import View
from chalicelib.schemas.fields import Time, describe


class QueueHealth(View):
    """The messages of a queue, counted approximately."""

    name: Annotated[Literal["dispatch", "fit", "fit-batch", "spectrum", "jobs"], describe("The queue.", "dispatch")]
    waiting: Annotated[int, describe("Messages that a function could take now.", 0)]
    in_work: Annotated[int, describe("Messages that a function has taken.", 1)]
    delayed: Annotated[int, describe("Messages that are not due yet, such as those of a retry.", 0)]
    dead: Annotated[int, describe("Messages that failed too often.", 0)]


class Health(View):
    """Whether a deployment does its work; for administrators."""

    queues: Annotated[list[QueueHealth], describe("All queues.")]
    last_sweep: Annotated[Time | None, describe("When overdue work was looked for; normally a minute ago.")]
    oldest_waiting: Annotated[
        Time | None, describe("When the oldest analysis of the last hour was started that is not sent yet.")
    ]
    last_hour: Annotated[dict[str, int], describe("Analyses of the last hour by their state.", {"completed": 12})]
