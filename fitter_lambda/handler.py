"""Entry points of the container functions."""

from typing import Any


def fit(event: dict[str, Any], context: object) -> None:
    """Fit what each message of an SQS event (batch size 1) names, and call back."""
    # imported here, so that the renderer never loads what speaks to AWS
    from fitter_lambda.entry.queue_messages import handle_record

    for record in event.get("Records", []):
        handle_record(record)


def render(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Do one of the renderer's tasks, synchronously and without any permission."""
    from fitter_lambda.renderer.tasks import run_task

    return run_task(event)
