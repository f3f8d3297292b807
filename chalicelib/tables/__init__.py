"""The edge to DynamoDB: every table, item and condition.

Each function that changes a state is one conditional write. In the table *registry*:

- ``users``, ``groups``, ``memberships``: people; ``people_items`` has their items
- ``names``: unique names of users, groups and services
- ``api_tokens``: tokens, by the hash of their text
- ``services``, ``default_analyses``, ``batches``: what analyses are started by
- ``instruments``, ``taxonomies``: telescopes, instruments, classes
- ``schedules``: when daily work is due
- ``id_index``: which source has the id of a point, spectrum or classification

In the table *sources*:

- ``sources``: the item of each source, its listings and counts; ``source_listings`` reads these;
  ``source_names``: names as they are searched
- ``favorites``: the sources that a user marked
- ``photometry``, ``phot_stat``, ``spectra``, ``remarks``, ``summaries``: items beside their source

In the table *analyses*:

- ``render_counts``: what the renderer made for a user in a minute
- ``analysis_items``: the items and indexes: records, callbacks, counts, idempotency keys, listings
- ``analyses``: adding and finding analyses; counts and their limits
- ``analysis_groups``: who sees an analysis
- ``service_lines``: what is remembered of sending to a service, and who waits for it in line; ``send_slots``: how many
  analyses it is being sent, and what came of each
- ``deletion_attempts``, ``kept_answers``: requests that may be repeated
- ``analysis_transitions``: every change of an analysis' state

Shared: ``base`` (models, ids, conditional writes, transactions, times) and ``pynamodb_adapter`` (PynamoDB's
private attributes).
"""
