"""The edge to DynamoDB: every table, item and condition, and nobody else's.

``people``, ``services``, ``instruments`` (table *registry*), ``sources`` (table *sources*) and
``analyses`` (table *analyses*) offer what the heart means to do; each function that changes a
state is one conditional write. ``base`` holds what they share: names, counters, transactions.
"""
