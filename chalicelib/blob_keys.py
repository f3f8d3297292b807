"""Where each blob lies in the bucket: every key is made here.

::

    analyses/<id>/inputs.json                     the inputs of a service, without its secrets
    analyses/<id>/documents/<uuid>/document.json  the document of a callback or an upload, as posted
    analyses/<id>/documents/<uuid>/plots/0        and so on: the binary parts of the document
    analyses/<id>/documents/<uuid>/renders/…      what the renderer made of them
    renders/periodograms/<hash>.json              a periodogram; -rows.json: the points that it is of
    attachments/<source>/<uuid>                   the file of a comment
    batches/<id>.json                             the request of a batch, and its sources
    uploads/documents/<namespace>/<uuid>.json         a document that is too large for a request
    uploads/light_curves/<uuid>/file                  a file that the renderer opens; table.json: its columns
    uploads/answers/<uuid>.json                   an answer that is too large for API Gateway
    fits/<uuid>/payload.json                      a payload for the supernova fitter or the spectrum fitter
"""

import hashlib
import json
import uuid
from typing import Any

DOCUMENT = "document.json"
INFERENCE_DATA = "inference_data.nc"
SAMPLES = "samples.json"
RESULTS = "results.json"
RESULTS_JOBLIB = "results.joblib"
RESULTS_BINARY = "results.bin"
RENDERED_RESULTS = "renders/results.json"
"""Parts of a document, below its prefix; the last is `RESULTS_JOBLIB` as JSON."""


ANALYSES = "analyses/"
ATTACHMENTS = "attachments/"
"""Prefixes of the blobs that only a record can tell from garbage: the other prefixes expire."""


def parse_analysis_id(key: str) -> int:
    """Return the analysis that a blob belongs to; 0 if the key names none."""
    number = key.removeprefix(ANALYSES).partition("/")[0]
    return int(number) if number.isdecimal() else 0


def parse_attachment_source(key: str) -> str:
    """Return the source that the file of a comment belongs to."""
    return key.removeprefix(ATTACHMENTS).rpartition("/")[0]


def analysis_prefix(analysis_id: int) -> str:
    """Return the prefix of all blobs of an analysis."""
    return f"{ANALYSES}{analysis_id}/"


def inputs_key(analysis_id: int) -> str:
    """Return the key of the inputs that a service is sent."""
    return f"{analysis_prefix(analysis_id)}inputs.json"


def new_document_prefix(analysis_id: int) -> str:
    """Return a prefix that no other document of the analysis has."""
    return f"{analysis_prefix(analysis_id)}documents/{uuid.uuid4()}/"


def plot_part(number: int) -> str:
    """Return the part of a document that is a plot, counted from 0."""
    return f"plots/{number}"


def figure_key(document: str, task: str, options: dict[str, Any], file_format: str) -> str:
    """Return the key of a picture that the renderer draws: one for each document, task and set of options."""
    digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()
    return f"{document}renders/{task}-{digest[:32]}.{file_format}"


def periodogram_keys(content: bytes) -> tuple[str, str]:
    """Return the keys of a periodogram and of its points, by everything that determines them."""
    place = f"renders/periodograms/{hashlib.sha256(content).hexdigest()}"
    return f"{place}.json", f"{place}-rows.json"


def attachments_prefix(source_id: str) -> str:
    """Return the prefix of all files of the comments on a source."""
    return f"{ATTACHMENTS}{source_id}/"


def attachment_key(source_id: str) -> str:
    """Return a new key for the file of a comment."""
    return f"{attachments_prefix(source_id)}{uuid.uuid4()}"


def batch_key(batch_id: int) -> str:
    """Return the key of a batch's request and sources."""
    return f"batches/{batch_id}.json"


def document_upload_key(namespace: str, upload_id: str) -> str:
    """Return the key of an uploaded document; an id that was never issued gives a key without a blob."""
    is_valid = upload_id.replace("-", "").isalnum() and len(upload_id) <= 36
    return f"uploads/documents/{namespace}/{upload_id if is_valid else 'none'}.json"


def light_curve_file_keys() -> tuple[str, str]:
    """Return new keys for a file of a light curve that the renderer opens, and for its columns."""
    place = f"uploads/light_curves/{uuid.uuid4()}"
    return f"{place}/file", f"{place}/table.json"


def large_answer_key() -> str:
    """Return a new key for an answer that is too large for API Gateway."""
    return f"uploads/answers/{uuid.uuid4()}.json"


def fit_payload_key() -> str:
    """Return a new key for a payload of the supernova fitter."""
    return f"fits/{uuid.uuid4()}/payload.json"
