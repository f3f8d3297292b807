"""The inventory of blobs: once a day, jobs delete those that no record names.

A blob is stored before the record that names it. If that write never comes (a crash, a deletion at the same moment),
nothing else would find the blob again. What is younger than a day is left alone: its record may be on its way.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable

from chalicelib import blobs, queues
from chalicelib.blob_keys import ANALYSES, ATTACHMENTS, inputs_key, parse_analysis_id, parse_attachment_source
from chalicelib.jobs import CheckBlobs
from chalicelib.tables.analyses import find_analyses
from chalicelib.tables.analysis_items import AnalysisItem
from chalicelib.tables.remarks import find_remarks
from chalicelib.tables.schedules import claim_work

log = logging.getLogger(__name__)

EVERY_SECONDS = 86400
"""Seconds between two inventories."""

LEAST_AGE_SECONDS = 86400.0
"""Age of a blob from which it is checked."""

BLOBS_PER_JOB = 500
"""Blobs that one invocation checks."""


def queue_inventory() -> None:
    """Queue the first job of an inventory, if one is due."""
    if claim_work("blob_inventory", EVERY_SECONDS):
        queues.send_job(CheckBlobs(ANALYSES))


def check_blobs(job: CheckBlobs) -> None:
    """Delete those of the next blobs that no record names, and leave the rest to the queue."""
    entries = blobs.list_blobs(job.prefix, job.after, BLOBS_PER_JOB)
    before = time.time() - LEAST_AGE_SECONDS
    old = [entry.key for entry in entries if entry.modified < before]
    orphans = _find_orphans(job.prefix, old)
    if orphans:
        log.warning("%d blobs that no record names are deleted, from %s on", len(orphans), orphans[0])
        blobs.delete_keys(orphans)
    if len(entries) == BLOBS_PER_JOB:
        queues.send_job(CheckBlobs(job.prefix, entries[-1].key))
    elif job.prefix == ANALYSES:
        queues.send_job(CheckBlobs(ATTACHMENTS))


def _find_orphans(prefix: str, keys: list[str]) -> list[str]:
    return _find_analysis_orphans(keys) if prefix == ANALYSES else _find_attachment_orphans(keys)


def _find_analysis_orphans(keys: list[str]) -> list[str]:
    items = find_analyses({parse_analysis_id(key) for key in keys})
    return [key for key in keys if not _is_named(key, items.get(parse_analysis_id(key)))]


def _is_named(key: str, item: AnalysisItem | None) -> bool:
    return item is not None and (key == inputs_key(item.id) or (bool(item.document) and key.startswith(item.document)))


def _find_attachment_orphans(keys: Iterable[str]) -> list[str]:
    by_source: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        by_source[parse_attachment_source(key)].append(key)
    return [key for source_id, own in by_source.items() for key in _find_unnamed(source_id, own)]


def _find_unnamed(source_id: str, keys: list[str]) -> list[str]:
    named = {comment.attachment["key"] for comment in find_remarks(source_id, "comment") if comment.attachment}
    return [key for key in keys if key not in named]
