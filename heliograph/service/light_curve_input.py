"""Photometry of a source, as an analysis receives it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from heliograph.errors import InputError
from heliograph.service.csv_rows import CsvColumns, parse_csv

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from astropy.table import Table

    Numbers = np.ndarray[Any, np.dtype[np.float64]]
    Texts = np.ndarray[Any, np.dtype[np.str_]]

MICROJANSKY_ZERO_POINT = 23.9
"""The AB magnitude of 1 microjansky."""

NUMBER_COLUMNS = ("mjd", "flux", "fluxerr", "mag", "magerr", "limiting_mag", "zp", "predicted_mag")
TEXT_COLUMNS = ("filter", "magsys", "instrument_name")

_UNITS = {"mjd": "d", "flux": "uJy", "fluxerr": "uJy", "zp": "mag(AB)"} | dict.fromkeys(
    ("mag", "magerr", "limiting_mag", "predicted_mag"), "mag"
)
_DESCRIPTIONS = {
    "mjd": "modified Julian date",
    "flux": "flux; masked where none was measured",
    "fluxerr": "standard error of the flux",
    "mag": "AB magnitude; masked where the flux is not positive",
    "magerr": "standard error of the magnitude",
    "limiting_mag": "limiting AB magnitude",
    "zp": "AB magnitude of the unit of flux",
    "predicted_mag": "magnitude that an ephemeris predicts",
    "filter": "bandpass, by sncosmo's name",
    "magsys": "magnitude system",
    "instrument_name": "instrument",
}


class Photometry:
    r"""A light curve: a point per row, in order of time; NaN or an empty text where a value is unknown.

    Fluxes are in microjansky whatever their zero point was; magnitudes are AB.

    Attributes
    ----------
    mjd, flux, fluxerr, mag, magerr, limiting_mag, zp, predicted_mag : numpy array of float
    filter, magsys, instrument_name : numpy array of str
    text : str
        The CSV text that was sent.

    Examples
    --------
    >>> from heliograph.service import Photometry
    >>> photometry = Photometry.from_csv("mjd,flux,fluxerr,filter\n58600.5,210,11,ztfg\n58601.5,,12,ztfr\n")
    >>> len(photometry), photometry.detections().flux.tolist()
    (2, [210.0])
    """

    input_type: ClassVar[str] = "photometry"

    mjd: "Numbers"
    flux: "Numbers"
    fluxerr: "Numbers"
    mag: "Numbers"
    magerr: "Numbers"
    limiting_mag: "Numbers"
    zp: "Numbers"
    predicted_mag: "Numbers"
    filter: "Texts"
    magsys: "Texts"
    instrument_name: "Texts"

    def __init__(self, columns: Mapping[str, Sequence[Any]], text: str = "") -> None:
        import numpy as np

        for name in NUMBER_COLUMNS:
            setattr(self, name, np.asarray(columns[name], dtype=float))
        for name in TEXT_COLUMNS:
            setattr(self, name, np.asarray(columns[name], dtype=str))
        self.text = text

    @classmethod
    def from_csv(cls, text: object) -> Self:
        """Parse the CSV text of a payload.

        Raises
        ------
        InputError
            If the text is no CSV, lacks a column, or holds a value that cannot be used; the message names the row.
        """
        rows = parse_csv(cls.input_type, text)
        rows.require("mjd", "filter", "flux", "fluxerr")
        columns: dict[str, Any] = {name: rows.get_numbers(name) for name in NUMBER_COLUMNS}
        columns |= {name: rows.get_texts(name) for name in TEXT_COLUMNS}
        _check_rows(rows, columns)
        order = sorted(range(len(rows)), key=columns["mjd"].__getitem__)
        return cls({name: [values[i] for i in order] for name, values in _scale(columns).items()}, str(text))

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.mjd)

    def __repr__(self) -> str:
        """Show the number of points and their filters."""
        return f"Photometry({len(self)} points in {', '.join(sorted(set(self.filter.tolist()))) or 'no filter'})"

    def __getitem__(self, rows: Any) -> "Photometry":
        """Return the points that a mask, a slice or indices select."""
        return Photometry({name: getattr(self, name)[rows] for name in (*NUMBER_COLUMNS, *TEXT_COLUMNS)}, self.text)

    @property
    def filters(self) -> list[str]:
        """The names of the filters, in order of the alphabet."""
        return sorted(set(self.filter.tolist()))

    def detections(self, significance: float = 3.0) -> "Photometry":
        """Return the points whose flux is at least this number of standard errors."""
        import numpy as np

        with np.errstate(invalid="ignore"):
            return self[self.flux >= significance * self.fluxerr]

    def to_table(self) -> "Table":
        """Return an astropy table with units; unknown values are masked."""
        import numpy as np
        from astropy.table import MaskedColumn, Table

        columns = []
        for name in (*NUMBER_COLUMNS, *TEXT_COLUMNS):
            values = getattr(self, name)
            is_unknown = np.isnan(values) if name in NUMBER_COLUMNS else values == ""
            unit = _UNITS.get(name)
            columns.append(MaskedColumn(values, name, mask=is_unknown, unit=unit, description=_DESCRIPTIONS[name]))
        return Table(columns)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a pandas data frame, with the units of this object."""
        import pandas as pd

        return pd.DataFrame({name: getattr(self, name) for name in (*NUMBER_COLUMNS, *TEXT_COLUMNS)})


def _check_rows(rows: CsvColumns, columns: Mapping[str, Sequence[Any]]) -> None:
    for row in range(len(rows)):
        mjd, flux, fluxerr = (columns[name][row] for name in ("mjd", "flux", "fluxerr"))
        if mjd != mjd or not columns["filter"][row]:
            rows.refuse(row + 1, "mjd or filter is blank; expected both")
        if fluxerr <= 0:
            rows.refuse(row + 1, f"fluxerr is {fluxerr:g}; expected more than 0, or blank")
        if flux == flux and fluxerr != fluxerr:
            rows.refuse(row + 1, "flux has no fluxerr; expected both")
        if columns["magsys"][row].lower() not in ("ab", ""):
            rows.refuse(row + 1, f"magsys is {columns['magsys'][row][:20]!r}; expected ab")


def _scale(columns: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """Bring fluxes of any zero point to microjansky; a blank one stands for that."""
    zero_points = [MICROJANSKY_ZERO_POINT if zp != zp else zp for zp in columns["zp"]]
    if any(abs(zp) > 100 for zp in zero_points):
        raise InputError("inputs.photometry: a zero point is beyond 100 mag; expected 23.9, of microjansky.")
    factors = [
        1.0 if zp == MICROJANSKY_ZERO_POINT else 10 ** (0.4 * (MICROJANSKY_ZERO_POINT - zp)) for zp in zero_points
    ]
    fluxes: dict[str, Sequence[Any]] = {
        name: [value * factor for value, factor in zip(columns[name], factors, strict=True)]
        for name in ("flux", "fluxerr")
    }
    same: dict[str, Sequence[Any]] = {
        "zp": [MICROJANSKY_ZERO_POINT] * len(zero_points),
        "magsys": ["ab"] * len(zero_points),
    }
    return {**columns, **fluxes, **same}
