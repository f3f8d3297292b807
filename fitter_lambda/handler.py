"""Entry points of the container functions: what runs where, one line each."""

from typing import Any

__all__ = ["fit", "render"]


def fit(event: dict[str, Any], context: object) -> None:
    """SQS, batch size 1: fit what each message names, and call back."""
    # imported here, so that the renderer never loads what speaks to AWS
    from fitter_lambda.entry.queue_messages import handle_record

    for record in event.get("Records", []):
        handle_record(record)


def render(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Synchronous: the renderer's tasks; without any permission."""
    from fitter_lambda.renderer import tasks

    return tasks.render(event)
