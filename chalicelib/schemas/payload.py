"""The payload: the request that an analysis service receives."""

from typing import Annotated, Literal

from msgspec import UNSET, UnsetType

from chalicelib.schemas.base import View
from chalicelib.schemas.fields import Object, describe

Csv = str | UnsetType
_PARAMETERS = {"source": "nugent-sn2p", "fix_z": "True"}
ChosenParameters = Annotated[Object, describe("The parameters of the analysis.", _PARAMETERS)]
_PHOTOMETRY_CSV = (
    "mjd,flux,fluxerr,mag,magerr,filter,magsys,limiting_mag,zp,instrument_name,predicted_mag\n"
    "59303.3575,434.3,19.3,17.31,0.048,ztfg,ab,19.49,23.9,ZTF,\n"
)
_REDSHIFT = "redshift, redshift_error, redshift_origin. Always one row."
_REDSHIFT_CSV = "redshift,redshift_error,redshift_origin\n0.04608,,\n"
_CALLBACK = "https://heliograph.example.org/api/webhook/obj_analysis/555ce6d4-15cf-4a6e-8f3b-0c2d1e9a7b65"


class Position(View):
    """The position of a source (ICRS)."""

    ra: Annotated[float | None, describe("Right ascension in degrees; null if unknown.", 184.5861)]
    dec: Annotated[float | None, describe("Declination in degrees; null if unknown.", 31.2213)]


class Inputs(View, kw_only=True):
    """A CSV text for each of the service's `input_data_types`; the first line names the columns.

    Unknown values are blank; without data there is only the first line.
    """

    photometry: Annotated[
        Csv,
        describe(
            "mjd, flux, fluxerr, mag, magerr, filter, magsys, limiting_mag, zp, instrument_name, "
            "predicted_mag. Of several points at the same time in the same filter, only the best.",
            _PHOTOMETRY_CSV,
        ),
    ] = UNSET
    spectra: Annotated[
        Csv,
        describe(
            "observed_at, wavelengths, fluxes, errors, units, altdata, created_at, origin, modified, "
            "type. Lists and objects are Python literals."
        ),
    ] = UNSET
    redshift: Annotated[Csv, describe(_REDSHIFT, _REDSHIFT_CSV)] = UNSET
    annotations: Annotated[Csv, describe("data, modified, origin, created_at.")] = UNSET
    comments: Annotated[Csv, describe("text, bot, modified, origin, created_at.")] = UNSET
    classifications: Annotated[Csv, describe("classification, probability, modified, created_at.")] = UNSET
    analysis_parameters: ChosenParameters


class Extinction(View):
    """The Galactic extinction that the photometry was corrected for."""

    ebv: Annotated[float, describe("The reddening E(B-V) at the position, in mag.", 0.0123)]
    map: Annotated[str, describe("The dust map.", "SFD, recalibrated by Schlafly & Finkbeiner (2011)")]
    law: Annotated[str, describe("The extinction law.", "Fitzpatrick (1999) with R_V = 3.1")]
    a: Annotated[dict[str, float], describe("The extinction by filter, in mag.", {"ztfg": 0.046})]


_INVALID_AFTER = "Later callbacks are refused; in UTC, always with microseconds."
_EXTINCTION = "The correction for Galactic extinction; only with the parameter `correct_extinction`."


class Payload(View):
    """The data of a source, and where to send the results.

    A service whose `authentication_type` is api_key also receives its key here, under the name in its
    `_authinfo`.
    """

    callback_url: Annotated[str, describe("POST the results here, once; PATCH reports progress.", _CALLBACK)]
    callback_method: Annotated[Literal["POST"], describe("The method of the callback.")]
    inputs: Annotated[Inputs, describe("The data of the source.")]
    analysis_parameters: ChosenParameters
    invalid_after: Annotated[str, describe(_INVALID_AFTER, "2026-11-22 04:14:15.926535")]
    analysis_resource_type: Annotated[Literal["obj"], describe("The type of the resource: a source.")]
    resource_id: Annotated[str, describe("The name of the source.", "2019dwz")]
    resource: Annotated[Position, describe("The position of the source.")]
    extinction: Annotated[Extinction | UnsetType, describe(_EXTINCTION)] = UNSET
