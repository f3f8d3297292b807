"""Information about this deployment, and what it accepts."""

from typing import Annotated, Any, get_args

from msgspec import Meta, to_builtins

from chalicelib import settings
from chalicelib.analysis import request_signing
from chalicelib.analysis.deployment_health import read_health
from chalicelib.errors import HeliographError
from chalicelib.people.users import PUBLIC_GROUP_NAME
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.responses import Reply
from chalicelib.schemas.base import View
from chalicelib.schemas.fields import describe
from chalicelib.schemas.health import Health
from chalicelib.schemas.services import AnalysisType, Authentication, InputType
from chalicelib.schemas.spectra import Kind
from chalicelib.sources import source_distances
from chalicelib.sources.instruments import load_instruments

routes = Routes(__name__, __doc__)

SPECTRUM_TYPES: tuple[str, ...] = get_args(get_args(Kind)[0])

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442", "#000000")
"""Colours that people with a weakness for colours tell apart (Okabe & Ito 2008)."""

_PUBLIC_KEY = "The ed25519 key that verifies requests to services, as in Standard Webhooks."
_EXAMPLE = "whpk_5FgqmZyO0Xv8nJc1Qm0Gd1yC1mTn2r3sUu4vWw5xYy0="


class SystemInfo(View):
    """What SkyPortal says of its deployments; what Heliograph says is beside it."""

    gitlog: Annotated[list[str], describe("Always empty: CHANGELOG.md says what changed.", [])] = []


BESIDE = {
    "name": Annotated[str, describe("The name of the software.", "Heliograph")],
    "stage": Annotated[str, describe("The name of this deployment.", "prod")],
    "public_key": Annotated[str, describe(_PUBLIC_KEY, _EXAMPLE)],
    "health": Annotated[Health | None, describe("Whether the deployment does its work; for administrators.")],
}


Choices = Annotated[list[str], Meta(examples=[["ab", "vega"]])]


class EnumTypes(View):
    """The values that fields with a choice take, by SkyPortal's names; empty for what does not exist here."""

    ALLOWED_SPECTRUM_TYPES: Annotated[Choices, describe("Types of spectra.")]
    ALLOWED_MAGSYSTEMS: Annotated[Choices, describe("Magnitude systems.")]
    ALLOWED_BANDPASSES: Annotated[Choices, describe("Bandpasses of the instruments.")]
    ANALYSIS_TYPES: Annotated[Choices, describe("Types of analyses.")]
    ANALYSIS_INPUT_TYPES: Annotated[Choices, describe("Data of a source that services receive.")]
    AUTHENTICATION_TYPES: Annotated[Choices, describe("How services authenticate requests.")]
    THUMBNAIL_TYPES: Annotated[Choices, describe("Always empty.", [])] = []
    FOLLOWUP_PRIORITIES: Annotated[Choices, describe("Always empty.", [])] = []
    ALLOWED_API_CLASSNAMES: Annotated[Choices, describe("Always empty.", [])] = []


class Configuration(View):
    """What clients of SkyPortal read of its configuration; what does not exist here is empty."""

    cosmology: Annotated[str, describe("The cosmology of distances.", "Planck18")]
    cosmologyParams: Annotated[dict[str, float], describe("Its parameters.", {"H0": 67.66, "Om0": 0.30966})]
    cosmoref: Annotated[str, describe("Its source.", "Planck Collaboration 2020, A&A 641, A6")]
    allowedSpectrumTypes: Annotated[Choices, describe("Types of spectra.")]
    defaultSpectrumType: Annotated[str, describe("The type of a spectrum that names none.", "source")]
    publicGroupName: Annotated[str, describe("The group that everyone is in.", "Sitewide Group")]
    colorPalette: Annotated[Choices, describe("Colours for plots.", ["#0072b2", "#d55e00"])]
    classificationsClasses: Annotated[dict[str, str], describe("Always empty.", {})] = {}
    bandpassesColors: Annotated[dict[str, list[int]], describe("Always empty.", {})] = {}
    bandpassesWavelengths: Annotated[dict[str, float], describe("Always empty.", {})] = {}
    gcnTagsClasses: Annotated[dict[str, str], describe("Always empty.", {})] = {}
    gcnNoticeTypes: Annotated[Choices, describe("Always empty.", [])] = []
    gcnSummaryAcknowledgements: Annotated[Choices, describe("Always empty.", [])] = []
    allowedAllocationTypes: Annotated[Choices, describe("Always empty.", [])] = []
    allowedRecurringAPIMethods: Annotated[Choices, describe("Always empty.", [])] = []
    tnsAllowedInstruments: Annotated[Choices, describe("Always empty.", [])] = []
    allowedInstrumentsForSharing: Annotated[Choices, describe("Always empty.", [])] = []
    openai_summary_parameters: Annotated[dict[str, str], describe("Always empty.", {})] = {}
    slackPreamble: Annotated[str, describe("Always empty.", "")] = ""
    maxNumDaysUsingLocalization: Annotated[int, describe("Always 0.", 0)] = 0
    invitationsEnabled: Annotated[bool, describe("Always false.", False)] = False
    usePinecone: Annotated[bool, describe("Always false.", False)] = False
    usePhotometryValidation: Annotated[bool, describe("Always false.", False)] = False
    openai_summary_apikey_set: Annotated[bool, describe("Always false.", False)] = False


@routes.open_to_all("GET", "/sysinfo", answers=SystemInfo, beside=BESIDE)
def get_sysinfo(call: Call) -> Reply:
    """Return the version, and the key that verifies requests to services; to administrators, also `health`."""
    deployment = {"name": "Heliograph", "stage": settings.STAGE, "public_key": request_signing.get_public_key()}
    return Reply({"gitlog": []}, beside={**deployment, **({"health": read_health()} if _asks_admin(call) else {})})


def _asks_admin(call: Call) -> bool:
    """Return whether the token is an administrator's; a wrong one is no error, since none is needed."""
    try:
        return "authorization" in call.headers and call.requester.is_admin
    except HeliographError:
        return False


@routes.get("/enum_types", answers=EnumTypes)
def get_enum_types(call: Call) -> dict[str, Any]:
    """Return the values that fields with a choice take."""
    bandpasses = {name for item in load_instruments().values() for name in item["filters"]}
    types = EnumTypes(
        ALLOWED_SPECTRUM_TYPES=list(SPECTRUM_TYPES),
        ALLOWED_MAGSYSTEMS=["ab", "vega"],
        ALLOWED_BANDPASSES=sorted(bandpasses),
        ANALYSIS_TYPES=[kind.value for kind in AnalysisType],
        ANALYSIS_INPUT_TYPES=[kind.value for kind in InputType],
        AUTHENTICATION_TYPES=[kind.value for kind in Authentication],
    )
    return dict(to_builtins(types))


@routes.get("/config", answers=Configuration)
def get_config(call: Call) -> dict[str, Any]:
    """Return what clients of SkyPortal read of its configuration."""
    configuration = Configuration(
        cosmology="Planck18",
        cosmologyParams={"H0": source_distances.HUBBLE, "Om0": source_distances.MATTER, "Tcmb0": 2.7255, "Neff": 3.046},
        cosmoref="Planck Collaboration 2020, A&A 641, A6 (Paper VI), Table 2 (TT, TE, EE + lowE + lensing + BAO)",
        allowedSpectrumTypes=list(SPECTRUM_TYPES),
        defaultSpectrumType=SPECTRUM_TYPES[0],
        publicGroupName=PUBLIC_GROUP_NAME,
        colorPalette=list(PALETTE),
    )
    return dict(to_builtins(configuration))
