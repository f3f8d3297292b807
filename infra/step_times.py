"""Tell what a command is doing, and how long each step took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def print_step(name: str) -> Iterator[None]:
    """Print the name of a step when it begins, and its seconds when it is done."""
    start = time.monotonic()
    print(f"{name} … ", end="", flush=True)
    yield
    print(f"{time.monotonic() - start:.1f} s", flush=True)
