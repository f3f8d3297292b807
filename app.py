"""Every function of the zip package, one line each: what runs when, and which part of the heart it calls."""

from typing import Any

from chalice.app import Chalice, CloudWatchEvent, Rate, SQSEvent

from chalicelib import queues, routes, settings, workers

app = Chalice(app_name="heliograph")
app.api.binary_types = []
routes.register(app)


@app.on_sqs_message(queue=settings.resource_name(queues.DISPATCH), batch_size=1, name="dispatch")
def dispatch(event: SQSEvent) -> None:
    workers.handle_dispatch(event.to_dict())


@app.on_sqs_message(queue=settings.resource_name(queues.DEAD_LETTERS), batch_size=1, name="dead_letters")
def dead_letters(event: SQSEvent) -> None:
    workers.handle_dead_letter(event.to_dict())


@app.on_sqs_message(
    queue=settings.resource_name(queues.JOBS), batch_size=1, name="jobs", maximum_concurrency=10
)
def jobs(event: SQSEvent) -> None:
    workers.handle_job(event.to_dict())


@app.lambda_function(name="documents")
def documents(event: dict[str, Any], context: object) -> dict[str, Any]:
    return workers.handle_document(event)


@app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep")
def sweep(event: CloudWatchEvent) -> None:
    workers.handle_sweep()
