"""Entry points of the container functions."""

from typing import Any

_SPECTRUM_QUEUE = "-spectrum"
_SECONDS_TO_ANSWER = 4.0


def fit(event: dict[str, Any], context: object) -> dict[str, Any] | None:
    """Fit what each message of an SQS event names, and call back; the queue says which fitter.

    Returns
    -------
    dict or None
        Of several messages, those that are to be delivered again.
    """
    # imported here, so that the renderer never loads what speaks to AWS
    from fitter_lambda.entry.compiled_code import provide_compiled_code
    from heliograph.service.lambda_entry import get_end, handle_event
    from heliograph.service.public_requests import send_to_public

    provide_compiled_code()
    return handle_event(_choose_service(event), event, send_to_public, get_end(context))


def _choose_service(event: dict[str, Any]) -> Any:
    """Return the service that an event is for: the spectrum fitter has a queue and one of dead letters of its own."""
    queues = [str(record.get("eventSourceARN", "")) for record in event.get("Records", [])]
    if any(queue.removesuffix("-dead").endswith(_SPECTRUM_QUEUE) for queue in queues):
        from fitter_lambda.entry.spectrum_service import service as spectrum_fitter

        return spectrum_fitter
    from fitter_lambda.entry.supernova_service import service as supernova_fitter

    return supernova_fitter


def render(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Do one of the renderer's tasks, synchronously and without any permission, in a child process with limits."""
    from fitter_lambda.renderer.limited_process import ProcessLimits
    from fitter_lambda.renderer.tasks import run_task

    remaining = getattr(context, "get_remaining_time_in_millis", None)
    seconds_left = remaining() / 1000 - _SECONDS_TO_ANSWER if remaining else ProcessLimits.seconds
    return run_task(event, ProcessLimits(seconds=max(1.0, min(ProcessLimits.seconds, seconds_left))))
