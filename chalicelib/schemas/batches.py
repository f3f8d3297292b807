"""Batches: the same analysis for many sources."""

from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.schemas.analyses import NewAnalysis
from chalicelib.schemas.analysis_fields import State
from chalicelib.schemas.base import Id, Paged, SourceId, View

__all__ = ["LARGEST", "Batch", "BatchQuery", "NewBatch"]

LARGEST = 10_000
"""Sources of one batch."""


class NewBatch(NewAnalysis, kw_only=True):
    """The same analysis for the sources named, and for all that are saved to a group."""

    service_id: Annotated[Id, Meta(description="The analysis service", examples=[1])]
    obj_ids: Annotated[
        Annotated[list[SourceId], Meta(max_length=LARGEST)] | None,
        Meta(description="The sources", examples=[["2019dwz", "2020aai"]]),
    ] = None
    group_id: Annotated[Id | None, Meta(description="The group whose sources are meant")] = None

    def __post_init__(self) -> None:
        if not self.obj_ids and not self.group_id:
            raise ValueError("obj_ids: give the ids of sources, or a group_id")


class BatchQuery(Paged):
    """Which outcomes to show."""


class Outcome(View):
    """What came of a batch for one source."""

    obj_id: Annotated[str, Meta(description="The source", examples=["2019dwz"])]
    analysis_id: Annotated[int | None, Meta(description="Its analysis; null if it was refused")]
    status: Annotated[State | None, Meta(description="How far the analysis is; null if it is deleted")]
    message: Annotated[str | None, Meta(description="Why it was refused, or what the service said")]


class Batch(View):
    """A batch, and what came of it so far."""

    id: Annotated[int, Meta(description="Its id", examples=[7])]
    service_id: Annotated[int, Meta(description="The analysis service", examples=[1])]
    author_id: Annotated[int, Meta(description="Who started it", examples=[2])]
    created_at: Annotated[str, Meta(description="UTC", examples=["2026-11-22T03:00:00.000000"])]
    status: Annotated[
        Literal["running", "done"], Meta(description="Whether every analysis was started or refused")
    ]
    total: Annotated[int, Meta(description="How many sources it has", examples=[2])]
    started: Annotated[int, Meta(description="How many analyses were started", examples=[2])]
    refused: Annotated[int, Meta(description="How many were refused", examples=[0])]
    outcomes: Annotated[list[Outcome], Meta(description="A page of outcomes, as far as they are known")]
