"""The jobs that the queue `jobs` carries: one type for each kind of work that no request waits for.

A message is the JSON of a job; its ``job`` names the kind.
"""

from msgspec import Struct


class Job(Struct, tag_field="job", omit_defaults=True, kw_only=True):
    """One step of a job; ``repeats`` counts how often it was queued again."""

    repeats: int = 0


class ProcessBatch(Job, tag="batch"):
    """Start the analyses of a batch from position ``first`` to before ``last``; ``sent_at`` is in Unix seconds."""

    batch_id: int
    first: int
    last: int
    sent_at: float


class StartDefaultAnalyses(Job, tag="default_analyses"):
    """Start what an event starts: a source is saved to groups, or classified."""

    source_id: str
    public_url: str
    group_ids: list[int] = []
    classification_id: int | None = None


class DeleteServiceAnalyses(Job, tag="delete_analyses"):
    """Delete some analyses of a deleted service.

    ``last`` marks the second check, after the index shows what was added just before the deletion.
    """

    service_id: int
    last: bool = False


class DeleteGroup(Job, tag="delete_group"):
    """Remove some members of a deleted group."""

    group_id: int


class DeleteUser(Job, tag="delete_user"):
    """Delete some memberships and tokens of a deleted user."""

    user_id: int


class DeleteSource(Job, tag="delete_source"):
    """Delete some analyses of a hidden source, and in the end the source."""

    source_id: str


class ReadResults(Job, tag="read_results"):
    """Read the joblib results of a completed analysis."""

    analysis_id: int


class CheckBlobs(Job, tag="check_blobs"):
    """Delete those of some blobs that no record names: of the next ones with a prefix, after a key."""

    prefix: str
    after: str = ""


AnyJob = (
    ProcessBatch
    | StartDefaultAnalyses
    | DeleteServiceAnalyses
    | DeleteGroup
    | DeleteUser
    | DeleteSource
    | ReadResults
    | CheckBlobs
)
