"""Entry points of the container functions."""

from functools import partial
from typing import Any

_SPECTRUM_QUEUE = "-spectrum"
_SECONDS_TO_ANSWER = 4.0


def fit(event: dict[str, Any], context: object) -> None:
    """Fit what each message of an SQS event (batch size 1) names, and call back; the queue says which fitter."""
    # imported here, so that the renderer never loads what speaks to AWS
    from fitter_lambda.entry.egress import send_to_public
    from heliograph.service.lambda_entry import handle_record

    for record in event.get("Records", []):
        handle_record(_choose_fitter(record), record, send_to_public)


def _choose_fitter(record: dict[str, Any]) -> Any:
    """Return what runs a payload: the spectrum fitter for its own queue and that of its dead letters."""
    if str(record.get("eventSourceARN", "")).removesuffix("-dead").endswith(_SPECTRUM_QUEUE):
        from fitter_lambda.entry.spectrum_service import service
        from heliograph.service.analysis_run import run_payload

        return partial(run_payload, service)
    from fitter_lambda.entry.fitting import fit_payload

    return fit_payload


def render(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Do one of the renderer's tasks, synchronously and without any permission, in a child process with limits."""
    from fitter_lambda.renderer.limited_process import ProcessLimits
    from fitter_lambda.renderer.tasks import run_task

    remaining = getattr(context, "get_remaining_time_in_millis", None)
    seconds_left = remaining() / 1000 - _SECONDS_TO_ANSWER if remaining else ProcessLimits.seconds
    return run_task(event, ProcessLimits(seconds=max(1.0, min(ProcessLimits.seconds, seconds_left))))
