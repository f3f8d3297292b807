"""Default analyses: analyses that start automatically."""

from typing import Annotated

from msgspec import Meta

from chalicelib.schemas.base import Schema, View, check_size
from chalicelib.schemas.fields import GroupIds, Id, Name, Object, describe
from chalicelib.schemas.people import RecordView

DailyLimit = Annotated[int, describe("Most analyses that it starts per day (UTC).", 10, ge=1, le=1000)]
_FILTER = "The events that start it."
_PARAMETERS = "Parameters of the analyses."
_SHOW_PARAMETERS = "Whether pages show the parameters."
_SHOW_PLOTS = "Whether pages show the plots."
_SHOW_CORNER = "Whether pages show the corner plot."
_PROBABILITY = "Least probability; a classification without one counts as 1."


class ClassificationFilter(Schema):
    """A classification that starts the analysis."""

    name: Annotated[Name, describe("The class.", "Ia")]
    probability: Annotated[float, describe(_PROBABILITY, 0.9, ge=0, le=1)] = 0.0


ClassificationFilters = Annotated[list[ClassificationFilter], Meta(max_length=40)]
_CLASSIFICATIONS = "Start when a source is classified as one of these."


class SourceFilter(Schema, omit_defaults=True):
    """The events that start the analysis: one of these classifications, a save to this group, or either."""

    classifications: Annotated[ClassificationFilters | None, describe(_CLASSIFICATIONS)] = None
    group_id: Annotated[Id | None, describe("Start when a source is saved to this group.")] = None

    def __post_init__(self) -> None:
        if not self.classifications and not self.group_id:
            raise ValueError("source_filter: give classifications or a group_id")

    @property
    def events(self) -> list[str]:
        """The names of the events that start the analysis."""
        names = {f"classification#{classification.name}" for classification in self.classifications or []}
        return sorted(names | ({f"group#{self.group_id}"} if self.group_id else set()))


class DefaultAnalysisChange(Schema):
    """Changes of a default analysis; omitted fields stay as they are."""

    default_analysis_parameters: Annotated[Object | None, describe(_PARAMETERS, {"source": "salt3"})] = None
    source_filter: Annotated[SourceFilter | None, describe(_FILTER)] = None
    daily_limit: DailyLimit | None = None
    show_parameters: Annotated[bool | None, describe(_SHOW_PARAMETERS)] = None
    show_plots: Annotated[bool | None, describe(_SHOW_PLOTS)] = None
    show_corner: Annotated[bool | None, describe(_SHOW_CORNER)] = None
    group_ids: Annotated[GroupIds, describe("The groups of the analyses; your groups if omitted.")] = None

    def __post_init__(self) -> None:
        check_size("default_analysis_parameters", self.default_analysis_parameters)


class NewDefaultAnalysis(DefaultAnalysisChange, kw_only=True):
    """A new default analysis."""

    source_filter: Annotated[SourceFilter, describe(_FILTER)]


class Stats(View):
    """How often a default analysis has started."""

    daily_limit: Annotated[int, describe("Most analyses that it starts per day.", 10)]
    daily_count: Annotated[int, describe("Number of analyses that it has started today (UTC).", 3)]


class DefaultAnalysis(RecordView):
    """A default analysis."""

    id: Annotated[int, describe("The id of the default analysis.", 4)]
    analysis_service_id: Annotated[int, describe("The analysis service.", 1)]
    author_id: Annotated[int, describe("The user whose view of the source is sent.", 2)]
    default_analysis_parameters: Annotated[Object, describe(_PARAMETERS)]
    source_filter: Annotated[Object, describe(_FILTER)]
    stats: Annotated[Stats, describe("Today's count and the daily limit.")]
    show_parameters: Annotated[bool, describe(_SHOW_PARAMETERS)]
    show_plots: Annotated[bool, describe(_SHOW_PLOTS)]
    show_corner: Annotated[bool, describe(_SHOW_CORNER)]
