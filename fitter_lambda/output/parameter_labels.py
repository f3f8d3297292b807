"""How parameters and their numbers are written in figures."""

import math
from dataclasses import dataclass

import numpy as np

from fitter_lambda.arrays import Array

#: Plain text, since mathematics takes ten times as long to draw.
_SYMBOLS = {
    "t0": "t₀", "x0": "x₀", "x1": "x₁", "amplitude": "A", "delta": "Δ",
    "error_scale": "errors ×", "hostebv": "E(B−V) host", "mwebv": "E(B−V) MW",
}  # fmt: skip
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MAX_CHARACTERS = 20
#: Numbers within these are written without a power of ten.
_PLAIN_SIZES = (1e-2, 1e6)
_MAX_DECIMALS = 8
#: Values that differ by less than this part of them are counted from a round number.
_NARROW = 1e-3
_LARGEST_ORIGIN = 1e9


@dataclass(frozen=True)
class Fact:
    """A short text, and errors that stand above each other behind it."""

    text: str
    upper: str = ""
    lower: str = ""


def get_symbol(name: str) -> str:
    """Return a parameter's symbol; or its name, without its middle if it is long: names often differ at their end."""
    plain = _SYMBOLS.get(name) or name.replace("$", "")
    return plain if len(plain) <= _MAX_CHARACTERS else f"{plain[:9]}…{plain[-10:]}"


def write_factor(power: int) -> str:
    """Return the factor that a number is multiplied with if it is written without its power of ten."""
    return f"10{str(-power).translate(_SUPERSCRIPTS)} " if power else ""


def choose_power(size: float) -> int:
    """Return the power of ten to write a number with: 0 unless it is very small or large."""
    is_plain = size == 0 or _PLAIN_SIZES[0] < size < _PLAIN_SIZES[1]
    return 0 if is_plain or not math.isfinite(size) else math.floor(math.log10(size))


def count_decimals(spread: float) -> int:
    """Return the decimals that show two significant digits of a spread."""
    if not 0 < spread < math.inf:
        return 3
    return min(max(0, 1 - math.floor(math.log10(spread))), _MAX_DECIMALS)


def find_origin(values: Array) -> float:
    """Return a round number to count values from, whose digits would all be the same; else 0."""
    size, spread = float(np.max(np.abs(values))), float(np.ptp(values))
    if not 0 < spread < _NARROW * size < _NARROW * _LARGEST_ORIGIN:
        return 0.0
    step = 10.0 ** math.ceil(math.log10(spread))
    return step * math.floor(float(np.median(values)) / step)


def subtract_origin(symbol: str, origin: float) -> str:
    """Return the label of a parameter that is counted from an origin."""
    return f"{symbol} {'−' if origin > 0 else '+'} {abs(origin):.12g}" if origin else symbol


def describe_estimate(name: str, median: float, err_minus: float, err_plus: float) -> Fact:
    """Describe a parameter, with two significant digits of its error."""
    power = choose_power(max(abs(median), err_minus, err_plus))
    value, minus, plus = (number / 10.0**power for number in (median, err_minus, err_plus))
    decimals = count_decimals(min((error for error in (minus, plus) if error > 0), default=0.0))
    low, high = f"{minus:.{decimals}f}", f"{plus:.{decimals}f}"
    text = f"{write_factor(power)}{get_symbol(name)} = {value:.{decimals}f}".replace("-", "−")
    return Fact(f"{text} ± {low}") if low == high else Fact(text, f"+{high}", f"−{low}")
