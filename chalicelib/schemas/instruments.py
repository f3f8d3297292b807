"""Telescopes and instruments."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from chalicelib.schemas.base import Query, Schema, View, check_size
from chalicelib.schemas.fields import Id, Name, Time, Word, describe

TelescopeName = Annotated[Name, describe("The name of the telescope.", "Palomar 1.2m Oschin")]
Nickname = Annotated[Name, describe("A short name.", "P48")]
Latitude = Annotated[float, describe("Latitude, in degrees north.", 33.3563, ge=-90, le=90)]
Longitude = Annotated[float, describe("Longitude, in degrees east.", -116.865, ge=-180, le=360)]
Elevation = Annotated[float, describe("Elevation, in metres.", 1712.0)]
Diameter = Annotated[float, describe("Diameter of the primary mirror, in metres.", 1.2, gt=0)]
_ALL_SKY = "https://sites.astro.caltech.edu/palomar/allsky.jpg"
Skycam = Annotated[str, describe("URL of its all-sky camera.", _ALL_SKY, max_length=2000)]
Robotic = Annotated[bool, describe("Whether it is robotic.")]
FixedLocation = Annotated[bool, describe("True on the ground, false in orbit.")]


class NewTelescope(Schema):
    """A new telescope."""

    name: TelescopeName
    nickname: Nickname | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None
    elevation: Elevation | None = None
    diameter: Diameter | None = None
    skycam_link: Skycam | None = None
    robotic: Robotic = False
    fixed_location: FixedLocation = True


class TelescopeChange(Schema):
    """Changes of a telescope; omitted fields stay as they are, null clears a field."""

    name: TelescopeName | UnsetType = UNSET
    nickname: Nickname | UnsetType | None = UNSET
    lat: Latitude | UnsetType | None = UNSET
    lon: Longitude | UnsetType | None = UNSET
    elevation: Elevation | UnsetType | None = UNSET
    diameter: Diameter | UnsetType | None = UNSET
    skycam_link: Skycam | UnsetType | None = UNSET
    robotic: Robotic | UnsetType = UNSET
    fixed_location: FixedLocation | UnsetType = UNSET


class InstrumentsQuery(Query):
    """Which instruments to list."""

    name: Annotated[Word | None, describe("Only of this name.", "ZTF")] = None


class TelescopesQuery(InstrumentsQuery):
    """Which telescopes to list."""

    latitudeMin: Annotated[Latitude | None, describe("Only at this latitude or north of it, in degrees.")] = None
    latitudeMax: Annotated[Latitude | None, describe("Only at this latitude or south of it, in degrees.")] = None
    longitudeMin: Annotated[Longitude | None, describe("Only at this longitude or east of it, in degrees.")] = None
    longitudeMax: Annotated[Longitude | None, describe("Only at this longitude or west of it, in degrees.")] = None


class Telescope(View):
    """A telescope."""

    id: Annotated[int, describe("The id of the telescope.", 1)]
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


InstrumentName = Annotated[Name, describe("The name of the instrument.", "ZTF")]
InstrumentType = Annotated[Word, describe("What it takes: images, spectra or both.", "imager")]
Band = Annotated[Word, describe("The part of the spectrum that it observes.", "optical")]
TelescopeId = Annotated[Id, describe("The telescope that it is mounted on.", 1)]
_FILTERS = "Its bandpasses, by sncosmo's names."
Filters = Annotated[list[Name], describe(_FILTERS, ["ztfg", "ztfr", "ztfi"], max_length=500)]


class NewInstrument(Schema):
    """A new instrument."""

    name: InstrumentName
    type: InstrumentType = "imager"
    band: Band | None = None
    telescope_id: TelescopeId | None = None
    filters: Filters = []

    def __post_init__(self) -> None:
        check_size("filters", self.filters)


class InstrumentChange(Schema):
    """Changes of an instrument; omitted fields stay as they are, null clears a field."""

    name: InstrumentName | UnsetType = UNSET
    type: InstrumentType | UnsetType = UNSET
    band: Band | UnsetType | None = UNSET
    telescope_id: TelescopeId | UnsetType | None = UNSET
    filters: Filters | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.filters is not UNSET:
            check_size("filters", self.filters)


class Instrument(View):
    """An instrument."""

    id: Annotated[int, describe("The id of the instrument.", 1)]
    name: InstrumentName
    type: InstrumentType
    band: Band | None
    telescope_id: TelescopeId | None
    filters: Filters
    created_at: Time
