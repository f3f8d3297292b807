"""What surveys and brokers mean by their columns: fields, filters, units, flags, and numbers for "missing".

A survey is recognized by the columns that its files have. Only the columns that are listed here are then used.
"""

from collections.abc import Mapping
from typing import NamedTuple

from chalicelib.sources.light_curve_files.column_names import normalize_column
from chalicelib.sources.light_curve_files.file_tables import FileTable


class Requirement(NamedTuple):
    """Values of a column without which a row is not used, and why."""

    values: frozenset[str]
    reason: str


class Survey(NamedTuple):
    """The conventions of the files of one origin.

    Attributes
    ----------
    name : str
        The name of the format.
    signatures : tuple of frozenset
        Normalized names of columns; a file that has all of one of them is of this survey.
    fields : dict
        The columns of each field, in order; empty for what names alone decide.
    filters : str
        The key of its names of filters in `filter_names`.
    instruments : tuple of str
        The names that its instrument may have here.
    flux_zero : float or None
        The AB magnitude of one unit of its fluxes.
    zero_point : float or None
        The magnitude of one unit of its fluxes, in the system of the file's magnitudes.
    magsys : str or None
        ``ab``, or ``by band``: Vega in Johnson's and Cousins' bands, AB in all others.
    sentinels : frozenset of float
        Numbers that mean a missing magnitude or error of one.
    flux_sentinels : frozenset of float
        Numbers that mean a missing flux, error of one or zero point; -99 can be a flux.
    limit_sigma : float or None
        How many standard errors its limits are.
    marks_limits_by_error : bool
        Whether a magnitude without error is a limit.
    requirements : dict
        What a row needs, by normalized name of the column.
    formats : frozenset of str
        The formats of files that it comes in; any if empty.
    """

    name: str
    signatures: tuple[frozenset[str], ...] = ()
    fields: Mapping[str, tuple[str, ...]] = {}
    filters: str = ""
    instruments: tuple[str, ...] = ()
    flux_zero: float | None = None
    zero_point: float | None = None
    magsys: str | None = None
    sentinels: frozenset[float] = frozenset()
    flux_sentinels: frozenset[float] = frozenset()
    limit_sigma: float | None = None
    marks_limits_by_error: bool = False
    requirements: dict[str, Requirement] = {}
    formats: frozenset[str] = frozenset()


_ZERO = frozenset(("0", "0.0", ""))
_NOT_TRUE = frozenset(("", "0", "false", "f", "no"))
_MISSING = frozenset((-99999.0, -9999.0, -999.0, -99.0))
_ALERT_FIELDS = {
    "mjd": ("mjd", "jd"), "filter": ("fid", "band", "filter"), "mag": ("magpsf", "mag"),
    "magerr": ("sigmapsf", "e_mag"), "limiting_mag": ("diffmaglim",), "sign": ("isdiffpos",),
}  # fmt: skip
_FINK_FIELDS = {
    "mjd": ("i_jd",), "filter": ("i_fid",), "mag": ("i_magpsf",), "magerr": ("i_sigmapsf",),
    "limiting_mag": ("i_diffmaglim",), "sign": ("i_isdiffpos",),
}  # fmt: skip
_ANTARES_FIELDS = {
    "mjd": ("ant_mjd",), "filter": ("ant_passband",), "mag": ("ant_mag",), "magerr": ("ant_magerr",),
    "limiting_mag": ("ant_maglim",), "sign": ("ztf_isdiffpos", "isdiffpos"),
}  # fmt: skip
_CORRECTED = Requirement(_NOT_TRUE, "is corrected or modelled, not as observed")

SURVEYS = (
    Survey(
        "ZTF forced photometry",
        (frozenset(("forcediffimflux", "forcediffimfluxunc", "zpdiff", "jd")),),
        {
            "mjd": ("jd",), "filter": ("filter",), "flux": ("forcediffimflux",), "fluxerr": ("forcediffimfluxunc",),
            "zp": ("zpdiff",),
        },
        filters="ztf",
        instruments=("ZTF",),
        magsys="ab",
        flux_sentinels=frozenset((-99999.0,)),
        requirements={"procstatus": Requirement(_ZERO, "is not 0: the survey warns of this measurement")},
    ),
    Survey(
        "ATLAS forced photometry",
        (frozenset(("mjd", "ujy", "dujy", "f")),),
        {"mjd": ("mjd",), "filter": ("f",), "flux": ("ujy",), "fluxerr": ("dujy",)},
        filters="atlas",
        instruments=("ATLAS",),
        flux_zero=23.9,
        magsys="ab",
        requirements={"err": Requirement(_ZERO, "is not 0: the fit failed")},
    ),
    Survey(
        "ZTF light curve (IRSA)",
        (frozenset(("mjd", "mag", "magerr", "catflags", "filtercode")),),
        {"mjd": ("mjd",), "filter": ("filtercode",), "mag": ("mag",), "magerr": ("magerr",)},
        filters="ztf",
        instruments=("ZTF",),
        magsys="ab",
        requirements={"catflags": Requirement(_ZERO, "is not 0: the survey warns of this measurement")},
    ),
    Survey(
        "Fink",
        (frozenset(("i_jd", "i_fid", "i_magpsf")),),
        _FINK_FIELDS,
        filters="ztf",
        instruments=("ZTF",),
        magsys="ab",
        sentinels=_MISSING,
        limit_sigma=5,
        requirements={
            "d_tag": Requirement(frozenset(("", "valid", "upperlim")), "is not valid: Fink marks it as bad")
        },
    ),
    Survey(
        "ANTARES",
        (frozenset(("ant_mjd", "ant_passband", "ant_mag")),),
        _ANTARES_FIELDS,
        filters="ztf",
        instruments=("ZTF",),
        magsys="ab",
        sentinels=_MISSING,
        limit_sigma=5,
        requirements={"ant_survey": Requirement(frozenset(("", "1", "2", "1.0", "2.0")), "is not ZTF's (1, 2)")},
    ),
    Survey(
        "ALeRCE",
        (
            frozenset(("oid", "fid", "magpsf")), frozenset(("oid", "fid", "mag", "e_mag")),
            frozenset(("oid", "fid", "diffmaglim")), frozenset(("tid", "fid", "diffmaglim")),
            frozenset(("fid", "isdiffpos", "mag", "e_mag")),
        ),
        _ALERT_FIELDS,
        filters="ztf",
        instruments=("ZTF",),
        magsys="ab",
        sentinels=_MISSING | {100.0},
        limit_sigma=5,
    ),
    Survey(
        "Lasair",
        (frozenset(("fid", "magpsf", "sigmapsf")), frozenset(("fid", "magpsf", "diffmaglim"))),
        _ALERT_FIELDS,
        filters="ztf",
        instruments=("ZTF",),
        magsys="ab",
        sentinels=_MISSING,
        limit_sigma=5,
    ),
    Survey(
        "ASAS-SN Sky Patrol",
        (
            frozenset(("hjd", "camera", "mag", "mag_err")), frozenset(("jd", "camera", "mag", "mag_err")),
            frozenset(("jd", "flux", "flux_error", "mag", "mag_error", "limit")),
        ),
        {
            "mjd": ("hjd", "jd"), "filter": ("filter",), "flux": ("flux_mjy", "flux"),
            "fluxerr": ("flux_err", "flux_error"), "mag": ("mag",), "magerr": ("mag_err", "mag_error"),
        },
        filters="asassn",
        instruments=("ASAS-SN", "ASASSN"),
        flux_zero=16.4,
        magsys="by band",
        sentinels=frozenset((99.0, 99.9, 99.99, 99.999)),
        limit_sigma=5,
        marks_limits_by_error=True,
        requirements={"quality": Requirement(frozenset(("", "g")), "is not G: the survey warns of this image")},
    ),
    Survey(
        "TNS",
        (
            frozenset(("flux_unit", "flux", "limflux")), frozenset(("flux_unit", "flux", "limiting_flux")),
            frozenset(("flux_unit", "flux", "obsdate")), frozenset(("flux_units", "flux", "obsdate")),
        ),
        {
            "mjd": ("jd", "obsdate", "obs_date"), "filter": ("filters", "filter", "filter_name"), "flux": ("flux",),
            "fluxerr": ("fluxerr", "flux_error", "flux_err"), "limiting_mag": ("limflux", "limiting_flux", "lim_flux"),
            "flux_unit": ("flux_unit", "flux_units"), "telescope": ("instrument",),
        },
    ),
    Survey(
        "Open Supernova Catalog JSON",
        (frozenset(("time", "magnitude", "band")),),
        {
            "mjd": ("time",), "filter": ("band",), "mag": ("magnitude",), "magerr": ("e_magnitude",),
            "magsys": ("system",), "is_limit": ("upperlimit",), "telescope": ("instrument",),
        },
        requirements={
            "u_time": Requirement(frozenset(("", "mjd")), "is not MJD"),
            "kcorrected": _CORRECTED, "scorrected": _CORRECTED, "mcorrected": _CORRECTED,
            "model": Requirement(frozenset(("",)), "is a model, not an observation"),
            "realization": Requirement(frozenset(("",)), "is a model, not an observation"),
        },
        formats=frozenset(("JSON",)),
    ),
    Survey(
        "SNANA",
        (frozenset(("mjd", "fluxcal", "fluxcalerr")),),
        {
            "mjd": ("mjd",), "filter": ("flt", "band", "filter"), "flux": ("fluxcal",), "fluxerr": ("fluxcalerr",),
            "telescope": ("telescope", "instrument"),
        },
        zero_point=27.5,
        formats=frozenset(("SNANA",)),
    ),
    Survey(
        "AAVSO extended",
        (frozenset(("mag", "merr", "filt")),),
        {"mjd": ("jd", "hjd", "bjd", "mjd"), "filter": ("filt",), "mag": ("mag",), "magerr": ("merr",)},
        filters="aavso",
        magsys="by band",
        requirements={"mtype": Requirement(frozenset(("", "std", "abs")), "is a difference of magnitudes, not one")},
        formats=frozenset(("AAVSO extended",)),
    ),
)  # fmt: skip

ANY = Survey("")
"""No survey: names and units alone decide."""


def identify_survey(content: FileTable) -> Survey:
    """Return the survey whose columns a table has; `ANY` if there is none."""
    names = {normalize_column(name) for name in content.names}
    for survey in SURVEYS:
        fits = not survey.formats or content.format in survey.formats
        if fits and any(signature <= names for signature in survey.signatures):
            return survey
    return ANY
