"""Units of flux: the AB magnitude of one unit."""

import re

from chalicelib.sources.light_curve_files.cell_values import normalize_name

ZERO_POINTS = {
    "jy": 8.9, "jansky": 8.9, "mjy": 16.4, "millijy": 16.4, "ujy": 23.9, "microjy": 23.9, "microjansky": 23.9,
    "njy": 31.4, "nanojy": 31.4, "maggy": 0.0, "maggies": 0.0, "nmgy": 22.5, "nanomaggy": 22.5,
    "nanomaggies": 22.5, "erg_s_cm2_hz": -48.6, "erg_s_1_cm_2_hz_1": -48.6, "erg_cm_2_s_1_hz_1": -48.6,
    "erg_cm2_s_hz": -48.6, "erg_hz_s_cm2": -48.6, "erg_s_cm_2_hz": -48.6,
}  # fmt: skip
"""The AB magnitude of one unit, by the normalized name of the unit."""

MAGNITUDE_UNITS = {
    "mag": None, "mag_ab": "ab", "abmag": "ab", "ab_mag": "ab", "ab": "ab", "vegamag": "vega", "vega_mag": "vega",
    "mag_vega": "vega", "vega": "vega",
}  # fmt: skip
"""Units that make a number a magnitude, and the system that they name."""

_SUFFIX = re.compile(
    r"(?:^|_|(?<=^d)|(?<=^f))(microjy|millijy|nanojy|ujy|mjy|njy|jy|nmgy|nanomaggies|nanomaggy)(?:_|$)"
)


def get_zero_point(unit: str) -> float | None:
    """Return the AB magnitude of one unit of flux, or None if the unit is not known."""
    # An upper-case M is mega, which no table of supernovae uses: it is not taken for milli.
    if unit.strip().startswith("MJ"):
        return None
    return ZERO_POINTS.get(normalize_name(unit))


def find_unit_in_name(column: str) -> str | None:
    """Return the unit of flux that the name of a column ends with or is, or None."""
    match = _SUFFIX.search(normalize_name(column))
    if match and match[1] == "mjy" and "MJy" in column:
        return "MJy"
    return match[1] if match else None


def drop_unit(name: str) -> str:
    """Return the normalized name of a column without a unit of flux."""
    return _SUFFIX.sub("_", name).strip("_")
