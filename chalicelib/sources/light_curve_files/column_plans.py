"""Which columns of a table are read, and what qualifies their values: unit, zero point, magnitude system.

A flux whose scale is not known is not read: the magnitudes beside it are, or the file is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.errors import InvalidError
from chalicelib.sources import magnitudes
from chalicelib.sources.light_curve_files.cell_values import FALSE_FLAGS, TRUE_FLAGS, is_blank, is_number
from chalicelib.sources.light_curve_files.column_names import (
    MAPPED_FIELDS,
    assign_nameless_error,
    find_columns,
    identify_column,
    normalize_column,
)
from chalicelib.sources.light_curve_files.file_tables import FileTable
from chalicelib.sources.light_curve_files.flux_units import MAGNITUDE_UNITS, find_unit_in_name, get_zero_point
from chalicelib.sources.light_curve_files.surveys import Survey, identify_survey
from heliograph_guards.plausible_values import explain_implausible

LIMITS_OR_FLAGS = frozenset(("limit", "upper_limit", "upperlimit", "ulim"))
"""Names of columns that hold limiting magnitudes in some files, and flags in others."""

_ZERO_POINT_KEYWORDS = ("zp", "zeropoint", "zero_point", "zero point", "magzp", "zp_ab")
_SYSTEM_KEYWORDS = ("magsys", "zpsys", "mag_sys", "magnitude system", "photometric system")
_UNIT_KEYWORDS = ("flux_unit", "flux unit", "fluxunit", "flux_units", "flux units", "unit of flux")
_FILTER_KEYWORDS = ("band", "filter")
_INSTRUMENT_KEYWORDS = ("instrument",)


@dataclass(frozen=True)
class ReadOptions:
    """What a request says of a file.

    Attributes
    ----------
    instrument_id : int or None
        The instrument of rows that name none.
    magsys : str or None
        The magnitude system of rows that name none.
    zp : float or None
        The magnitude of a flux of 1, for rows that name none.
    columns : dict
        The column of a field, by the field; an empty text leaves the field out.
    """

    instrument_id: int | None = None
    magsys: str | None = None
    zp: float | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ColumnPlan:
    """How the rows of one table are read.

    Attributes
    ----------
    survey : Survey
        The conventions of the file.
    columns : dict
        The column of each field that is read, as written.
    unit_zero : float or None
        The AB magnitude of a flux of 1, where a unit says so.
    zero : float or None
        The magnitude of a flux of 1 for rows that name none.
    magsys : str or None
        The magnitude system of rows that name none, where the file or the request says so.
    filter, instrument : str
        The filter and the instrument of all rows, where keywords name them.
    """

    survey: Survey
    columns: dict[str, str]
    unit_zero: float | None = None
    zero: float | None = None
    magsys: str | None = None
    filter: str = ""
    instrument: str = ""


def plan_columns(content: FileTable, options: ReadOptions) -> ColumnPlan:
    """Return how a table is read.

    Raises
    ------
    InvalidError
        If a column that is needed is missing, or the scale of the flux is not known.
    """
    survey = identify_survey(content)
    columns = _select_columns(content, survey, options)
    units = _collect_units(content, columns)
    _move_magnitudes(columns, units)
    unit_zero = _find_unit_zero(survey, content, columns, units)
    zero = _find_zero(survey, content, options, unit_zero)
    _require_scale(content, columns, unit_zero, zero)
    constant_filter = "" if "filter" in columns else _find_keyword(content.metadata, _FILTER_KEYWORDS)
    _require_columns(content, columns, constant_filter)
    return ColumnPlan(
        survey, columns, unit_zero, zero, _find_system(content, options, columns, units), constant_filter,
        _find_keyword(content.metadata, _INSTRUMENT_KEYWORDS) if "instrument" not in options.columns else "",
    )  # fmt: skip


def _select_columns(content: FileTable, survey: Survey, options: ReadOptions) -> dict[str, str]:
    flags = [name for name in content.names if _holds_flags(content, name)]
    if survey.fields:
        columns = _find_survey_columns(content, survey)
    else:
        columns = find_columns([name for name in content.names if name not in flags], options.columns)
        if flags and "is_limit" not in columns:
            columns["is_limit"] = flags[0]
    columns = _apply_mapping(columns, content.names, options.columns)
    if not survey.fields:
        assign_nameless_error(columns, content.names)
    return columns


def _find_survey_columns(content: FileTable, survey: Survey) -> dict[str, str]:
    names = {normalize_column(name): name for name in reversed(content.names)}
    matches = {
        known: next((names[alias] for alias in aliases if alias in names), None)
        for known, aliases in survey.fields.items()
    }
    return {known: name for known, name in matches.items() if name is not None}


def _holds_flags(content: FileTable, name: str) -> bool:
    """Say whether a column that may hold limiting magnitudes holds flags."""
    if normalize_column(name) not in LIMITS_OR_FLAGS:
        return False
    position = content.names.index(name)
    cells = {row[position].strip().lower() for row in content.rows if position < len(row)}
    words = {cell for cell in cells if not is_blank(cell)}
    return bool(words) and words <= TRUE_FLAGS | FALSE_FLAGS


def _apply_mapping(columns: dict[str, str], names: list[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Return columns with those that a request assigns."""
    for known, column in mapping.items():
        if known not in MAPPED_FIELDS:
            raise InvalidError(f"columns: there is no field {known[:40]}; the fields are {', '.join(MAPPED_FIELDS)}.")
        if column and column not in names:
            raise InvalidError(f"columns: the file has no column {column[:60]}; {_list_columns(names)}")
    kept = {known: column for known, column in columns.items() if column not in mapping.values()}
    merged = {**kept, **mapping}
    return {known: column for known, column in merged.items() if column}


def _list_columns(names: list[str]) -> str:
    return f"its columns are {', '.join(name[:40] for name in names[:60])}."


def _collect_units(content: FileTable, columns: dict[str, str]) -> dict[str, str]:
    """Return the unit of each field that the file states: beside the column, or in its name."""
    units = {}
    for known, column in columns.items():
        unit = content.units.get(column, "").strip() or find_unit_in_name(column) or _find_unit_in_brackets(column)
        if unit:
            units[known] = unit
    if "flux" in columns and "flux" not in units:
        stated = _find_keyword(content.metadata, _UNIT_KEYWORDS)
        if stated:
            units["flux"] = stated
    return units


def _find_unit_in_brackets(column: str) -> str | None:
    for opening, closing in ("()", "[]"):
        if opening in column and column.rstrip().endswith(closing):
            return column.rstrip()[column.index(opening) + 1 : -1].strip()
    return None


def _move_magnitudes(columns: dict[str, str], units: dict[str, str]) -> None:
    """Read a flux whose unit is a magnitude as the magnitude that it is."""
    if normalize_column(units.get("flux", "")) not in MAGNITUDE_UNITS or "mag" in columns:
        return
    for old, new in (("flux", "mag"), ("fluxerr", "magerr")):
        if old in columns:
            columns[new] = columns.pop(old)
        if old in units:
            units[new] = units.pop(old)


def _find_unit_zero(survey: Survey, content: FileTable, columns: dict[str, str], units: dict[str, str]) -> float | None:
    if "flux" not in columns:
        return None
    if survey.flux_zero is not None and "flux" in columns:
        return survey.flux_zero
    unit, error_unit = units.get("flux"), units.get("fluxerr")
    zero = get_zero_point(unit) if unit else None
    if unit and zero is None and "zp" not in columns and not _is_count(unit):
        raise InvalidError(
            f"flux: its unit is {unit[:40]}, which cannot be converted; expected µJy, mJy, Jy, nJy or magnitudes."
        )
    if unit and error_unit and get_zero_point(error_unit) != zero:
        raise InvalidError(f"flux is in {unit[:40]}, and fluxerr in {error_unit[:40]}; give both in one unit.")
    if error_unit and not unit:
        raise InvalidError(
            f"fluxerr is in {error_unit[:40]}, but flux has no unit; write it into the name of its column, too."
        )
    return zero


def _is_count(unit: str) -> bool:
    return normalize_column(unit) in ("adu", "dn", "count", "counts", "electron", "ct", "1", "e", "electron_s", "e_s")


def _find_zero(survey: Survey, content: FileTable, options: ReadOptions, unit_zero: float | None) -> float | None:
    """Return the zero point of rows that name none: of the request, or of the file's keywords."""
    stated = _find_keyword(content.metadata, _ZERO_POINT_KEYWORDS)
    of_file = float(stated.split()[0]) if stated and is_number(stated.split()[0]) else None
    if survey.zero_point is not None:
        of_file = survey.zero_point
    for name, zero in (("zp of the request", options.zp), ("zero point in the file", of_file)):
        problem = explain_implausible("zp", zero) if zero is not None else None
        if problem:
            raise InvalidError(f"{problem}.")
        if zero is not None and unit_zero is not None and abs(zero - unit_zero) > 0.005:
            raise InvalidError(f"The {name} is {zero:g}, but the unit of the flux means {unit_zero:g}; leave it out.")
    if None not in (options.zp, of_file) and options.zp != of_file:
        raise InvalidError(f"zp is {options.zp:g}, but the file says {of_file:g}; leave zp out.")
    return options.zp if options.zp is not None else of_file


def _require_scale(content: FileTable, columns: dict[str, str], unit_zero: float | None, zero: float | None) -> None:
    """Keep flux only if its scale is known and it has errors; else drop it for magnitudes, or refuse the file."""
    if "flux" not in columns:
        columns.pop("fluxerr", None)
        return
    has_scale = unit_zero is not None or zero is not None or "zp" in columns or "flux_unit" in columns
    if has_scale and ("fluxerr" in columns or "flux_unit" in columns):
        return
    column, error = columns.pop("flux"), columns.pop("fluxerr", None)
    if "mag" in columns:
        return
    if error is None:
        raise InvalidError(
            f"fluxerr: no column holds the error of {column[:40]}; {_list_columns(content.names)} "
            'Name it: columns={"fluxerr": "…"}.'
        )
    raise InvalidError(
        f"flux: the column {column[:40]} has neither a unit nor a zero point, so its scale is not known. Give zp, the "
        "magnitude of a flux of 1 (23.9 for µJy, 16.4 for mJy), or write the unit into the name, as in flux_uJy."
    )


def _require_columns(content: FileTable, columns: dict[str, str], constant_filter: str) -> None:
    missing = []
    if "mjd" not in columns:
        missing.append("a time (mjd)")
    if "filter" not in columns and not constant_filter:
        missing.append("a filter (filter)")
    if not columns.keys() & {"flux", "mag", "limiting_mag"}:
        missing.append("a magnitude or flux (mag, flux)")
    if missing:
        raise InvalidError(
            f"No column could be recognized as {', '.join(missing)}; {_list_columns(content.names)} "
            'Name the columns, as in columns={"mjd": "when"}.'
        )


def _find_system(
    content: FileTable, options: ReadOptions, columns: dict[str, str], units: dict[str, str]
) -> str | None:
    """Return the magnitude system that the file or the request states."""
    named = identify_column(columns.get("mag", ""))
    in_unit = MAGNITUDE_UNITS.get(normalize_column(units.get("mag", "")))
    in_name = next((s for s in magnitudes.SYSTEMS if s in normalize_column(columns.get("mag", "")).split("_")), None)
    stated = _find_keyword(content.metadata, _SYSTEM_KEYWORDS)
    if len(stated.split()) > 1 and normalize_column(stated) not in MAGNITUDE_UNITS:
        # Prose, such as what a column means.
        stated = ""
    stated = stated or in_unit or (in_name if named else None) or ""
    of_file = parse_system(stated) if stated else None
    of_request = parse_system(options.magsys) if options.magsys else None
    if of_file and of_request and of_file != of_request:
        raise InvalidError(f"magsys is {of_request}, but the file says {of_file}; leave magsys out.")
    return of_file or of_request


def parse_system(text: str) -> str:
    """Return a magnitude system by its name, in any spelling.

    Raises
    ------
    InvalidError
        If it is neither AB nor Vega.
    """
    system = MAGNITUDE_UNITS.get(normalize_column(text))
    if system is None:
        raise InvalidError(f"magsys: expected ab or vega, not {text.strip()[:40]!r}; convert to one of them.")
    return system


def _find_keyword(metadata: Mapping[str, str], keywords: tuple[str, ...]) -> str:
    return next((metadata[keyword] for keyword in keywords if metadata.get(keyword, "").strip()), "")
