"""Telescopes and instruments."""

from typing import Annotated

from msgspec import Meta

from chalicelib.schemas.base import Id, Name, Schema, Time, View, Word, check_size

__all__ = ["Instrument", "NewInstrument", "NewTelescope", "Telescope"]

TelescopeName = Annotated[Name, Meta(description="Its name.", examples=["Palomar 1.2m Oschin"])]
Nickname = Annotated[Name, Meta(description="What it is called for short.", examples=["P48"])]
Latitude = Annotated[
    float, Meta(ge=-90, le=90, description="Latitude, in degrees north.", examples=[33.3563])
]
Longitude = Annotated[
    float, Meta(ge=-180, le=360, description="Longitude, in degrees east.", examples=[-116.865])
]
Elevation = Annotated[float, Meta(description="Elevation, in metres.", examples=[1712.0])]
Diameter = Annotated[
    float, Meta(gt=0, description="Diameter of the primary mirror, in metres.", examples=[1.2])
]
Skycam = Annotated[
    str,
    Meta(
        max_length=2000,
        description="Where its all-sky camera is seen.",
        examples=["https://sites.astro.caltech.edu/palomar/allsky.jpg"],
    ),
]
Robotic = Annotated[bool, Meta(description="Whether it works by itself.")]
FixedLocation = Annotated[bool, Meta(description="Whether it stands on the ground, rather than in orbit.")]


class NewTelescope(Schema):
    """A telescope to be added."""

    name: TelescopeName
    nickname: Nickname | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None
    elevation: Elevation | None = None
    diameter: Diameter | None = None
    skycam_link: Skycam | None = None
    robotic: Robotic = False
    fixed_location: FixedLocation = True


class Telescope(View):
    """A telescope."""

    id: Annotated[int, Meta(description="The id of the telescope.", examples=[1])]
    name: TelescopeName
    nickname: Nickname | None
    lat: Latitude | None
    lon: Longitude | None
    elevation: Elevation | None
    diameter: Diameter | None
    skycam_link: Skycam | None
    robotic: Robotic
    fixed_location: FixedLocation
    created_at: Time


InstrumentName = Annotated[Name, Meta(description="Its name.", examples=["ZTF"])]
InstrumentType = Annotated[
    Word, Meta(description="What it takes: images, spectra or both.", examples=["imager"])
]
Band = Annotated[Word, Meta(description="The part of the spectrum that it sees.", examples=["optical"])]
TelescopeId = Annotated[Id, Meta(description="The telescope that it is mounted on.", examples=[1])]
Filters = Annotated[
    list[Name],
    Meta(
        max_length=500,
        description="The bandpasses that it observes in, named as sncosmo names them.",
        examples=[["ztfg", "ztfr", "ztfi"]],
    ),
]


class NewInstrument(Schema):
    """An instrument to be added."""

    name: InstrumentName
    type: InstrumentType = "imager"
    band: Band | None = None
    telescope_id: TelescopeId | None = None
    filters: Filters = []

    def __post_init__(self) -> None:
        check_size("filters", self.filters)


class Instrument(View):
    """An instrument."""

    id: Annotated[int, Meta(description="The id of the instrument.", examples=[1])]
    name: InstrumentName
    type: InstrumentType
    band: Band | None
    telescope_id: TelescopeId | None
    filters: Filters
    created_at: Time
