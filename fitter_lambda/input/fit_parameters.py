"""The parameters of the fit: what is offered, and how each is read.

Values may be typed (JSON) or text as a web form sends it ("True", "0.1"). Blank means the default.
"""

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fitter_lambda.errors import ParameterError

__all__ = ["AUTO", "PARAMETERS", "Parameters", "parse_parameters"]

#: The name that stands for the whole catalogue.
AUTO = "auto"
_TRUE, _FALSE = {"true", "t", "yes", "1"}, {"false", "f", "no", "0"}
#: Source names are this short; anything longer is no name, and would only make messages long.
_MAX_SOURCE_NAME = 80


@dataclass(frozen=True)
class Parameters:
    """The parameters of one fit, checked; what each means stands in `PARAMETERS`.

    Attributes
    ----------
    fix_z : bool or None
        None is "auto".
    mwebv : float or None
        None: from the dust map, where there is one.
    error_floor : tuple of (str, float)
        Band and fraction; band "" means all.
    mjd_min, mjd_max : float
        Infinite when not given.
    """

    source: str = "nugent-sn2p"
    fix_z: bool | None = None
    z_min: float = 0.01
    z_max: float = 1.0
    z_prior: str = "flat"
    mwebv: float | None = None
    modelcov: bool = True
    model_error: float = 0.1
    error_floor: tuple[tuple[str, float], ...] = ()
    limits: str = "censored"
    limit_nsigma: float = 5.0
    priors: str = "physical"
    robust: bool = False
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
    values: dict[str, Any] = {}
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
    return f"Unknown parameter {str(name)[:40]!r}{hint}; the choices are: {', '.join(PARAMETERS)}."


def _read_source(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > _MAX_SOURCE_NAME:
        raise ParameterError(f"{name} has to be a source of sncosmo, e.g. nugent-sn2p, salt3, or auto.")
    plain, at, version = value.strip().partition("@")
    return plain.lower() + at + version


def _read_choice(name: str, value: object) -> Any:
    """One of those that `PARAMETERS` offers; True and False, and None for "auto"."""
    text = str(value).strip().lower()[:20]
    meant = "True" if text in _TRUE else "False" if text in _FALSE else text
    if meant not in PARAMETERS[name]:
        raise ParameterError(f"{name} is {text!r}; the choices are: {', '.join(PARAMETERS[name])}.")
    return {"True": True, "False": False, AUTO: None}.get(meant, meant)


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


def _read_floor(name: str, value: object) -> tuple[tuple[str, float], ...]:
    """One fraction, or fractions by band: 0.02, "ztfg: 0.02, ztfr: 0.01", {"ztfg": 0.02}."""
    if isinstance(value, str) and ":" in value:
        parts = [part.rpartition(":") for part in value.replace("::", "\0").split(",") if part.strip()]
        value = {band: fraction for band, _, fraction in parts}
    entries = value if isinstance(value, Mapping) else {"": value}
    if len(entries) > 100:
        raise ParameterError(f"{name} names {len(entries)} bands; expected at most 100.")
    read = _number(0.0, 1.0)
    names = (str(band).strip().lower().replace("\0", "::")[:40] for band in entries)
    floors = zip(names, (read(name, part) for part in entries.values()), strict=True)
    return tuple((band, floor) for band, floor in floors if band or floor > 0)


def _offer(kind: str, title: str, description: str, default: object = None) -> dict[str, Any]:
    entry = {"type": kind, "title": title, "description": description}
    return entry if default is None else entry | {"default": default}


#: In the shape of `optional_analysis_parameters` of a registered analysis service.
PARAMETERS: dict[str, dict[str, Any] | list[str]] = {
    "source": _offer(
        "string", "Model",
        "Any source name of sncosmo, e.g. nugent-sn2p, salt3; name@version for one version; auto for all.",
        Parameters.source,
    ),
    "fix_z": ["auto", "True", "False"],
    "z_min": _offer("number", "Lowest redshift", "Lower bound of a free redshift.", Parameters.z_min),
    "z_max": _offer("number", "Highest redshift", "Upper bound of a free redshift.", Parameters.z_max),
    "z_prior": ["flat", "volume"],
    "mwebv": _offer(
        "number", "Milky Way E(B-V)",
        "Reddening by the Milky Way (mag), Fitzpatrick 1999 with R_V = 3.1. Blank: from the dust map, where "
        "there is one; 0 for photometry that was corrected.",
    ),
    "modelcov": ["True", "False"],
    "model_error": _offer(
        "number", "Model error", "Of templates: a fraction of the observed flux, added to the errors.",
        Parameters.model_error,
    ),
    "error_floor": _offer(
        "string", "Error floor",
        'Fraction of the flux, added to the errors: 0.02, or by band, "ztfg: 0.02, ztfr: 0.01".', "0",
    ),
    "limits": ["censored", "gaussian", "ignore"],
    "limit_nsigma": _offer(
        "number", "Sigma of limits", "What a limit without limiting_mag and zp is, in flux errors.",
        Parameters.limit_nsigma,
    ),
    "priors": ["physical", "flat"],
    "robust": ["False", "True"],
    "mjd_min": _offer("number", "First MJD", "Earlier photometry is left out."),
    "mjd_max": _offer("number", "Last MJD", "Later photometry is left out."),
    "n_draws": _offer("number", "Draws", "Number of posterior draws (100 to 20000).", Parameters.n_draws),
    "seed": _offer(
        "number", "Seed", "Of the random numbers: the same seed and data give the same draws.",
        Parameters.seed,
    ),
}  # fmt: skip

_READERS: dict[str, Callable[[str, Any], Any]] = {
    **{name: _read_choice for name, offer in PARAMETERS.items() if isinstance(offer, list)},
    "source": _read_source,
    "z_min": _number(1e-4, 5.0),
    "z_max": _number(1e-4, 5.0),
    "mwebv": _number(0.0, 5.0),
    "model_error": _number(0.0, 1.0),
    "error_floor": _read_floor,
    "limit_nsigma": _number(0.1, 100.0),
    "mjd_min": _number(0.0, 1e6),
    "mjd_max": _number(0.0, 1e6),
    "n_draws": _integer(100, 20000),
    "seed": _integer(0, 2**32 - 1),
}
