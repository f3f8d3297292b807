"""The messages that have analyses sent.

There are two kinds. One names an analysis, and the attempt that it asks for: it is void once another message began
that attempt, so that no duplicate is sent or lives on. The other names a service: it has the analyses sent that wait
in its line, which have no messages of their own. A retry is a new message with a delay: a function that raised for
it would make Lambda slow down the whole queue.
"""

import msgspec

from chalicelib import queues


class DispatchMessage(msgspec.Struct, omit_defaults=True):
    """A message about an analysis.

    Attributes
    ----------
    analysis_id : int
        The analysis to send.
    attempt : int
        The number of attempts before the one that it asks for.
    """

    analysis_id: int
    attempt: int = 0


class LineMessage(msgspec.Struct, omit_defaults=True):
    """A message about the line of a service.

    Attributes
    ----------
    service_id : int
        The service.
    wakes : bool
        Whether it has a message sent for each free slot, rather than uses one slot itself.
    """

    service_id: int
    wakes: bool = False


def queue_analysis(message: DispatchMessage, service_id: int, seconds: float = 0.0) -> None:
    """Send a message, to be delivered after some seconds; if that is too long for the queue, it is sent again then."""
    _send(message, service_id, seconds)


def queue_line(message: LineMessage, seconds: float = 0.0) -> None:
    """Send a message, to be delivered after some seconds."""
    _send(message, message.service_id, seconds)


def _send(message: DispatchMessage | LineMessage, service_id: int, seconds: float) -> None:
    queues.send_message(queues.DISPATCH, msgspec.to_builtins(message), seconds, group=str(service_id))
