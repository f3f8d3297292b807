"""The renderer: opens what must not be opened next to secrets, draws, and computes.

A container function without any AWS permission: what it reads and writes are presigned URLs in its
event. Top to bottom; imports run downwards only::

    tasks                               one event, one answer
    unpickle, pickle_vocabulary, plain  joblib files of anyone -> JSON
    corner_options, samples             what a corner plot is drawn from (by output.corner_figure)
    periodogram, lomb_scargle           light curves -> periodograms
    deredden, dust_map                  photometry without the extinction of our Galaxy
    options                             options as a query string or a body sends them
    transfer                            the edge: presigned URLs
    errors                              what can be wrong
"""
