"""The heart: what an analysis is, and which steps it may take.

::

    start       a request becomes a queued analysis, with all that it will be sent
      inputs      the data that its author may see, as a service receives them
      parameters  what the author chose, checked against what the service declares
      records     the record itself, counted against the author's cap
      tokens      the one-time token of the callback
    dispatch    one message becomes one request to the service
      signing     what the request carries to prove who sends it
    callback    what the service calls back with, progress too
      documents   the document: read, checked, stored
    upload      the same document, from a user
    sweep       what is late, what was never sent, what is half deleted
    reading     records as their readers see them
      products    plots, results, corner plot, inference data
    removal     deleting, one or all of a service's
    ping        whether a service can be reached at all
"""
