"""Dead letters: messages that failed again and again."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from chalicelib.schemas.base import Time, View

__all__ = ["DeadLetters", "Moved"]


class DeadLetter(View):
    """A message that nobody tries any more."""

    id: Annotated[
        str, Meta(description="Its id in the queue", examples=["5f0cbd6f-0b1d-4ad4-a6a5-0e9e7c3b7d0a"])
    ]
    sent_at: Annotated[Time, Meta(description="When it was sent")]
    body: Annotated[
        Any,
        Meta(
            description="What it asks for: ids and keys, never data",
            examples=[{"job": "delete_analyses", "service_id": 3}],
        ),
    ]


class DeadQueue(View):
    """The dead letters of one queue."""

    name: Annotated[
        Literal["dispatch", "fit", "jobs"],
        Meta(
            description=(
                "The queue that they come from: analyses to be sent (dispatch), fits of "
                "supernovae (fit), what touches many records (jobs)"
            ),
            examples=["jobs"],
        ),
    ]
    count: Annotated[int, Meta(description="How many there are, approximately", examples=[1])]
    messages: Annotated[list[DeadLetter], Meta(description="Some of them, ten at most")]


class DeadLetters(View):
    """The dead letters of every queue."""

    queues: Annotated[list[DeadQueue], Meta(description="Every queue, those without dead letters too")]


class Moved(View):
    """How many messages were sent back."""

    moved: Annotated[int, Meta(description="How many messages, a hundred at most", examples=[1])]
