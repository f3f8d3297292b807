"""Votes on classifications: each user who sees one has one vote."""

from chalicelib.access import Requester
from chalicelib.errors import InvalidError, NotFoundError
from chalicelib.sources.remarks import get_visible_remark
from chalicelib.tables import remarks as remarks_table
from chalicelib.tables.base import retry_on_conflict

MOST_VOTES = 1000
BUSY = "Other requests are changing the same classification. Try again."


def vote(requester: Requester, classification_id: int, value: int) -> None:
    """Add or change the requester's vote.

    Raises
    ------
    InvalidError
        If there are too many votes.
    """

    def attempt() -> None:
        item = get_visible_remark(requester, "classification", classification_id)
        votes = {**(item.votes or {}), str(requester.user_id): value}
        if len(votes) > MOST_VOTES:
            raise InvalidError(f"Classification {classification_id} has {MOST_VOTES} votes, the most allowed.")
        remarks_table.update_remark(item, votes=votes)

    retry_on_conflict(attempt, BUSY)


def delete_vote(requester: Requester, classification_id: int) -> None:
    """Delete the requester's vote.

    Raises
    ------
    NotFoundError
        If they have not voted.
    """

    def attempt() -> None:
        item = get_visible_remark(requester, "classification", classification_id)
        votes = dict(item.votes or {})
        if votes.pop(str(requester.user_id), None) is None:
            raise NotFoundError(f"You have not voted on classification {classification_id}.")
        remarks_table.update_remark(item, votes=votes)

    retry_on_conflict(attempt, BUSY)
