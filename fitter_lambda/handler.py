"""Entry points of the container functions."""

from typing import Any

_SECONDS_TO_ANSWER = 4.0


def fit(event: dict[str, Any], context: object) -> None:
    """Fit what each message of an SQS event (batch size 1) names, and call back."""
    # imported here, so that the renderer never loads what speaks to AWS
    from fitter_lambda.entry.compiled_code import provide_compiled_code
    from fitter_lambda.entry.supernova_service import service
    from heliograph.service.lambda_entry import handle_event
    from heliograph.service.public_requests import send_to_public

    provide_compiled_code()
    handle_event(service, event, send_to_public)


def render(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Do one of the renderer's tasks, synchronously and without any permission, in a child process with limits."""
    from fitter_lambda.renderer.limited_process import ProcessLimits
    from fitter_lambda.renderer.tasks import run_task

    remaining = getattr(context, "get_remaining_time_in_millis", None)
    seconds_left = remaining() / 1000 - _SECONDS_TO_ANSWER if remaining else ProcessLimits.seconds
    return run_task(event, ProcessLimits(seconds=max(1.0, min(ProcessLimits.seconds, seconds_left))))
