"""Every function of the zip package, one call each: what runs when."""

from typing import Any

from chalice.app import Chalice, CloudWatchEvent, Rate, SQSEvent

from chalicelib import queues, routes, settings, workers

app = Chalice(app_name="heliograph")
# All bodies pass API Gateway as bytes: as text, it would replace what is no UTF-8, in files and in pictures.
app.api.binary_types = ["*/*"]
routes.register(app)


@app.on_sqs_message(
    queue=settings.resource_name(queues.DISPATCH),
    batch_size=1,
    name="dispatch",
    maximum_concurrency=settings.DISPATCH_CONCURRENCY,
)
def dispatch(event: SQSEvent) -> None:
    """Send one analysis to its service, then others that wait for it."""
    workers.handle_dispatch(event.to_dict(), workers.get_end(event.context))


@app.on_sqs_message(
    queue=settings.resource_name(queues.DEAD_LETTERS), batch_size=1, name="dead_letters", maximum_concurrency=10
)
def dead_letters(event: SQSEvent) -> None:
    """End an analysis that could not be sent."""
    workers.handle_dead_letter(event.to_dict())


@app.on_sqs_message(queue=settings.resource_name(queues.JOBS), batch_size=1, name="jobs", maximum_concurrency=10)
def jobs(event: SQSEvent) -> None:
    """Do one step of a job."""
    workers.handle_job(event.to_dict())


@app.lambda_function(name="documents")
def documents(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Store the parts of an uploaded document."""
    return workers.handle_document(event)


@app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep")
def sweep(event: CloudWatchEvent) -> None:
    """Check what has waited too long."""
    workers.handle_sweep(workers.get_end(event.context))
