"""Starting an analysis, calling back, uploading."""

from typing import Annotated, Any

from msgspec import Meta

from chalicelib.schemas.base import GroupIds, Schema

__all__ = ["Callback", "NewAnalysis", "Progress", "Upload"]


class PhotometryFilter(Schema, omit_defaults=True):
    filters: list[str] | None = None
    instruments: list[int | str] | None = None


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


Message = Annotated[str, Meta(max_length=20_000)] | None


class Callback(Schema, forbid_unknown_fields=False):
    """What a service calls back with."""

    status: str
    message: Message = None
    analysis: dict[str, Any] | None = None


class Upload(Callback, forbid_unknown_fields=False):
    """The same document, posted by a user, with what to show of it."""

    status: str = "success"
    show_parameters: bool = True
    show_plots: bool = True
    show_corner: bool = True
    analysis_parameters: dict[str, Any] = {}
    group_ids: GroupIds = None


class Progress(Schema):
    """How far a service has come."""

    progress: Annotated[float, Meta(ge=0, le=1)] | None = None
    message: Message = None
