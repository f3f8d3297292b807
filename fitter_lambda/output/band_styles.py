"""How each band looks in figures: by its name alone, so that the web app draws it alike.

`web/core/band_styles.js` holds the same rules; change both.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class BandStyle:
    """A colour (#rrggbb) and a marker of matplotlib."""

    colour: str
    marker: str


#: These read on white and on dark grounds. Their order decides the styles of other bands.
_STYLES = {
    "u": BandStyle("#8a4dff", "d"),
    "b": BandStyle("#3b6fe0", "D"),
    "g": BandStyle("#2e8b57", "o"),
    "v": BandStyle("#6aa84f", "p"),
    "r": BandStyle("#c0392b", "s"),
    "i": BandStyle("#c58b00", "^"),
    "z": BandStyle("#8d6e63", "P"),
    "y": BandStyle("#607d8b", "X"),
    "j": BandStyle("#a0602a", "*"),
    "h": BandStyle("#8e44ad", "<"),
    "k": BandStyle("#9b4f9f", ">"),
    "c": BandStyle("#17a2b8", "D"),
    "o": BandStyle("#e67e22", "h"),
    "gaia": BandStyle("#777777", "H"),
    "uvw1": BandStyle("#c218a4", "<"),
    "uvm2": BandStyle("#8e3fc0", ">"),
    "uvw2": BandStyle("#5b2a9b", "v"),
}
_MARKERS = [style.marker for style in _STYLES.values()]
_KEYS = {
    "ztfg": "g", "ztfr": "r", "ztfi": "i", "atlasc": "c", "atlaso": "o",
    "gaia::g": "gaia", "gaia::gbp": "b", "gaia::grp": "r",
    "uvot::uvw1": "uvw1", "uvot::uvw2": "uvw2", "uvot::uvm2": "uvm2",
}  # fmt: skip
_DARKER = 0.7


def assign_band_styles(names: Iterable[str]) -> dict[str, BandStyle]:
    """Assign a style to each band of one figure; of bands with one colour, each is darker than the one before.

    Parameters
    ----------
    names : iterable of str
        Names of bands, in any order.

    Returns
    -------
    dict of str to BandStyle
        Sorted by name.

    Examples
    --------
    >>> assign_band_styles(["ztfg", "ps1::g"])
    {'ps1::g': BandStyle(colour='#2e8b57', marker='o'), 'ztfg': BandStyle(colour='#20613d', marker='p')}
    """
    styles = {}
    uses = Counter[str]()
    for name in sorted(set(names)):
        style = _find_style(name)
        k = uses[style.colour]
        uses[style.colour] += 1
        styles[name] = _vary_style(style, k) if k else style
    return styles


def _find_style(name: str) -> BandStyle:
    lower = name.lower()
    letter = lower[:-1] if lower.endswith(("ks", "js")) else lower
    key = _KEYS.get(lower, letter[-1:])
    if key in _STYLES:
        return _STYLES[key]
    return list(_STYLES.values())[sum(map(ord, lower)) % len(_STYLES)]


def _vary_style(style: BandStyle, k: int) -> BandStyle:
    """Return the style of the k-th further band of a colour: darker, with a marker further on in the list."""
    parts = [int(style.colour[i : i + 2], 16) for i in (1, 3, 5)]
    # half up, as JavaScript rounds
    red, green, blue = (int(part * _DARKER**k + 0.5) for part in parts)
    marker = _MARKERS[(list(_STYLES.values()).index(style) + k) % len(_MARKERS)]
    return BandStyle(f"#{red:02x}{green:02x}{blue:02x}", marker)
