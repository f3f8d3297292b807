"""Tables that astropy reads (FITS, VOTable, ECSV), as JSON columns with units.

The files may come from anyone: sizes are checked before data are read, and nothing outside of the file is opened.
"""

import io
import math
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
    except RenderError:
        raise
    except Exception as error:  # astropy raises anything on a broken file
        raise RenderError(f"The file could not be read as {file_format.upper()} ({type(error).__name__}).") from None


def _read_fits(data: bytes) -> Any:
    from astropy.io import fits
    from astropy.table import Table

    with fits.open(io.BytesIO(data), memmap=False, lazy_load_hdus=True) as hdus:
        for hdu in hdus:
            if isinstance(hdu, fits.BinTableHDU | fits.TableHDU) and not isinstance(hdu, fits.CompImageHDU):
                # A few bytes of header can declare any number of rows.
                _require_size(int(hdu.header["NAXIS2"]), len(hdu.columns))
                if int(hdu.header["NAXIS1"]) * int(hdu.header["NAXIS2"]) > len(data):
                    raise RenderError("The FITS table is cut off: it has fewer rows than its header says.")
                return Table.read(hdu)
    raise RenderError("The FITS file holds no table; a light curve is a binary or ASCII table extension.")


def _read_votable(data: bytes) -> Any:
    from astropy.io.votable import parse

    _require_self_contained(data)
    tables = list(parse(io.BytesIO(data), verify="ignore").iter_tables())
    if not tables:
        raise RenderError("The VOTable holds no table.")
    return tables[0].to_table(use_names_over_ids=True)


def _require_self_contained(data: bytes) -> None:
    """Require that no part of a VOTable lies elsewhere: astropy would open files of this machine, and any URL."""

    def check_element(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2].upper() == "STREAM" and any("href" in key.lower() for key in attributes):
            raise RenderError("The VOTable refers to data outside of the file; save it with its data.")

    def refuse_doctype(*declaration: object) -> None:
        raise RenderError("The VOTable declares a document type; save it without one.")

    parser = expat.ParserCreate()
    parser.StartElementHandler = check_element
    parser.StartDoctypeDeclHandler = refuse_doctype
    parser.Parse(data, True)


def _read_ecsv(data: bytes) -> Any:
    from astropy.table import Table

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
