"""What a completed analysis writes back to its source: annotations, and a summary.

It happens right after the callback; should that be interrupted, the sweep does it again. Each
step can be repeated without harm. Results that only the renderer can open (joblib) are read by a
job, since a service should not have to wait for that.
"""

import json
import logging
from typing import Any

from chalicelib import blobs, queues
from chalicelib.analysis import documents, product_links
from chalicelib.errors import HeliographError
from chalicelib.sources import remarks, summaries
from chalicelib.tables import analysis_transitions as steps
from chalicelib.tables.analyses import AnalysisItem, find_analysis
from chalicelib.tables.base import ConditionFailed
from chalicelib.tables.services import find_service as service_numbered

__all__ = ["needs_write_back", "read_joblib_results", "try_write_back", "withdraw_summary", "write_back"]

log = logging.getLogger(__name__)

LARGEST_RESULTS = 20 * 1024 * 1024
"""Bytes of rendered results that are looked through for their scalars."""


def needs_write_back(item: AnalysisItem, found: dict[str, Any]) -> bool:
    """Say whether a completed analysis with these products has anything to write back."""
    return bool(found.get("annotations") or item.is_summary or found.get("results") == "joblib")


def write_back(item: AnalysisItem) -> None:
    """Write back what a completed analysis says of its source, and note that it is done."""
    found = item.products or {}
    if found.get("results") == "joblib" and "scalars" not in found:
        queues.send_message(queues.JOBS, {"job": "read_results", "analysis_id": int(item.id)})
    _annotate(item, found.get("annotations", []))
    _summarize(item, found)
    try:
        steps.mark_settled(item)
    except ConditionFailed:
        withdraw_summary(item)  # it was deleted in between


def try_write_back(item: AnalysisItem) -> None:
    """Write back now if that can be done; what asks for it must not fail by it."""
    try:
        write_back(item)
    except Exception:
        log.exception("what analysis %d writes back is left to the sweep", item.id)


def read_joblib_results(analysis_id: int) -> None:
    """Read joblib results through the renderer: their scalars, and the summary if there is one."""
    item = find_analysis(analysis_id)
    if item is None or item.status != "completed":
        return
    try:
        key = product_links.locate_results(item)
    except HeliographError:
        return
    plain = (
        json.loads(blobs.read_blob(key) or b"null") if blobs.get_blob_size(key) <= LARGEST_RESULTS else None
    )
    found = {**(item.products or {}), **documents.summarize_results(plain)}
    try:
        steps.save_products(item, found)
        _summarize(item, found)
        steps.mark_settled(item)
    except ConditionFailed:
        withdraw_summary(item)  # it was deleted in between


def withdraw_summary(item: AnalysisItem) -> None:
    """Take the summary of a deleted analysis out of its source again."""
    if item.is_summary:
        summaries.remove_summary(item.obj_id, int(item.id))


def _annotate(item: AnalysisItem, given: list[dict[str, Any]]) -> None:
    service = service_numbered(int(item.analysis_service_id)) if given else None
    for annotation in given:
        remarks.write_annotation(
            item.obj_id,
            annotation.get("origin") or (service.name if service else "analysis"),
            annotation["data"],
            group_ids={int(group) for group in item.group_ids},
            author_id=int(item.author_id),
            service_id=int(item.analysis_service_id),
            analysis_id=int(item.id),
        )


def _summarize(item: AnalysisItem, found: dict[str, Any]) -> None:
    if item.is_summary and found.get("summary"):
        summaries.write_summary(
            item.obj_id,
            {
                "summary": found["summary"],
                "analysis_id": int(item.id),
                "is_bot": True,
                "set_by_user_id": int(item.author_id),
                "set_at_utc": item.last_activity,
                "group_ids": sorted(int(group) for group in item.group_ids),
            },
        )
