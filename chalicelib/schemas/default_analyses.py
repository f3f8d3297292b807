"""Default analyses: analyses that start by themselves."""

from typing import Annotated, Any

from msgspec import Meta

from chalicelib.schemas.base import GroupIds, Id, Name, Schema, View, check_size
from chalicelib.schemas.people import Group

__all__ = ["DefaultAnalysis", "DefaultAnalysisChange", "NewDefaultAnalysis", "SourceFilter"]

Limit = Annotated[
    int, Meta(ge=1, le=1000, description="The most analyses that it starts in a day (UTC)", examples=[10])
]


class ClassificationFilter(Schema):
    """A classification that starts the analysis."""

    name: Annotated[Name, Meta(description="The classification", examples=["Ia"])]
    probability: Annotated[
        float, Meta(ge=0, le=1, description="The least probability; none given counts as 1", examples=[0.9])
    ] = 0.0


class SourceFilter(Schema, omit_defaults=True):
    """Which events start the analysis: one of these classifications, a save to this group, or either."""

    classifications: Annotated[
        Annotated[list[ClassificationFilter], Meta(max_length=40)] | None,
        Meta(description="Start when a source is classified as one of these"),
    ] = None
    group_id: Annotated[Id | None, Meta(description="Start when a source is saved to this group")] = None

    def __post_init__(self) -> None:
        if not self.classifications and not self.group_id:
            raise ValueError("source_filter: give classifications or a group_id")

    @property
    def events(self) -> list[str]:
        """The names of the events that it waits for."""
        named = {f"classification#{wanted.name}" for wanted in self.classifications or []}
        return sorted(named | ({f"group#{self.group_id}"} if self.group_id else set()))


class DefaultAnalysisChange(Schema):
    """What can be changed of a default analysis; what is left out stays as it was."""

    default_analysis_parameters: Annotated[
        dict[str, Any] | None, Meta(description="Parameters of the analyses", examples=[{"source": "salt3"}])
    ] = None
    source_filter: Annotated[SourceFilter | None, Meta(description="What starts it")] = None
    daily_limit: Limit | None = None
    show_parameters: Annotated[bool | None, Meta(description="Show the parameters")] = None
    show_plots: Annotated[bool | None, Meta(description="Show the plots")] = None
    show_corner: Annotated[bool | None, Meta(description="Show the corner plot")] = None
    group_ids: Annotated[GroupIds, Meta(description="Whose analyses they are; yours if left out")] = None

    def __post_init__(self) -> None:
        check_size("default_analysis_parameters", self.default_analysis_parameters)


class NewDefaultAnalysis(DefaultAnalysisChange, kw_only=True):
    """An analysis that shall start by itself."""

    source_filter: Annotated[SourceFilter, Meta(description="What starts it")]


class Stats(View):
    """How often a default analysis has started."""

    daily_limit: Annotated[int, Meta(description="The most that it starts in a day", examples=[10])]
    daily_count: Annotated[int, Meta(description="How many it has started today (UTC)", examples=[3])]


class DefaultAnalysis(View):
    """A default analysis."""

    id: Annotated[int, Meta(description="Its id", examples=[4])]
    analysis_service_id: Annotated[int, Meta(description="The service", examples=[1])]
    author_id: Annotated[int, Meta(description="Whose view of the source is sent", examples=[2])]
    default_analysis_parameters: Annotated[dict[str, Any], Meta(description="Parameters of the analyses")]
    source_filter: Annotated[dict[str, Any], Meta(description="What starts it")]
    stats: Annotated[Stats, Meta(description="Today's count and its limit")]
    show_parameters: Annotated[bool, Meta(description="Show the parameters")]
    show_plots: Annotated[bool, Meta(description="Show the plots")]
    show_corner: Annotated[bool, Meta(description="Show the corner plot")]
    groups: Annotated[list[Group], Meta(description="Whose it is")]
    created_at: Annotated[str, Meta(description="UTC", examples=["2026-11-22T03:00:00.000000"])]
    modified: Annotated[str, Meta(description="UTC", examples=["2026-11-22T03:00:00.000000"])]
