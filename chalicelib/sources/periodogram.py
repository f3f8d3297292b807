"""Periodograms of the photometry that a requester may see, made by the renderer.

The key of a periodogram is a hash of its rows and options, so that it is made once for all who see
the same rows, and a requester who sees other rows gets another one.
"""

import json
from typing import Any

from chalicelib import blob_keys, blobs, settings
from chalicelib.access import Requester
from chalicelib.errors import InvalidError, UnreadableError
from chalicelib.people.render_limits import count_render
from chalicelib.renderer import render_blob
from chalicelib.schemas.periodogram import PeriodogramQuery
from chalicelib.sources.photometry import find_visible_points
from chalicelib.sources.source_records import get_visible_source

COLUMNS = ("mjd", "flux", "fluxerr", "filter")
_OPTIONS = ("fmin", "fmax", "oversampling", "nterms", "peaks", "window")


def locate_periodogram(requester: Requester, source_id: str, query: PeriodogramQuery) -> str:
    """Return the key of the periodogram of a source, a JSON blob; make it if it does not exist.

    Raises
    ------
    NotFoundError
        If the source does not exist or is not visible.
    InvalidError
        If a filter has no points, there are too few points, or the options do not go together.
    RateLimitedError
        If the renderer made as much for the user in this minute as is allowed.
    UnavailableError
        If the renderer does not answer.
    """
    get_visible_source(requester, source_id)
    rows = json.dumps(_select_columns(requester, source_id, query.bands)).encode()
    options = {name: getattr(query, name) for name in _OPTIONS}
    key, rows_key = blob_keys.periodogram_keys(json.dumps([settings.VERSION, options]).encode() + rows)
    if not blobs.blob_exists(key):
        count_render(requester)
        blobs.write_blob(rows_key, rows, "application/json")
        try:
            render_blob("periodogram", rows_key, key, "application/json", options=options)
        except UnreadableError as error:
            raise InvalidError(str(error)) from None
    return key


def _select_columns(requester: Requester, source_id: str, bands: set[str]) -> dict[str, list[Any]]:
    rows = find_visible_points(requester, source_id)
    unknown = bands - {row.filter for row in rows}
    if unknown:
        raise InvalidError(f"filters: {source_id!r} has no photometry in {', '.join(sorted(unknown))}.")
    selected = [row for row in rows if not bands or row.filter in bands]
    return {name: [getattr(row, name) for row in selected] for name in COLUMNS}
