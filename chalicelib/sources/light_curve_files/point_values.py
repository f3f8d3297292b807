"""One row of cells as a row of photometry: what qualifies a value is applied, or the row is refused."""

import math
from collections.abc import Mapping
from typing import Any

from chalicelib.errors import InvalidError
from chalicelib.sources import magnitudes
from chalicelib.sources.light_curve_files.cell_values import (
    Cell,
    is_blank,
    parse_cell,
    parse_flag,
    parse_mjd,
    parse_plain_number,
    require_plausible,
)
from chalicelib.sources.light_curve_files.column_names import normalize_column
from chalicelib.sources.light_curve_files.column_plans import ColumnPlan, parse_system
from chalicelib.sources.light_curve_files.flux_units import MAGNITUDE_UNITS, get_zero_point
from chalicelib.sources.light_curve_files.instrument_choice import Choice, Instruments, Names, choose_instrument
from chalicelib.sources.photometry_rows import Row, parse_row

COMPARED_SIGNAL = 3.0
"""Magnitudes are compared with fluxes of at least so many errors; below, conventions differ."""

COMPARED_MAGNITUDES = 0.15
"""A magnitude that differs more from its flux contradicts it; zero points of surveys differ by less."""

_POSITIVE = frozenset(("t", "true", "1", "1.0", "+1", "+"))
_NEGATIVE = frozenset(("f", "false", "0", "0.0", "-1", "-1.0", "-"))


def read_point(cells: Mapping[str, str], plan: ColumnPlan, requested: int | None, instruments: Instruments) -> Row:
    """Return a row as it would be stored.

    Parameters
    ----------
    cells : dict
        The cells of the row, by the column as written.
    plan : ColumnPlan
        How the file is read.
    requested : int or None
        The instrument of rows that name none.
    instruments : dict
        All instruments, by id.

    Raises
    ------
    ValueError, InvalidError
        What is wrong with the row.
    """
    return _PointReader(cells, plan, requested, instruments).read_row()


class _PointReader:
    """The cells of one row, and what they mean by the plan of the file."""

    def __init__(
        self, cells: Mapping[str, str], plan: ColumnPlan, requested: int | None, instruments: Instruments
    ) -> None:
        self._plan = plan
        self._instruments = instruments
        self._cells = {field: cells[column] for field, column in plan.columns.items()}
        self._require_flags(cells)
        self._mjd = parse_mjd(plan.columns["mjd"], self._get("mjd"))
        self._choice = self._choose(requested)
        self._moves_flux = False
        self._system = self._read_flux_unit() or self._find_system()

    def read_row(self) -> Row:
        flux, error = self._read_flux()
        mag, limit = self._read_magnitude()
        is_limit = self._is_limit(mag)
        if flux is not None and not is_limit:
            if error is not None:
                flux = self._apply_sign(flux)
                row = self._store({"flux": flux, "fluxerr": error, **self._get_zero_point()})
                self._compare(row, mag)
                return row
            if mag is None or is_blank(self._get("magerr")):
                raise ValueError("fluxerr: missing; a flux needs its error")
        if mag is not None or limit is not None:
            is_undetected = parse_flag("detection", self._get("is_detection")) is False
            return self._store_magnitude(mag, limit, is_limit or is_undetected)
        if is_limit:
            raise ValueError(
                "the row is marked as a limit, but holds no limiting magnitude; give it, or the measured flux"
            )
        if error is None:
            raise ValueError("the row holds no measurement: all of its values are blank")
        return self._store({"flux": None, "fluxerr": error, **self._get_zero_point()})

    def _get(self, field: str) -> str:
        return self._cells.get(field, "")

    def _require_flags(self, cells: Mapping[str, str]) -> None:
        for column, text in cells.items():
            requirement = self._plan.survey.requirements.get(normalize_column(column))
            word = "" if is_blank(text) else text.strip().lower()
            if requirement and word not in requirement.values:
                raise ValueError(f"{column}: {text.strip()[:40]} {requirement.reason}")

    def _choose(self, requested: int | None) -> Choice:
        names = Names(
            self._get("filter") or self._plan.filter, self._get("instrument"), self._get("instrument_id"),
            self._get("telescope") or self._plan.instrument,
        )  # fmt: skip
        survey = self._plan.survey
        if not survey.fields and normalize_column(self._plan.columns.get("filter", "")) == "fid":
            # Only ZTF numbers its filters in a column of this name.
            survey = survey._replace(filters="ztf")
        return choose_instrument(names, requested, survey, self._instruments)

    # ---- magnitude system and scale

    def _read_flux_unit(self) -> str | None:
        """Return the system that the row's unit of flux names, if that is a magnitude; require that it is known."""
        text = self._get("flux_unit")
        if "flux_unit" not in self._plan.columns or (is_blank(text) and self._plan.zero is not None):
            return None
        if normalize_column(text) in MAGNITUDE_UNITS:
            self._moves_flux = "flux" in self._plan.columns
            return MAGNITUDE_UNITS[normalize_column(text)]
        if "flux" in self._plan.columns and get_zero_point(text) is None:
            raise ValueError(
                f"flux_unit: “{text.strip()[:40]}” is not a unit that can be converted; expected µJy or a magnitude"
            )
        return None

    def _find_system(self) -> str | None:
        text = self._get("magsys")
        if not is_blank(text):
            return parse_system(text)
        by_survey = self._plan.survey.magsys
        if by_survey is None:
            return self._plan.magsys
        is_vega = by_survey == "by band" and self._is_johnson()
        system = "vega" if is_vega else "ab"
        if self._plan.magsys not in (None, system):
            raise ValueError(
                f"magsys: {self._plan.survey.name} gives magnitudes in {self._choice.band} in {system}, "
                f"not {self._plan.magsys}"
            )
        return system

    def _is_johnson(self) -> bool:
        return self._choice.band.lower().startswith(("bessell", "2mass"))

    def _is_usually_vega(self) -> bool:
        return self._is_johnson() or self._choice.band.lower().startswith(("uvot", "gaia", "standard", "swope", "csp"))

    def _require_system(self) -> str:
        """Return the magnitude system; AB if nothing else is usual in the band."""
        if self._system is not None:
            return self._system
        if self._is_usually_vega() and not self._choice.is_full_name:
            raise ValueError(
                f"magsys: not stated, and magnitudes in {self._get('filter').strip() or self._choice.band} are often "
                "Vega's; say magsys=vega or magsys=ab"
            )
        return "ab"

    def _get_zero_point(self) -> dict[str, Any]:
        """Return the zero point of the row's flux, and its system."""
        of_unit = self._plan.unit_zero
        if of_unit is None and not is_blank(self._get("flux_unit")):
            of_unit = get_zero_point(self._get("flux_unit"))
        of_row = parse_plain_number("zp", self._get("zp"), self._plan.survey.flux_sentinels)
        if of_row is None:
            of_row = self._plan.zero
        if of_unit is not None:
            if of_row is not None and abs(of_row - of_unit) > 0.005:
                raise ValueError(f"zp: {of_row:g} contradicts the unit of the flux, which means {of_unit:g}")
            return {"zp": of_unit, "magsys": "ab"}
        if of_row is None:
            raise ValueError("zp: missing, so the scale of the flux is not known; give zp")
        return {"zp": of_row, "magsys": self._require_system()}

    # ---- measurements

    def _read_flux(self) -> tuple[float | None, float | None]:
        if self._moves_flux:
            return None, None
        sentinels = self._plan.survey.flux_sentinels
        flux = parse_plain_number("flux", self._get("flux"), sentinels)
        return flux, parse_plain_number("fluxerr", self._get("fluxerr"), sentinels)

    def _read_magnitude(self) -> tuple[Cell | None, float | None]:
        """Return the magnitude, which can be a limit itself, and the limiting magnitude."""
        sentinels = self._plan.survey.sentinels
        mag = parse_cell("mag", self._get("flux" if self._moves_flux else "mag"), sentinels)
        limit = None
        if self._moves_flux or "flux" not in self._plan.columns.get("limiting_mag", "").lower():
            limit = parse_cell("limiting_mag", self._get("limiting_mag"), sentinels)
        for field, cell in (("mag", mag), ("limiting_mag", limit)):
            if cell is not None:
                require_plausible(field, cell.number)
        return mag, None if limit is None else limit.number

    def _is_limit(self, mag: Cell | None) -> bool:
        """Say whether the row is marked as a limit: by a flag, a sign, or a survey's number for a missing error."""
        if parse_flag("limit", self._get("is_limit")):
            return True
        if mag is None:
            return False
        survey = self._plan.survey
        lacks_error = parse_cell("magerr", self._get("magerr"), survey.sentinels) is None
        return mag.is_limit or (survey.marks_limits_by_error and lacks_error)

    def _store_magnitude(self, mag: Cell | None, limit: float | None, is_limit: bool) -> Row:
        if mag is not None and is_limit:
            limit = mag.number if mag.is_limit or limit is None else limit
        sigma = (
            parse_plain_number("limiting_mag_nsigma", self._get("limiting_mag_nsigma")) or self._plan.survey.limit_sigma
        )
        fields = {"limiting_mag": limit, "limiting_mag_nsigma": sigma, "magsys": self._require_system()}
        if mag is None or is_limit:
            return self._store({"mag": None, **fields})
        error = parse_plain_number(
            "magerr", self._get("fluxerr" if self._moves_flux else "magerr"), self._plan.survey.sentinels
        )
        if error is None:
            raise ValueError("magerr: missing; a magnitude needs its error")
        row = self._store({"mag": mag.number, "magerr": error, **fields})
        return row._replace(flux=-row.flux) if self._is_negative() and row.flux is not None else row

    def _apply_sign(self, flux: float) -> float:
        """Return a flux with the sign of its difference, where the row states that beside it."""
        if is_blank(self._get("sign")) and self._get("sign").strip() != "-":
            return flux
        if self._is_negative():
            return -abs(flux)
        if flux < 0:
            raise ValueError(
                f"{self._plan.columns['sign']}: says that the difference is positive, but the flux is negative"
            )
        return flux

    def _is_negative(self) -> bool:
        """Say whether the source is fainter than in the reference, so that its difference is negative."""
        if "sign" not in self._plan.columns:
            return False
        text = self._get("sign").strip().lower()
        if text in _NEGATIVE:
            return True
        if text in _POSITIVE:
            return False
        column = self._plan.columns["sign"]
        raise ValueError(
            f"{column}: “{text[:40]}” does not say whether the difference is positive (t, 1) or negative (f, 0, -1)"
        )

    def _store(self, measurement: dict[str, Any]) -> Row:
        fields = {
            "mjd": self._mjd, "filter": self._choice.band, "instrument_id": self._choice.instrument_id, **measurement,
        }  # fmt: skip
        return parse_row(fields, self._instruments)

    def _compare(self, row: Row, cell: Cell | None) -> None:
        """Require that the magnitude beside a flux does not contradict it."""
        if cell is None or row.flux is None or abs(row.flux) < COMPARED_SIGNAL * row.fluxerr:
            return
        mag = cell.number
        if row.flux < 0:
            raise ValueError(f"mag: {mag:g} contradicts the flux, which is negative; leave the column mag out")
        systems = [self._system] if self._system else list(magnitudes.SYSTEMS)
        zeros = [_find_zero(system, row.filter) for system in systems]
        values = [magnitudes.flux_to_magnitude(row.flux, zero) for zero in zeros if zero is not None]
        if values and min(abs(value - mag) for value in values) > COMPARED_MAGNITUDES:
            raise ValueError(
                f"mag: {mag:g} contradicts the flux, which is of magnitude {values[0]:.2f}; leave one of them out, "
                'as in columns={"mag": ""}'
            )


def _find_zero(system: str, band: str) -> float | None:
    try:
        zero = magnitudes.zero_point(system, band)
    except InvalidError:
        return None
    return zero if math.isfinite(zero) else None
