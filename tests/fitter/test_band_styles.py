"""Colours and markers of bands, which depend on nothing but their names."""

import pytest
from matplotlib.colors import is_color_like
from matplotlib.lines import Line2D

from fitter_lambda.output.band_styles import BandStyle, assign_band_styles


@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("ztfg", ("#2e8b57", "o")), ("ztfi", ("#c58b00", "^")), ("ps1::g", ("#2e8b57", "o")),
        ("DESY", ("#607d8b", "X")),
        ("2massks", ("#9b4f9f", ">")), ("cspjs", ("#a0602a", "*")), ("gaia::g", ("#777777", "H")),
        ("gaia::gbp", ("#3b6fe0", "D")), ("gaia::grp", ("#c0392b", "s")), ("uvot::uvw1", ("#c218a4", "<")),
        ("uvot::u", ("#8a4dff", "d")), ("atlaso", ("#e67e22", "h")),
    ],
)  # fmt: skip
def test_known_bands_have_their_style(name: str, style: tuple[str, str]) -> None:
    assert assign_band_styles([name]) == {name: BandStyle(*style)}


def test_other_bands_have_the_style_of_the_sum_of_their_letters() -> None:
    # f606w: 102 + 54 + 48 + 54 + 119 = 377 = 3 modulo 17
    assert assign_band_styles(["F606W"])["F606W"] == assign_band_styles(["bessellv"])["bessellv"]
    for name in ("", "µ", "f444w", "clear", "😀"):
        assert is_color_like(assign_band_styles([name])[name].colour)


def test_bands_of_one_colour_are_told_apart_whatever_their_order() -> None:
    names = ["ztfg", "sdss::g", "ps1::g", "ztfr"]
    styles = assign_band_styles(names)
    assert styles == assign_band_styles(reversed(names)) and list(styles) == sorted(names)
    assert styles["ps1::g"] == BandStyle("#2e8b57", "o")
    assert styles["sdss::g"] == BandStyle("#20613d", "p")  # 0.7 of each part, the next marker
    assert styles["ztfg"] == BandStyle("#17442b", "s")
    assert styles["ztfr"] == BandStyle("#c0392b", "s"), "other colours keep theirs"


def test_halves_are_rounded_up_as_javascript_does() -> None:
    assert assign_band_styles(["desu", "sdssu"])["sdssu"].colour == "#6136b3"  # 255 * 0.7 = 178.5


def test_every_marker_is_one_of_matplotlib() -> None:
    styles = assign_band_styles([f"band{i}g" for i in range(17)])
    markers = {style.marker for style in styles.values()}
    assert markers <= set(map(str, Line2D.markers)) and len(markers) > 10
