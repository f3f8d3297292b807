"""The parameters of the fit: one table, which is both what is offered and what is checked.

Values may be typed (JSON) or text as a web form sends it ("True", "0.1"). Blank means the default.
"""

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fitter_lambda.errors import ParameterError

__all__ = ["PARAMETERS", "Parameters", "parse_parameters"]

#: In the shape of `optional_analysis_parameters` of a registered analysis service.
PARAMETERS: dict[str, dict[str, Any] | list[str]] = {
    "source": {
        "type": "string",
        "default": "nugent-sn2p",
        "title": "Model",
        "description": "Any source name of sncosmo, e.g. nugent-sn2p, salt3; name@version for one version.",
    },
    "fix_z": ["auto", "True", "False"],
    "z_min": {
        "type": "number",
        "default": 0.01,
        "title": "Lowest redshift",
        "description": "Lower bound of the redshift when it is free.",
    },
    "z_max": {
        "type": "number",
        "default": 1.0,
        "title": "Highest redshift",
        "description": "Upper bound of the redshift when it is free.",
    },
    "mwebv": {
        "type": "number",
        "default": 0.0,
        "title": "Milky Way E(B-V)",
        "description": "Reddening by dust of the Milky Way (mag), Fitzpatrick 1999 with R_V = 3.1.",
    },
    "mjd_min": {"type": "number", "title": "First MJD", "description": "Earlier photometry is left out."},
    "mjd_max": {"type": "number", "title": "Last MJD", "description": "Later photometry is left out."},
    "n_draws": {
        "type": "number",
        "default": 4000,
        "title": "Draws",
        "description": "Number of posterior draws to keep (100 to 20000).",
    },
    "seed": {
        "type": "number",
        "default": 0,
        "title": "Seed",
        "description": "Seed of the random numbers: the same seed and data give the same draws.",
    },
}

_TRUE = {"true", "t", "yes", "1"}
_FALSE = {"false", "f", "no", "0"}
#: Source names are this short; anything longer is no name, and would only make messages long.
_MAX_SOURCE_NAME = 80


@dataclass(frozen=True)
class Parameters:
    """The parameters of one fit, checked.

    Attributes
    ----------
    source : str
        sncosmo source name, or ``name@version``.
    fix_z : bool or None
        True: redshift fixed; False: free; None ("auto"): Gaussian prior when a redshift is known.
    z_min, z_max : float
        Bounds of a free redshift.
    mwebv : float
        E(B-V) of the Milky Way (mag).
    mjd_min, mjd_max : float
        Window of the photometry (days); infinite when not given.
    n_draws : int
        Posterior draws to keep.
    seed : int
        Seed of the random numbers.
    """

    source: str = "nugent-sn2p"
    fix_z: bool | None = None
    z_min: float = 0.01
    z_max: float = 1.0
    mwebv: float = 0.0
    mjd_min: float = -math.inf
    mjd_max: float = math.inf
    n_draws: int = 4000
    seed: int = 0


def parse_parameters(given: object) -> Parameters:
    """Check the analysis parameters that came with a payload.

    Parameters
    ----------
    given : object
        A mapping of names to values; None counts as empty.

    Returns
    -------
    Parameters

    Raises
    ------
    ParameterError
        A name is unknown or a value impossible; the message names the choices.
    """
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise ParameterError("analysis_parameters is not an object: expected {name: value, ...}.")
    values = {}
    for name, value in given.items():
        if name not in _READERS:
            raise ParameterError(_unknown_name(name))
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        values[name] = _READERS[name](name, value)
    parameters = Parameters(**values)
    if parameters.z_min >= parameters.z_max:
        raise ParameterError(f"z_min ({parameters.z_min:g}) has to be below z_max ({parameters.z_max:g}).")
    if parameters.mjd_min >= parameters.mjd_max:
        window = f"{parameters.mjd_min:g}..{parameters.mjd_max:g}"
        raise ParameterError(f"mjd_min..mjd_max is {window}; mjd_min has to be below mjd_max.")
    return parameters


def _unknown_name(name: object) -> str:
    near = difflib.get_close_matches(str(name)[:40], _READERS, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"Unknown parameter {str(name)[:40]!r}{hint}; the choices are: {', '.join(_READERS)}."


def _read_source(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > _MAX_SOURCE_NAME:
        raise ParameterError(f"{name} has to be the name of an sncosmo source, e.g. nugent-sn2p or salt3.")
    return value.strip().lower()


def _read_fix_z(name: str, value: object) -> bool | None:
    text = str(value).strip().lower()[:10]
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text == "auto":
        return None
    raise ParameterError(f"{name} is {text!r}; the choices are: auto, True, False.")


def _number(low: float, high: float) -> Callable[[str, object], float]:
    def read(name: str, value: object) -> float:
        try:
            if isinstance(value, bool) or not isinstance(value, (str, int, float)):
                raise ValueError
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
        if not low <= number <= high:  # False for NaN, too
            raise ParameterError(f"{name} is {str(value)[:40]!r}; expected a number, {low:g} to {high:g}.")
        return number

    return read


def _integer(low: int, high: int) -> Callable[[str, object], int]:
    read_number = _number(low, high)

    def read(name: str, value: object) -> int:
        number = read_number(name, value)
        if number != int(number):
            raise ParameterError(f"{name} is {number:g}; expected a whole number from {low} to {high}.")
        return int(number)

    return read


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "source": _read_source,
    "fix_z": _read_fix_z,
    "z_min": _number(1e-4, 5.0),
    "z_max": _number(1e-4, 5.0),
    "mwebv": _number(0.0, 5.0),
    "mjd_min": _number(0.0, 1e6),
    "mjd_max": _number(0.0, 1e6),
    "n_draws": _integer(100, 20000),
    "seed": _integer(0, 2**32 - 1),
}
