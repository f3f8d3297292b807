"""Variable stars with known periods."""

import math
import random

from infra.client import Api

__all__ = ["PERIOD", "RR_LYRAE_PERIOD", "add_rr_lyrae", "add_variable"]

PERIOD = 0.56612
RR_LYRAE_PERIOD = 0.542746
_BANDS = (("ztfg", 16.2, 1.0), ("ztfr", 16.0, 0.75))


def add_variable(api: Api, name: str, num_points: int = 240) -> None:
    """Add a source like an RR Lyrae star (fast rise, slow decline), in two bands over 200 days."""
    rng = random.Random(1)
    mjd = sorted(59000 + 200 * rng.random() for _ in range(num_points))
    columns: dict[str, list[float | str]] = {"mjd": [*mjd], "filter": [], "mag": []}
    for i, date in enumerate(mjd):
        band, mean, width = _BANDS[i % 2]
        phase = 2 * math.pi * date / PERIOD
        shape = sum(math.sin(k * phase) * 0.42 / k for k in (1, 2, 3))
        columns["filter"].append(band)
        columns["mag"].append(mean + width * shape + rng.gauss(0, 0.03))
    api.post("/sources", {"id": name, "ra": 150.0, "dec": 2.0})
    common = {"obj_id": name, "instrument_id": 1, "magsys": "ab", "magerr": [0.03] * num_points}
    api.post("/photometry", {**common, **columns})


def add_rr_lyrae(api: Api, name: str, num_nights: int = 60) -> None:
    """Add an RR Lyrae star in three bands, each observed once a night from one site, on some nights of 150."""
    rng = random.Random(3)
    columns: dict[str, list[float | str]] = {"mjd": [], "filter": [], "mag": []}
    for band, width in (("ztfg", 1.0), ("ztfi", 0.6), ("ztfr", 0.8)):
        for night in sorted(rng.sample(range(150), num_nights)):
            date = 59000.3 + night + rng.gauss(0, 0.08)
            shape = sum(math.sin(2 * math.pi * k * date / RR_LYRAE_PERIOD) / k for k in (1, 2, 3))
            for column, value in zip(columns.values(), (date, band, 16 + 0.4 * width * shape), strict=True):
                column.append(value)
    columns["mag"] = [float(magnitude) + rng.gauss(0, 0.03) for magnitude in columns["mag"]]
    api.post("/sources", {"id": name, "ra": 150.0, "dec": 2.0})
    common = {"obj_id": name, "instrument_id": 1, "magsys": "ab", "magerr": [0.03] * len(columns["mag"])}
    api.post("/photometry", {**common, **columns})
