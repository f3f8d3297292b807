"""Files of light curves: what was understood of them, and saving it as photometry."""

import json
from functools import partial
from typing import Any

from chalicelib import blob_keys, blobs
from chalicelib.access import Requester
from chalicelib.errors import InvalidError, UnreadableError
from chalicelib.json_text import parse_json
from chalicelib.people.render_limits import count_render
from chalicelib.renderer import render_blob
from chalicelib.schemas.photometry_files import FileQuery
from chalicelib.sources import instruments, photometry_writing
from chalicelib.sources.light_curve_files.column_plans import ReadOptions
from chalicelib.sources.light_curve_files.file_tables import FileTable
from chalicelib.sources.light_curve_files.reader import LightCurveFile, read_light_curve_file
from chalicelib.sources.photometry_rows import Row, row_magnitudes
from chalicelib.sources.source_records import get_visible_source

FORMAT_NAMES = {"fits": "FITS table", "votable": "VOTable", "ecsv": "ECSV"}


def upload_light_curve_file(requester: Requester, source_id: str, data: bytes, query: FileQuery) -> dict[str, Any]:
    """Read a file, and save its rows unless it is a dry run.

    Parameters
    ----------
    requester : Requester
        Who uploads.
    source_id : str
        The source.
    data : bytes
        The file as it lies on disk.
    query : FileQuery
        How it is read, and with whom it is shared.

    Returns
    -------
    dict
        What was understood; with ``ids`` and ``upload_id`` if it was saved.

    Raises
    ------
    InvalidError
        If the file cannot be read, or if rows are wrong and are not to be skipped; nothing is written.
    """
    get_visible_source(requester, source_id)
    options = ReadOptions(query.instrument_id, query.magsys, query.zp, _parse_mapping(query.columns))
    open_table = partial(_open_library_table, requester)
    content = read_light_curve_file(data, options, instruments.load_instruments(), open_table)
    answer = _file_to_json(content)
    if query.dry_run:
        return answer
    if content.problems and not query.skip_problems:
        raise InvalidError(_explain_problems(content))
    if not content.rows:
        raise InvalidError(f"No row can be saved. {_explain_problems(content)}")
    request = {"obj_id": source_id, "group_ids": _parse_group_ids(query.group_ids)}
    ids, upload_id = photometry_writing.upload_photometry(
        requester, request, photometry_writing.Existing.REFRESH, content.rows
    )
    return {**answer, "ids": ids, "upload_id": upload_id}


def _parse_mapping(text: str | None) -> dict[str, str]:
    """Return the columns that a request assigns to fields; null leaves a field out, as an empty text does."""
    value = parse_json(text, "columns") if text and text.strip() else {}
    if not isinstance(value, dict) or not all(isinstance(column, str | None) for column in value.values()):
        raise InvalidError('columns: expected names of columns by field, as in {"mjd": "when", "mag": "brightness"}.')
    return {field: column or "" for field, column in value.items()}


def _parse_group_ids(text: str | None) -> list[int] | str | None:
    if not text or text.strip().lower() == "all":
        return "all" if text else None
    numbers = text.strip("[] ").split(",")
    if not all(number.strip().isdecimal() and len(number) < 16 for number in numbers):
        raise InvalidError('group_ids: expected ids of groups separated by commas, as in 1,4, or "all".')
    return [int(number) for number in numbers]


def _open_library_table(requester: Requester, data: bytes, file_format: str) -> FileTable:
    """Return a table that the renderer opened."""
    count_render(requester)
    source, target = blob_keys.light_curve_file_keys()
    blobs.write_blob(source, data, "application/octet-stream")
    try:
        render_blob("table", source, target, "application/json", format=file_format)
    except UnreadableError as error:
        raise InvalidError(str(error)) from None
    content = json.loads(blobs.read_blob(target) or b"{}")
    rows = [[_to_cell(value) for value in row] for row in zip(*content["columns"], strict=True)]
    metadata = {key.lower(): value for key, value in content["metadata"].items()}
    return FileTable(FORMAT_NAMES[file_format], content["names"], rows, content["units"], metadata)


def _to_cell(value: Any) -> str:
    return "" if value is None else str(value)


def _file_to_json(content: LightCurveFile) -> dict[str, Any]:
    return {
        "format": content.format,
        "columns": content.columns,
        "n_rows": content.n_rows,
        "rows": [_row_to_json(row) for row in content.rows],
        "problems": [problem._asdict() for problem in content.problems],
    }


def _row_to_json(row: Row) -> dict[str, Any]:
    return {
        "mjd": row.mjd,
        "filter": row.filter,
        "instrument_id": row.instrument_id,
        **row_magnitudes(row),
        "flux": row.flux,
        "fluxerr": row.fluxerr,
    }


def _explain_problems(content: LightCurveFile) -> str:
    listed = "; ".join(f"row {problem.row}: {problem.message}" for problem in content.problems[:20])
    more = f"; and {len(content.problems) - 20} more" if len(content.problems) > 20 else ""
    return (
        f"{len(content.problems)} of {content.n_rows} rows cannot be read, nothing was written. Correct them, or leave "
        f"them out with skip_problems=true; dry_run=true lists all of them (rows counted from 1). {listed}{more}"
    )
