"""Light curves as JSON: lists of objects, objects of lists, and what catalogues and brokers wrap around them."""

import json
from typing import Any

from chalicelib.errors import InvalidError
from chalicelib.json_text import check_nesting
from chalicelib.sources.light_curve_files.file_tables import LARGEST_COLUMNS, FileTable

JSON = "JSON"

_RECORD_KEYS = ("photometry", "lightcurve", "light_curve", "candidates", "data", "results", "reply")
_DETECTION_KEYS = ("detections", "non_detections")
_DEEPEST = 6


def is_json(text: str) -> bool:
    """Say whether a text begins like JSON with a table in it."""
    return text.lstrip()[:1] in ("{", "[")


def read_json_table(text: str) -> FileTable:
    """Return the table in a JSON text; numbers keep their digits.

    Raises
    ------
    InvalidError
        If it is no JSON, or holds no list of points.
    """
    try:
        value = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except RecursionError:
        raise InvalidError("The JSON is nested too deeply for a light curve.") from None
    except ValueError as error:
        raise InvalidError(f"The file begins like JSON, but is none: {str(error)[:100]}.") from None
    check_nesting(value, "The file")
    records = _find_records(value, _DEEPEST)
    if not records:
        raise InvalidError(
            "The JSON holds no list of points. Expected a list of objects such as "
            '[{"mjd": 59300.1, "filter": "ztfg", "mag": 18.1, "magerr": 0.05}].'
        )
    names = list(dict.fromkeys(str(name) for record in records for name in record))
    if len(names) > LARGEST_COLUMNS:
        raise InvalidError(f"The JSON has {len(names)} different keys; a light curve has at most {LARGEST_COLUMNS}.")
    rows = [[_to_cell(record.get(name)) for name in names] for record in records]
    return FileTable(JSON, names, rows)


def _find_records(value: Any, depth: int) -> list[dict[str, Any]]:
    """Return the points in a JSON value, as objects; empty if there are none."""
    if depth == 0:
        return []
    if isinstance(value, list):
        are_objects = bool(value) and all(isinstance(item, dict) for item in value)
        nested = len(value) == 1 and are_objects and _find_records(value[0], depth - 1)
        return nested or (value if are_objects else [])
    if not isinstance(value, dict):
        return []
    if any(isinstance(value.get(key), list) for key in _DETECTION_KEYS):
        return [record for key in _DETECTION_KEYS for record in _find_records(value.get(key), 1)]
    for key in _RECORD_KEYS:
        records = _find_records(value.get(key), depth - 1)
        if records:
            return records
    if len(value) == 1:
        return _find_records(next(iter(value.values())), depth - 1)
    return _transpose(value)


def _transpose(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Return an object of lists of one length as a list of objects."""
    columns = {name: items for name, items in value.items() if isinstance(items, list)}
    lengths = {len(items) for items in columns.values()}
    if len(columns) < 2 or len(lengths) != 1:
        return []
    return [dict(zip(columns, items, strict=True)) for items in zip(*columns.values(), strict=True)]


def _to_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    # TNS wraps the names of filters, units and instruments in objects.
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        return str(value["name"])
    return value if isinstance(value, str) else "(nested)"
