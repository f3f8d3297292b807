"""What a completed analysis writes to its source: annotations, and a summary.

It happens right after the callback; if it is interrupted, the sweep repeats it, and each step can be
repeated. Results that only the renderer can open (joblib) are read by a job, so that the service does
not wait for that.
"""

import logging
from datetime import datetime, timedelta

import msgspec

from chalicelib import blobs, queues
from chalicelib.analysis.documents import summarize_results
from chalicelib.analysis.product_blobs import locate_results
from chalicelib.errors import InvalidError, NotFoundError, TooLargeError, UnavailableError, UnreadableError
from chalicelib.jobs import ReadResults
from chalicelib.json_text import parse_json
from chalicelib.sources import remarks, summaries
from chalicelib.tables.analyses import find_analysis
from chalicelib.tables.analysis_items import AnalysisItem, Products
from chalicelib.tables.analysis_transitions import mark_written_back, save_products
from chalicelib.tables.base import StateChanged, now
from chalicelib.tables.services import find_service

log = logging.getLogger(__name__)

PATIENCE = timedelta(days=3)
"""How long joblib results wait for a renderer that does not respond."""

MAX_RESULTS_BYTES = 20 * 1024 * 1024
"""Rendered results up to this size are searched for scalars."""


def needs_write_back(item: AnalysisItem, products: Products) -> bool:
    """Return whether a completed analysis with these products has anything to write back."""
    return bool(products.annotations or item.is_summary or _is_unread(products))


def _is_unread(products: Products) -> bool:
    return products.results == "joblib" and products.scalars is None


def write_back(item: AnalysisItem) -> None:
    """Write annotations and summary of a completed analysis, and record that this is done.

    joblib results are left to a job, which writes the summary and records it; until then the sweep repeats this.
    """
    products = item.products
    _write_annotations(item)
    if _is_unread(products):
        queues.send_job(ReadResults(item.id))
        return
    _write_summary(item, products)
    _mark_written_back(item)


def try_write_back(item: AnalysisItem) -> None:
    """Try to write back now; log failures and leave them to the sweep."""
    try:
        write_back(item)
    except Exception:
        log.exception("analysis %d could not write back; the sweep will repeat it", item.id)


def read_joblib_results(analysis_id: int) -> None:
    """Read joblib results through the renderer: save their scalars, and write their summary.

    If the renderer does not respond, the sweep queues this again, for `PATIENCE` at most.
    """
    item = find_analysis(analysis_id)
    if item is None or item.status != "completed" or not _is_unread(item.products):
        return
    try:
        text = blobs.read_small_blob(locate_results(item), MAX_RESULTS_BYTES)
        scalars, summary = summarize_results(parse_json(text or b"null", "results"))
    except (InvalidError, NotFoundError, TooLargeError, UnreadableError) as error:
        # No repetition could ever read them; who asks for them is told why.
        log.info("the results of analysis %d cannot be read: %s", item.id, error)
        return _mark_written_back(item)
    except UnavailableError as error:
        log.info("the results of analysis %d cannot be read now: %s", item.id, error)
        if now() - datetime.fromisoformat(item.last_activity) > PATIENCE:
            _mark_written_back(item)
        return
    products = msgspec.structs.replace(item.products, scalars=scalars, summary=summary)
    try:
        save_products(item, products)
    except StateChanged:
        return
    _write_summary(item, products)
    _mark_written_back(item)


def withdraw_summary(item: AnalysisItem) -> None:
    """Remove the summary of a deleted analysis from its source."""
    if item.is_summary:
        summaries.remove_summary(item.obj_id, item.author_id, item.id)


def _mark_written_back(item: AnalysisItem) -> None:
    try:
        mark_written_back(item)
    except StateChanged:
        withdraw_summary(item)  # The analysis was deleted meanwhile.


def _write_annotations(item: AnalysisItem) -> None:
    """Write the annotations that the author may write, unless the service says that its model is not the data's."""
    verdict = item.products.verdict
    if not item.products.annotations or not item.may_annotate or (verdict and not verdict["describes_data"]):
        return
    origin = {"analysis_id": item.id} | ({"verdict": verdict["message"]} if verdict else {})
    service = find_service(item.analysis_service_id)
    for annotation in item.products.annotations:
        remarks.write_annotation(
            item.obj_id,
            annotation.get("origin") or (service.name if service else "analysis"),
            {**annotation["data"], **origin},
            group_ids=set(item.group_ids),
            author_id=item.author_id,
            service_id=item.analysis_service_id,
            analysis_id=item.id,
        )


def _write_summary(item: AnalysisItem, products: Products) -> None:
    if item.is_summary and products.summary:
        summaries.write_summary(
            item.obj_id,
            {
                "summary": products.summary,
                "analysis_id": item.id,
                "is_bot": True,
                "set_by_user_id": item.author_id,
                "set_at_utc": item.last_activity,
                "group_ids": sorted(item.group_ids),
                "service_id": item.analysis_service_id,
            },
        )
