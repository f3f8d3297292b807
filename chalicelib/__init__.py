"""The API half of Heliograph: the content of the zip package.

From the top down; imports run downwards only::

    app.py                  entry points: which function runs what
    routes/                 requests and responses (only these modules import Chalice)
    workers.py              handle messages and the schedule
    ------------------      the heart: plain Python, no Chalice, no AWS
    analysis/               the life of an analysis: start, dispatch, callback, sweep, write back
    sources/                sources with photometry, spectra, classifications, comments, annotations
    people/                 users, groups, API tokens
    services.py             the registry of analysis services
    fitter_endpoint.py      HTTP endpoint of the supernova fitter
    reference/              the OpenAPI document and /api/docs, generated from routes and schemas
    operation_signature.py  an operation, and what its signature says
    schemas/                the fields of requests and responses (msgspec)
    access.py               who may see and do what
    ------------------      the edges: one module for each outside system
    tables/                 DynamoDB
    blobs.py                S3
    blob_keys.py            where each blob lies
    queues.py               SQS
    jobs.py                 what the queue of jobs carries
    secrets.py              KMS and Secrets Manager
    egress.py               requests to analysis services
    authentication.py       the proof of identity in these requests
    lambda_functions.py     calls of other Lambda functions
    renderer.py             calls of the renderer, which opens untrusted files
    aws.py                  the AWS clients
    log_context.py          what log lines say of their work; metrics
    deadlines.py            how long a request may still wait
    snapshot_restore.py     what a process that was restored from a snapshot does anew
    json_text.py            JSON from outside
    settings.py             environment variables, names of resources, limits
    strict_headers.py       the headers of all answers
    errors.py               the errors that a user can meet

`heliograph_guards`, shared with the fitter, holds the ranges of values and the transport of outgoing requests.
"""
