"""Starting an analysis, calling back, uploading."""

from typing import Annotated, Any

from msgspec import Meta

from chalicelib.schemas.base import GroupIds, Schema, check_size

__all__ = ["Callback", "NewAnalysis", "Progress", "Upload"]


Word = Annotated[str, Meta(max_length=200)]


class PhotometryFilter(Schema, omit_defaults=True):
    filters: Annotated[list[Word], Meta(max_length=200)] | None = None
    instruments: Annotated[list[int | Word], Meta(max_length=200)] | None = None


class InputFilters(Schema, omit_defaults=True):
    photometry: PhotometryFilter | None = None


class NewAnalysis(Schema):
    """A request for an analysis; ``url_parameters`` is the older name of ``analysis_parameters``."""

    analysis_parameters: dict[str, Any] | None = None
    url_parameters: dict[str, Any] | None = None
    input_filters: InputFilters | None = None
    show_parameters: bool = False
    show_plots: bool = False
    show_corner: bool = False
    group_ids: GroupIds = None

    @property
    def chosen(self) -> dict[str, Any]:
        """The parameters, by whichever name they came."""
        return {**(self.url_parameters or {}), **(self.analysis_parameters or {})}


class Callback(Schema, forbid_unknown_fields=False):
    """What a service calls back with."""

    status: str
    message: str | None = None
    analysis: dict[str, Any] | None = None


class Upload(Callback, forbid_unknown_fields=False):
    """The same document, posted by a user, with what to show of it."""

    status: str = "success"
    show_parameters: bool = True
    show_plots: bool = True
    show_corner: bool = True
    analysis_parameters: dict[str, Any] = {}
    group_ids: GroupIds = None

    def __post_init__(self) -> None:
        check_size("analysis_parameters", self.analysis_parameters)


class Progress(Schema):
    """How far a service has come."""

    progress: Annotated[float, Meta(ge=0, le=1)] | None = None
    message: str | None = None
