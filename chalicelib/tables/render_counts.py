"""Counts of what the renderer made for a user, one item for each minute."""

from pynamodb.expressions.update import Action

from chalicelib.tables.analysis_items import AnalysesTableItem
from chalicelib.tables.base import ConditionFailed, IntegerAttribute

KEPT_SECONDS = 3600
"""Seconds after its minute at which a count may be deleted."""


class RenderCountItem(AnalysesTableItem):
    """How much was made for a user in a minute."""

    renders = IntegerAttribute(default=0)


class RenderLimitReached(ConditionFailed):
    """No more is made for the user in this minute."""


def count_user_render(user_id: int, minute: int, limit: int) -> None:
    """Add one to the count of a user.

    Parameters
    ----------
    user_id : int
        The user.
    minute : int
        The minutes since 1970.
    limit : int
        The highest value of the count.

    Raises
    ------
    RenderLimitReached
        If the count has this value.
    """
    has_room = RenderCountItem.renders.does_not_exist() | (RenderCountItem.renders < limit)
    actions: list[Action] = [RenderCountItem.renders.add(1), RenderCountItem.expires_at.set(minute * 60 + KEPT_SECONDS)]
    RenderCountItem(f"renders#{user_id}#{minute}").update_if(actions, has_room, RenderLimitReached())
