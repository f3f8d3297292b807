"""Periodograms of the photometry that one may see, made by the renderer and kept for who sees the same.

A periodogram lies under a hash of exactly the rows and the options that it was made of, so that who
sees other rows is given another one.
"""

import hashlib
import json
from typing import Any

from chalicelib import blobs, settings
from chalicelib.access import Requester
from chalicelib.errors import InvalidError, UnreadableError
from chalicelib.renderer import render_blob
from chalicelib.schemas.periodogram import PeriodogramQuery
from chalicelib.sources import photometry, source_records

__all__ = ["locate_periodogram"]

COLUMNS = ("mjd", "flux", "fluxerr", "filter")


def locate_periodogram(requester: Requester, source_id: str, query: PeriodogramQuery) -> str:
    """Return where the periodogram of a source lies, a JSON blob; it is made if it is not there.

    Raises
    ------
    NotFoundError
        If there is no such source that the requester may see.
    InvalidError
        If there is no such filter, if there are too few points, or the options do not go together.
    UnavailableError
        If the renderer does not answer.
    """
    source_records.get_visible_source(requester, source_id)
    source = json.dumps(_columns(requester, source_id, query.bands)).encode()
    options = {name: getattr(query, name) for name in ("fmin", "fmax", "oversampling", "nterms", "peaks")}
    made_of = json.dumps([settings.VERSION, options]).encode() + source
    place = f"renders/periodograms/{hashlib.sha256(made_of).hexdigest()}"
    if not blobs.blob_exists(f"{place}.json"):
        blobs.write_blob(f"{place}-rows.json", source, "application/json")
        try:
            render_blob(
                "periodogram", f"{place}-rows.json", f"{place}.json", "application/json", options=options
            )
        except UnreadableError as error:
            raise InvalidError(str(error)) from None
    return f"{place}.json"


def _columns(requester: Requester, source_id: str, bands: set[str]) -> dict[str, list[Any]]:
    rows = photometry.find_visible_points(requester, source_id)
    unknown = bands - {row["filter"] for row in rows}
    if unknown:
        raise InvalidError(f"filters: {source_id!r} has no photometry in {', '.join(sorted(unknown))}.")
    chosen = [row for row in rows if not bands or row["filter"] in bands]
    return {name: [row[name] for row in chosen] for name in COLUMNS}
