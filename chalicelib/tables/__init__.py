"""The edge to DynamoDB: every table, item and condition, and nobody else's.

``people``, ``services``, ``instruments`` (table *registry*), ``sources`` (table *sources*),
``analyses`` and ``analysis_steps`` (table *analyses*) offer what the heart means to do; each
function that changes a state is one conditional write. ``base`` holds what they share: ids,
transactions, times.
"""
