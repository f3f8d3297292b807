"""The life of an analysis: which steps it takes, and what each of them does.

::

    start                a request becomes a queued analysis
      service_parameters   the parameters of a request, checked against the service's declaration
      sealed_parameters    those that are secrets: sent, never shown
      service_inputs       the data that the author may see, as CSV texts
      group_choice         its groups: those that may see all of these data
      analysis_records     the new record, counted against the author's cap
    rerun                the same analysis once more
    batches              the same analysis of many sources
    default_analyses     analyses that a classification or a save to a group starts
    dispatch             one message becomes one request, sent again if needed
      service_request      the request itself, and what came of it
      callback_tokens      the one-time token of the callback
      request_signing      the signature of the request
      refusal_excerpts     what a refusing service said, without secrets
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
    ping                 whether a service can be reached
"""
