"""What a process does anew after Lambda has restored it from a snapshot (SnapStart).

A snapshot is taken after the imports, before the first request. Imports open no connection and read no secret: both
happen in the first request that needs them. What must be secret or unique comes from the operating system.
"""

import random
from functools import cache


@cache
def reseed_random() -> None:
    """Seed the generator of pauses between retries, once: all copies of a snapshot would pause alike."""
    random.seed()
