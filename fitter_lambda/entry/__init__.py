"""The fit as a function and as a service.

- fitting: `fit` for notebooks, `fit_payload` for payloads
- queue_messages: one message of the fit queue, from payload to callback
- callback_delivery: the callback with its retries, reports of progress
- fit_storage: payload and document in S3
- egress: outgoing HTTP to public addresses only
- image_templates: fills the image's directory of templates, at its build
"""
