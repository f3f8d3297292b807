"""What we claim about speed and size, measured: ``python -m benchmarks.api``."""
