"""Which column holds which field, by the names that people give to columns."""

import re
from collections.abc import Collection
from typing import NamedTuple

from chalicelib.errors import InvalidError
from chalicelib.sources.light_curve_files.cell_values import normalize_name
from chalicelib.sources.light_curve_files.flux_units import drop_unit, find_unit_in_name

FIELD_COLUMNS: dict[str, tuple[str, ...]] = {
    "mjd": (
        "mjd", "date_mjd", "obs_mjd", "mjd_obs", "mjdobs", "obsmjd", "time_mjd", "mjd_mid", "mjd_utc", "mjd_tdb",
        "jd", "hjd", "bjd", "obs_jd", "jd_obs", "date_jd", "jd_utc", "hjd_utc", "bjd_tdb", "bjd_utc", "jd_mid",
        "time", "obstime", "obs_time", "time_obs", "datetime", "date_time", "iso", "isot", "date_iso", "iso_date",
        "date_obs", "dateobs", "obs_date", "obsdate", "date", "ut_date", "utc", "date_ut", "t", "epoch",
    ),
    "filter": (
        "filter", "band", "bandpass", "filt", "flt", "passband", "filters", "filter_name", "filtername", "band_name",
        "filter_id", "filtercode", "fid",
    ),
    "mag": (
        "mag", "magnitude", "mag_ab", "mag_vega", "magpsf", "mag_psf", "psf_mag", "psfmag", "abmag", "ab_mag",
        "vegamag", "app_mag", "appmag", "apparent_mag", "apparent_magnitude",
    ),
    "magerr": (
        "magerr", "mag_err", "e_mag", "sigmapsf", "dmag", "mag_error", "magnitude_error", "emag", "err_mag", "magunc",
        "mag_unc", "sigma_mag", "mag_sigma", "e_magnitude", "magnitude_err", "merr", "mag_uncertainty",
        "magnitude_uncertainty", "magerror",
    ),
    "limiting_mag": (
        "limiting_mag", "lim_mag", "limmag", "diffmaglim", "maglim", "mag_lim", "limiting_magnitude", "limitmag",
        "limit_mag", "upper_limit_mag", "limmag5", "mag5sig", "maglimit", "mag_limit", "ulim_mag", "limit",
        "upper_limit", "upperlimit", "ulim",
    ),
    "limiting_mag_nsigma": ("limiting_mag_nsigma", "limit_nsigma", "nsigma", "limit_sigma"),
    "flux": (
        "flux", "fnu", "f_nu", "flux_density", "fluxdensity", "psfflux", "psf_flux", "forced_flux", "flux_psf",
        "fluxcal", "forcediffimflux", "diff_flux", "difference_flux",
    ),
    "fluxerr": (
        "fluxerr", "flux_err", "e_flux", "flux_error", "fluxunc", "flux_unc", "dflux", "eflux", "fluxerror",
        "err_flux", "sigma_flux", "flux_sigma", "psffluxerr", "psf_flux_err", "fluxcalerr", "forcediffimfluxunc",
        "flux_uncertainty", "fnu_err", "fnuerr", "f_nu_err", "e_fnu", "forced_flux_err", "flux_density_err",
        "flux_density_error", "diff_flux_err",
    ),
    "zp": ("zp", "zeropoint", "zero_point", "zpdiff", "zpt", "zp_ab", "zpab", "magzp", "mag_zp"),
    "magsys": ("magsys", "zpsys", "mag_sys", "system", "mag_system", "photsys", "phot_system"),
    "flux_unit": ("flux_unit", "fluxunit", "flux_units", "unit", "units"),
    "instrument": ("instrument", "instrument_name", "inst", "instr"),
    "telescope": ("telescope", "tel", "telescope_name"),
    "instrument_id": ("instrument_id",),
    "is_limit": (
        "is_limit", "islimit", "limit_flag", "is_upper_limit", "upper_limit_flag", "is_ul", "ul", "l_mag",
        "mag_limit_flag", "nondetection", "non_detection", "is_upperlimit", "upperlim", "is_nondetection",
    ),
    "is_detection": ("is_detection", "isdet", "is_det", "detected", "detection"),
    "sign": ("isdiffpos", "is_diff_pos", "difference_sign"),
}  # fmt: skip
"""The names by which a column of each field is recognized, in order; the first that a file has is used."""

MAPPED_FIELDS = tuple(FIELD_COLUMNS)
"""The fields that a request may assign columns to."""

NAMELESS_ERRORS = ("err", "error", "uncertainty", "unc", "sigma", "e", "stddev")
"""Names of an error that do not say of what: used if the file has magnitudes or fluxes, not both."""


_BRACKETS = re.compile(r"\(.*?\)|\[.*?\]")


class NamedColumn(NamedTuple):
    """A column with what its name says: the field, and the unit of flux."""

    field: str
    unit: str | None = None


def normalize_column(name: str) -> str:
    """Return the normalized name of a column, without marks of comments."""
    return normalize_name(name.strip().strip("#%\"'"))


def identify_column(name: str) -> NamedColumn | None:
    """Return what the name of a column says, or None if it says nothing."""
    normalized = normalize_column(name)
    for field, aliases in FIELD_COLUMNS.items():
        if normalized in aliases:
            return NamedColumn(field)
    if re.match(r"[hbm]?jd_(24)?[0-9]{4,7}", normalized):
        return NamedColumn("mjd")
    unit = find_unit_in_name(name)
    if unit is not None:
        return _identify_flux_column(normalized, unit)
    plain = _BRACKETS.sub("", name)
    return identify_column(plain) if plain != name else None


def _identify_flux_column(normalized: str, unit: str) -> NamedColumn | None:
    rest = drop_unit(normalized)
    if rest in ("", "f") or rest in FIELD_COLUMNS["flux"]:
        return NamedColumn("flux", unit)
    if rest in ("d", "e", "err", "error", "unc", "sigma", "df") or rest in FIELD_COLUMNS["fluxerr"]:
        return NamedColumn("fluxerr", unit)
    return None


def is_field_name(name: str) -> bool:
    """Say whether a text is the name of a column as `identify_column` knows them, or of an error."""
    normalized = normalize_column(name)
    return identify_column(name) is not None or normalized in NAMELESS_ERRORS


def find_columns(names: list[str], mapped: Collection[str]) -> dict[str, str]:
    """Return the column of each field, by names alone.

    Parameters
    ----------
    names : list of str
        The names of the columns.
    mapped : collection of str
        Fields that the request assigns; they are left out.

    Raises
    ------
    InvalidError
        If two columns have equally good names for a flux or its error, in different units.
    """
    columns: dict[str, str] = {}
    for field, aliases in FIELD_COLUMNS.items():
        matches = [name for name in names if (named := identify_column(name)) and named.field == field]
        if matches and field not in mapped:
            columns[field] = min(matches, key=lambda name: _rank_name(name, aliases))
            _require_one_flux(field, matches)
    return columns


def _rank_name(name: str, aliases: tuple[str, ...]) -> int:
    normalized = normalize_column(name)
    return aliases.index(normalized) if normalized in aliases else len(aliases)


def _require_one_flux(field: str, matches: list[str]) -> None:
    if field in ("flux", "fluxerr") and len(matches) > 1:
        raise InvalidError(
            f"Several columns may be the {field}: {', '.join(name[:40] for name in matches[:5])}. "
            f'Name one: columns={{"{field}": "{matches[0][:40]}"}}.'
        )


def assign_nameless_error(columns: dict[str, str], names: list[str]) -> None:
    """Use a column such as ``err`` as the error of the only kind of measurement that lacks one."""
    nameless = [name for name in names if normalize_column(name) in NAMELESS_ERRORS]
    kinds = [
        (value, error)
        for value, error in (("flux", "fluxerr"), ("mag", "magerr"))
        if value in columns and error not in columns
    ]
    both = {"flux", "mag"} <= columns.keys()
    if len(nameless) == 1 and len(kinds) == 1 and not both:
        columns[kinds[0][1]] = nameless[0]
