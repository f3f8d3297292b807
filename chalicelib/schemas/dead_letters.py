"""Dead letters: messages whose processing failed too often."""

from typing import Annotated, Any, Literal

from chalicelib.schemas.base import View
from chalicelib.schemas.fields import Time, describe

_JOB = {"job": "delete_analyses", "service_id": 3}


class DeadLetter(View):
    """A message that is no longer processed."""

    id: Annotated[str, describe("Its id in the queue.", "5f0cbd6f-0b1d-4ad4-a6a5-0e9e7c3b7d0a")]
    sent_at: Annotated[Time, describe("When it was sent.")]
    body: Annotated[Any, describe("The job: ids and keys, never data.", _JOB)]


_QUEUES = "The queue: analyses to send (dispatch), fits of supernovae (fit), changes of many records (jobs)."


class DeadQueue(View):
    """The dead letters of one queue."""

    name: Annotated[Literal["dispatch", "fit", "spectrum", "jobs"], describe(_QUEUES, "jobs")]
    count: Annotated[int, describe("How many there are, approximately.", 1)]
    messages: Annotated[list[DeadLetter], describe("Up to ten of them.")]


class DeadLetters(View):
    """The dead letters of all queues."""

    queues: Annotated[list[DeadQueue], describe("All queues, including those without dead letters.")]


class Moved(View):
    """The number of messages that were sent back."""

    moved: Annotated[int, describe("How many messages, at most a hundred.", 1)]
