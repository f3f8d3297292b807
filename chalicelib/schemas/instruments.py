"""Telescopes and instruments."""

from typing import Annotated

from msgspec import Meta

from chalicelib.schemas.base import Id, Name, Schema, Word

__all__ = ["NewInstrument", "NewTelescope"]


class NewTelescope(Schema):
    name: Name
    nickname: Name | None = None
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None
    lon: Annotated[float, Meta(ge=-180, le=360)] | None = None
    elevation: float | None = None
    diameter: Annotated[float, Meta(gt=0)] | None = None
    skycam_link: str | None = None
    robotic: bool = False
    fixed_location: bool = True


class NewInstrument(Schema):
    name: Name
    type: Word = "imager"
    band: Word | None = None
    telescope_id: Id | None = None
    filters: Annotated[list[Name], Meta(max_length=500)] = []
