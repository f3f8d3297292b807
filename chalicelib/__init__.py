"""The API half of Heliograph: what the zip package holds.

Read from the top down; imports run downwards only::

    app.py            entry points: which function runs what
    routes/           a request in, an envelope out (the only rooms that know Chalice)
    workers.py        a message or the clock in, one call of the heart
    ----------------  the heart: plain Python, no Chalice, no AWS
    analysis/         the life of an analysis: start, dispatch, callback, sweep, read back
    sources/          what is known of a source: photometry, spectra, redshift
    people/           users, groups, tokens
    services.py       the registry of analysis services
    fitter_door.py    what the app knows of the supernova fitter: where its payloads go
    reference/        the OpenAPI document and the page of /api/docs, made from routes and schemas
    schemas/          what a request may hold (msgspec)
    access.py         who may see and do what
    ----------------  the edges: one module for each thing outside
    tables/           DynamoDB
    blobs.py          S3
    queues.py         SQS
    secrets.py        KMS and Secrets Manager
    egress.py         outgoing HTTP requests; egress_policy.py says to whom
    authentication.py how such a request proves that it may call
    functions.py      functions that an answer waits for
    renderer.py       the one that opens what must not be opened here
    aws.py            the clients of all these
    json_text.py      JSON from outside
    settings.py       the environment
    errors.py         the exceptions of all of the above
"""
