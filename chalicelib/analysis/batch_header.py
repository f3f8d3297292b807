"""The header that tells a service that an analysis belongs to a batch, so that it can do several at once."""

BATCH_HEADER = "heliograph-batch"
"""Its value is the id of the batch."""

FEWEST_TOGETHER = 10
"""Analyses of a smaller batch are sent without it: who does few at once makes the first wait for the last."""
