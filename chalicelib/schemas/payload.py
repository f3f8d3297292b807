"""What an analysis service is sent, as one who writes a service reads it."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from chalicelib.schemas.base import View

__all__ = ["Payload"]

Chosen = Annotated[
    dict[str, Any],
    Meta(
        description="The parameters that were chosen.",
        examples=[{"source": "nugent-sn2p", "fix_z": "True"}],
    ),
]


class Position(View):
    """Where a source is in the sky (ICRS)."""

    ra: Annotated[
        float | None, Meta(description="Right ascension in degrees; null if unknown.", examples=[184.5861])
    ]
    dec: Annotated[
        float | None, Meta(description="Declination in degrees; null if unknown.", examples=[31.2213])
    ]


class Inputs(View, kw_only=True):
    """A CSV text for each of the service's `input_data_types`, its first line the names of the columns.

    What is unknown is blank; a kind without data is its first line alone.
    """

    photometry: Annotated[
        str | UnsetType,
        Meta(
            description=(
                "mjd, flux, fluxerr, mag, magerr, filter, magsys, limiting_mag, zp, instrument_name, "
                "predicted_mag. Of points at the same time in the same filter the best alone."
            ),
            examples=[
                "mjd,flux,fluxerr,mag,magerr,filter,magsys,limiting_mag,zp,instrument_name,predicted_mag\n"
                "59303.3575,434.3,19.3,17.31,0.048,ztfg,ab,19.49,23.9,ZTF,\n"
            ],
        ),
    ] = UNSET
    spectra: Annotated[
        str | UnsetType,
        Meta(
            description=(
                "observed_at, wavelengths, fluxes, errors, units, altdata, created_at, origin, modified, "
                "type. Lists and objects are Python literals."
            )
        ),
    ] = UNSET
    redshift: Annotated[
        str | UnsetType,
        Meta(
            description="redshift, redshift_error, redshift_origin. Always one row.",
            examples=["redshift,redshift_error,redshift_origin\n0.04608,,\n"],
        ),
    ] = UNSET
    annotations: Annotated[str | UnsetType, Meta(description="data, modified, origin, created_at.")] = UNSET
    comments: Annotated[str | UnsetType, Meta(description="text, bot, modified, origin, created_at.")] = UNSET
    classifications: Annotated[
        str | UnsetType, Meta(description="classification, probability, modified, created_at.")
    ] = UNSET
    analysis_parameters: Chosen


class Payload(View):
    """The data of a source, and where to send what comes of them.

    A service whose `authentication_type` is api_key finds its key here as well, under the name that
    its `_authinfo` gives.
    """

    callback_url: Annotated[
        str,
        Meta(
            description="Where the results go, once: POST them there. PATCH reports progress.",
            examples=[
                "https://heliograph.example.org/api/webhook/obj_analysis/555ce6d4-15cf-4a6e-8f3b-0c2d1e9a7b65"
            ],
        ),
    ]
    callback_method: Annotated[Literal["POST"], Meta(description="How they are sent there.")]
    inputs: Annotated[Inputs, Meta(description="The data of the source.")]
    analysis_parameters: Chosen
    invalid_after: Annotated[
        str,
        Meta(
            description="A callback that comes later is refused; in UTC, always with its microseconds.",
            examples=["2026-11-22 04:14:15.926535"],
        ),
    ]
    analysis_resource_type: Annotated[Literal["obj"], Meta(description="What is analysed: a source.")]
    resource_id: Annotated[str, Meta(description="Which one.", examples=["2019dwz"])]
    resource: Annotated[Position, Meta(description="Where it is.")]
