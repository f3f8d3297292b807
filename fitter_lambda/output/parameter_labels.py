"""How parameters and their numbers are written in figures."""

import math
from dataclasses import dataclass

SYMBOLS = {
    "z": "$z$", "t0": "$t_0$", "x0": "$x_0$", "x1": "$x_1$", "c": "$c$", "amplitude": "$A$", "s": "$s$",
    "delta": r"$\Delta$", "hostebv": r"$E(B{-}V)_\mathrm{host}$", "mwebv": r"$E(B{-}V)_\mathrm{MW}$",
}  # fmt: skip
#: Mathematics takes ten times as long to draw as plain text.
_PLAIN_SYMBOLS = {
    "t0": "t₀", "x0": "x₀", "x1": "x₁", "amplitude": "A", "delta": "Δ",
    "hostebv": "E(B−V) host", "mwebv": "E(B−V) MW",
}  # fmt: skip
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MAX_CHARACTERS = 24
#: Numbers within these are written without a power of ten.
_PLAIN_SIZES = (1e-2, 1e6)
_MAX_DECIMALS = 8


@dataclass(frozen=True)
class Fact:
    """A short text, and errors that stand above each other behind it."""

    text: str
    upper: str = ""
    lower: str = ""


def get_symbol(name: str) -> str:
    """Return a parameter's symbol, or its name without what would be read as mathematics."""
    return SYMBOLS.get(name) or name.replace("$", "")


def choose_power(size: float) -> int:
    """Return the power of ten to write a number with: 0 unless it is very small or large."""
    is_plain = size == 0 or _PLAIN_SIZES[0] < size < _PLAIN_SIZES[1]
    return 0 if is_plain or not math.isfinite(size) else math.floor(math.log10(size))


def count_decimals(spread: float) -> int:
    """Return the decimals that show two significant digits of a spread."""
    if not 0 < spread < math.inf:
        return 3
    return min(max(0, 1 - math.floor(math.log10(spread))), _MAX_DECIMALS)


def describe_estimate(name: str, median: float, err_minus: float, err_plus: float) -> Fact:
    """Describe a parameter, with two significant digits of its error."""
    power = choose_power(max(abs(median), err_minus, err_plus))
    value, minus, plus = (number / 10.0**power for number in (median, err_minus, err_plus))
    decimals = count_decimals(min((error for error in (minus, plus) if error > 0), default=0.0))
    low, high = f"{minus:.{decimals}f}", f"{plus:.{decimals}f}"
    factor = f"10{str(-power).translate(_SUPERSCRIPTS)} " if power else ""
    text = f"{factor}{_PLAIN_SYMBOLS.get(name, name[:_MAX_CHARACTERS])} = {value:.{decimals}f}".replace("-", "−")
    return Fact(f"{text} ± {low}") if low == high else Fact(text, f"+{high}", f"−{low}")
