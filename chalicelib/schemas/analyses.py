"""Starting an analysis, calling back, uploading."""

from typing import Annotated, Any

from pydantic import AliasChoices, Field

from chalicelib.schemas.base import GroupIds, Schema

__all__ = ["Callback", "NewAnalysis", "Progress", "Upload"]


class PhotometryFilter(Schema):
    filters: list[str] | None = None
    instruments: list[int | str] | None = None


class InputFilters(Schema):
    photometry: PhotometryFilter | None = None


class NewAnalysis(Schema):
    """A request for an analysis; ``url_parameters`` is the older name of ``analysis_parameters``."""

    analysis_parameters: dict[str, Any] = Field(
        default_factory=dict, validation_alias=AliasChoices("analysis_parameters", "url_parameters")
    )
    input_filters: InputFilters | None = None
    show_parameters: bool = False
    show_plots: bool = False
    show_corner: bool = False
    group_ids: GroupIds = None


Message = Annotated[str | None, Field(max_length=20_000)]


class Callback(Schema):
    """What a service calls back with; further keys are kept with the document."""

    model_config = {"extra": "ignore"}

    status: str
    message: Message = None
    analysis: dict[str, Any] | None = None


class Upload(Callback):
    """The same document, posted by a user, with what to show of it."""

    status: str = "success"
    show_parameters: bool = True
    show_plots: bool = True
    show_corner: bool = True
    analysis_parameters: dict[str, Any] = {}
    group_ids: GroupIds = None


class Progress(Schema):
    """How far a service has come."""

    progress: Annotated[float, Field(ge=0, le=1)] | None = None
    message: Message = None
