"""A variable star with a known period."""

import math
import random

from infra.client import Api

__all__ = ["PERIOD", "add_variable"]

PERIOD = 0.56612
_BANDS = (("ztfg", 16.2, 1.0), ("ztfr", 16.0, 0.75))


def add_variable(api: Api, name: str, number: int = 240) -> None:
    """Add a star that rises fast and fades slowly, as RR Lyrae do, in two bands through a season."""
    chance = random.Random(1)
    mjd = sorted(59000 + 200 * chance.random() for _ in range(number))
    columns: dict[str, list[float | str]] = {"mjd": [*mjd], "filter": [], "mag": []}
    for i, time in enumerate(mjd):
        band, mean, width = _BANDS[i % 2]
        phase = 2 * math.pi * time / PERIOD
        shape = sum(math.sin(k * phase) * 0.42 / k for k in (1, 2, 3))
        columns["filter"].append(band)
        columns["mag"].append(mean + width * shape + chance.gauss(0, 0.03))
    api.post("/sources", {"id": name, "ra": 150.0, "dec": 2.0})
    given = {"obj_id": name, "instrument_id": 1, "magsys": "ab", "magerr": [0.03] * number}
    api.post("/photometry", {**given, **columns})
