"""Batches: the same analysis for many sources."""

from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.schemas.analyses import AuthorName, NewAnalysis, State, Verdict
from chalicelib.schemas.base import Paged, PagedByCursor, View
from chalicelib.schemas.fields import Id, SourceId, describe

LARGEST = 10_000
"""Most sources of a batch."""
SourceIds = Annotated[list[SourceId], Meta(max_length=LARGEST)]


class NewBatch(NewAnalysis, kw_only=True):
    """The same analysis for a list of sources, for all sources of a group, or for both."""

    service_id: Annotated[Id, describe("The analysis service.", 1)]
    obj_ids: Annotated[SourceIds | None, describe("The sources.", ["2019dwz", "2020aai"])] = None
    group_id: Annotated[Id | None, describe("The group whose sources are analysed.")] = None

    def __post_init__(self) -> None:
        if not self.obj_ids and not self.group_id:
            raise ValueError("obj_ids: required unless there is a group_id; give at least one source")


class BatchesQuery(PagedByCursor):
    """A page of the list of batches."""

    numPerPage: Annotated[int, describe("Batches per page.", 20, ge=1, le=100)] = 50


class BatchQuery(Paged):
    """A page of a batch's outcomes."""


class Outcome(View):
    """The outcome of a batch for one source."""

    obj_id: Annotated[str, describe("The source.", "2019dwz")]
    analysis_id: Annotated[int | None, describe("Its analysis; null if it was refused.")]
    status: Annotated[State | None, describe("The status of the analysis; null if it was deleted.")]
    message: Annotated[str | None, describe("Why it was refused, or the message of the service.")]
    verdict: Verdict


class BatchSummary(View):
    """A batch, as lists show it."""

    id: Annotated[int, describe("The id of the batch.", 7)]
    service_id: Annotated[int, describe("The analysis service.", 1)]
    author_id: Annotated[int, describe("The user who started it.", 2)]
    author_name: AuthorName
    created_at: Annotated[str, describe("In UTC.", "2026-11-22T03:00:00.000000")]
    status: Annotated[Literal["running", "done"], describe("done: all analyses were started or refused.")]
    total: Annotated[int, describe("Number of sources.", 2)]
    started: Annotated[int, describe("Number of analyses that were started.", 2)]
    refused: Annotated[int, describe("Number of analyses that were refused.", 0)]


class Batch(BatchSummary):
    """A batch and its outcomes so far."""

    outcomes: Annotated[list[Outcome], describe("A page of the outcomes that are known.")]
