"""Tables that astropy reads (FITS, VOTable, ECSV), as JSON columns with units.

The files may come from anyone: sizes are checked before data are read, and nothing outside of the file is opened.
"""

import io
import math
import re
import warnings
from collections.abc import Callable
from typing import Any
from xml.parsers import expat

from fitter_lambda.errors import RenderError

#: More rows than a request may write.
MAX_ROWS = 20_000
_MAX_COLUMNS = 1000
_MAX_VALUES = 2_000_000
_MAX_KEYWORDS = 500
_MAX_HDUS = 100
_MAX_HEADER_BYTES = 500_000
_MAX_SEPARATORS = 3 * _MAX_VALUES
#: Of one field of a VOTable, and of the rows that are made for it.
_MAX_FIELD_ITEMS, _MAX_TABLE_BYTES = 10_000, 256 * 1024 * 1024
_MAX_ITEM_BYTES = 16
#: Rows that astropy makes before it has read one.
_FIRST_ROWS = 256
_UNSIGNED = re.compile(r"\d{1,18}")


def read_library_table(data: bytes, file_format: str) -> dict[str, Any]:
    """Read the first table of a file.

    Parameters
    ----------
    data : bytes
        The file.
    file_format : {'fits', 'votable', 'ecsv'}

    Returns
    -------
    dict
        ``names``; ``columns``, a list of values for each, as text, number or None; ``units`` by name;
        ``metadata``, the keywords with values of text or number.

    Raises
    ------
    RenderError
        Another format, or a file that is broken or too large.
    """
    read_file = _READERS.get(file_format)
    if read_file is None:
        raise RenderError(f"Unknown format of tables; the choices are: {', '.join(_READERS)}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _table_to_json(read_file(data))
    except (RenderError, MemoryError):
        raise
    except Exception as error:  # astropy raises anything on a broken file
        raise RenderError(f"The file could not be read as {file_format.upper()} ({type(error).__name__}).") from None


def _read_fits(data: bytes) -> Any:
    from astropy.io import fits
    from astropy.table import Table

    if not data.startswith(b"SIMPLE"):  # astropy would unpack packed files, to any size
        raise RenderError("The file does not begin as a FITS file (SIMPLE); unpack it before you send it.")
    with fits.open(io.BytesIO(data), memmap=False, lazy_load_hdus=True) as hdus:
        for number, hdu in enumerate(hdus):
            if number >= _MAX_HDUS:
                raise RenderError(f"The FITS file has no table in its first {_MAX_HDUS} extensions.")
            if isinstance(hdu, fits.BinTableHDU | fits.TableHDU) and not isinstance(hdu, fits.CompImageHDU):
                # A few bytes of header can declare any number of rows.
                _require_size(int(hdu.header["NAXIS2"]), len(hdu.columns))
                if int(hdu.header["NAXIS1"]) * int(hdu.header["NAXIS2"]) > len(data):
                    raise RenderError("The FITS table is cut off: it has fewer rows than its header says.")
                return Table.read(hdu)
    raise RenderError("The FITS file holds no table; a light curve is a binary or ASCII table extension.")


def _read_votable(data: bytes) -> Any:
    from astropy.io.votable import parse

    _VotableCheck().check(data)
    tables = list(parse(io.BytesIO(data), verify="ignore").iter_tables())
    if not tables:
        raise RenderError("The VOTable holds no table.")
    return tables[0].to_table(use_names_over_ids=True)


class _VotableCheck:
    """Requires that a VOTable is self-contained and declares no more than it may hold.

    astropy would open files of this machine, and any URL, and makes all rows that a table declares.
    """

    def __init__(self) -> None:
        self._n_fields = 0
        self._declared_rows = 0
        self._n_rows = 0
        self._n_cells = 0
        self._row_bytes = 0

    def check(self, data: bytes) -> None:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._check_element
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.Parse(data, True)
        n_rows = max(self._n_rows, self._declared_rows)
        _require_size(n_rows, self._n_fields)
        n_bytes = self._row_bytes * max(n_rows, _FIRST_ROWS)
        if n_bytes > _MAX_TABLE_BYTES or self._n_cells > _MAX_VALUES:
            raise RenderError("The VOTable declares fields that are too large for its rows; send a smaller table.")

    def _refuse_doctype(self, *declaration: object) -> None:
        raise RenderError("The VOTable declares a document type; save it without one.")

    def _check_element(self, name: str, attributes: dict[str, str]) -> None:
        kind = name.rpartition(":")[2].upper()
        if kind == "STREAM" and any("href" in key.lower() for key in attributes):
            raise RenderError("The VOTable refers to data outside of the file; save it with its data.")
        if kind == "TABLE":
            self._declared_rows += _parse_unsigned(attributes.get("nrows", "0"))
        elif kind == "TR":
            self._n_rows += 1
        elif kind == "TD":
            self._n_cells += 1
        elif kind == "FIELD":
            self._n_fields += 1
            self._row_bytes += _MAX_ITEM_BYTES * _count_items(attributes.get("arraysize", "1"))


def _count_items(arraysize: str) -> int:
    """Return how many items a field of a VOTable has, without those of a variable axis."""
    number = math.prod(_parse_unsigned(part) for part in arraysize.strip().removesuffix("*").split("x") if part)
    if number > _MAX_FIELD_ITEMS:
        raise RenderError(f"The VOTable has a field of {arraysize[:40]} values; at most {_MAX_FIELD_ITEMS}.")
    return number


def _parse_unsigned(text: str) -> int:
    if not _UNSIGNED.fullmatch(text.strip()):
        raise RenderError(f"The VOTable declares a size of {text[:40]!r}; expected a whole number.")
    return int(text)


def _read_ecsv(data: bytes) -> Any:
    from astropy.table import Table

    header_end = data.find(b"\n", max(data.rfind(b"\n#"), 0) + 1)
    n_separators = sum(data.count(character) for character in b"\n,; \t|")
    if header_end > _MAX_HEADER_BYTES or n_separators > _MAX_SEPARATORS:
        raise RenderError("The ECSV file has too many values, or too long a header; split it.")
    if b"<<" in data[:header_end]:  # each merge of YAML copies what was merged before
        raise RenderError("The ECSV file has a header with merged keys (<<); write it without them.")
    _require_size(data.count(b"\n", header_end + 1) - 2, 1)
    return Table.read(data.decode(), format="ascii.ecsv")


def _table_to_json(content: Any) -> dict[str, Any]:
    _require_size(len(content), len(content.colnames))
    columns = {name: _to_plain_column(content[name]) for name in content.colnames}
    units = {name: str(content[name].unit) for name in content.colnames if getattr(content[name], "unit", None)}
    keywords = list(content.meta.items())[:_MAX_KEYWORDS]
    return {
        "names": list(columns),
        "columns": list(columns.values()),
        "units": units,
        "metadata": {str(key): str(value)[:200] for key, value in keywords if isinstance(value, str | int | float)},
    }


def _require_size(n_rows: int, n_columns: int) -> None:
    if n_rows > MAX_ROWS or n_columns > _MAX_COLUMNS or n_rows * n_columns > _MAX_VALUES:
        raise RenderError(f"The table has {n_rows} rows and {n_columns} columns; at most {MAX_ROWS} rows. Split it.")


def _to_plain_column(column: Any) -> list[Any]:
    from astropy.time import Time

    if isinstance(column, Time):
        column = column.utc.mjd
    values = column.value if hasattr(column, "to_value") else column
    if getattr(values, "ndim", 1) != 1:
        return ["(nested)"] * len(values)
    return [_to_plain_value(value) for value in values.tolist()]


def _to_plain_value(value: Any) -> str | int | float | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    if value is None or isinstance(value, int):
        return value
    return str(value).strip()


_READERS: dict[str, Callable[[bytes], Any]] = {"fits": _read_fits, "votable": _read_votable, "ecsv": _read_ecsv}
