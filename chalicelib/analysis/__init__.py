"""The life of an analysis: which steps it takes, and what each of them does.

::

    start                a request becomes a queued analysis
      service_parameters   the parameters of a request, checked against the service's declaration
      sealed_parameters    those that are secrets: sent, never shown
      service_inputs       the data that the author may see, as CSV texts
      group_choice         its groups: those that may see all of these data
      analysis_records     the new record, counted against the author's cap
    rerun                the same analysis once more
    idempotency          a request or a job that comes twice starts one analysis
    batches              the same analysis of many sources
      batch_header         what their services are told of it
    default_analyses     analyses that a classification or a save to a group starts
    dispatch             one message becomes one request, sent again if needed; then others that wait in line
      dispatch_queue       its messages: one for each attempt, or for the line of a service
      line_waits           why an analysis waits for its service, until when, and who is woken then
      service_request      the request itself, and what came of it
      sending_state        how a service is sent analyses, for those who manage it
      callback_tokens      the one-time token of the callback
      request_signing      the signature of the request
      refusal_excerpts     what a refusing service said, if it is plain and short
    callback             the service's document, and its progress before that
    upload               a document from a user, without a callback
      documents            what a document holds, checked
      document_storage     where it is stored, and uploads that are too large for a request
    write_back           annotations and summaries of a completed analysis
    analysis_views       records as JSON, for those who may see them
    analysis_lists       pages of records
    analysis_sharing     which groups see an analysis
    product_blobs        plots, results, figures of the posterior, inference data
    analysis_deletion    cancelling and deleting
    sweep                every minute: what is late, unsent, half written back or half deleted
    blob_inventory       every day: blobs that no record names
    ping                 whether a service can be reached
    deployment_health    whether the deployment does its work
"""
