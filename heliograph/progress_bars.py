"""Waiting with a bar: what is asked for again and again, and what the bar shows of it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from heliograph.errors import NoAnswerError, UnavailableError, WaitTimeoutError
from heliograph.plain_text import clean_text

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 3.0
_PATIENCE = 600.0
"""Seconds without an answer before a wait gives up."""


class Reading(NamedTuple):
    """What is known of something that is waited for.

    Attributes
    ----------
    is_over : bool
        Whether it has ended.
    done : float
        How much of the total is done.
    message : str
        What happens at present.
    """

    is_over: bool
    done: float
    message: str


def wait_until_over(
    look: Callable[[], Reading], *, title: str, way_back: str, total: float, timeout: float | None, shows_bar: bool
) -> None:
    """Look again and again until something is over.

    An answer that does not come is waited for, too: a portal may restart, a laptop may sleep.

    Parameters
    ----------
    look : callable
        Asks for the present state.
    title : str
        What is waited for.
    way_back : str
        The code that waits again, for the messages.
    total : float
        How much there is to do.
    timeout : float, optional
        Most seconds.
    shows_bar : bool
        Whether to show a bar of tqdm.

    Raises
    ------
    WaitTimeoutError
        If it is not over in time.
    KeyboardInterrupt
        On Ctrl-C, with a message that says how to come back.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    pause = _FIRST_PAUSE
    try:
        with _open_bar(title, total, shows_bar) as bar:
            while not _look_patiently(look, bar, deadline).is_over:
                left = pause if deadline is None else deadline - time.monotonic()
                if left <= 0:
                    raise WaitTimeoutError(
                        f"{title} has not ended in {timeout:g} s; it goes on. {way_back} waits again."
                    )
                time.sleep(min(pause, left))
                pause = min(pause * 1.2, _LONGEST_PAUSE)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"{title} goes on. {way_back} waits again.") from None


def _look_patiently(look: Callable[[], Reading], bar: Any, deadline: float | None) -> Reading:
    give_up = min(time.monotonic() + _PATIENCE, deadline or float("inf"))
    while True:
        try:
            reading = look()
        except (NoAnswerError, UnavailableError):
            if time.monotonic() > give_up:
                raise
            bar.set_postfix_str("no answer, trying again")
            time.sleep(_LONGEST_PAUSE)
            continue
        _show_reading(bar, reading)
        return reading


def _show_reading(bar: Any, reading: Reading) -> None:
    bar.n = reading.done
    bar.set_postfix_str(clean_text(reading.message))


@contextmanager
def _open_bar(title: str, total: float, shows_bar: bool) -> Iterator[Any]:
    from tqdm.auto import tqdm

    layout = "{l_bar}{bar}| {elapsed}{postfix}"
    with tqdm(total=total, desc=title, disable=not shows_bar, bar_format=layout) as bar:
        yield bar
