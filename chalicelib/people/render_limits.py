"""How many pictures, tables and periodograms are made for a user in a minute: each occupies a container."""

import time

from chalicelib import settings
from chalicelib.access import Requester
from chalicelib.errors import RateLimitedError
from chalicelib.tables.render_counts import RenderLimitReached, count_user_render


def count_render(requester: Requester) -> None:
    """Count one that is going to be made for a request; jobs are limited by how many run at once.

    Raises
    ------
    RateLimitedError
        If the user has as many as are allowed in a minute.
    """
    if requester.in_job:
        return
    moment = int(time.time())
    try:
        count_user_render(requester.user_id, moment // 60, settings.RENDERS_PER_MINUTE)
    except RenderLimitReached:
        seconds = 60 - moment % 60
        raise RateLimitedError(
            f"{settings.RENDERS_PER_MINUTE} pictures, tables or periodograms were made for you in this minute, and no "
            f"more are allowed; what was made before is still served. Try again in {seconds} s.",
            seconds,
        ) from None
