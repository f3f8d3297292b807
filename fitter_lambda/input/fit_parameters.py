"""The parameters of a fit: one table with what is offered, how each is parsed, and its default.

Values may be typed (JSON, Python) or text of a web form ("True", "0.1"). Blank means the default.
"""

import difflib
import itertools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from fitter_lambda.errors import ParameterError

#: The source name that stands for all sources.
AUTO = "auto"
_TRUE, _FALSE = {"true", "t", "yes", "1"}, {"false", "f", "no", "0"}
#: Source names are shorter than this; a longer text would only make messages long.
_MAX_SOURCE_NAME = 80
#: More redshifts than photometric codes write.
_MAX_PDF_POINTS = 2000


def _parameter(offer: dict[str, Any] | list[str], parse: Callable[[str, Any], Any], default: Any) -> Any:
    return field(default=default, metadata={"offer": offer, "parse": parse})


def _offer(kind: str, title: str, description: str, default: object) -> dict[str, Any]:
    offer = {"type": kind, "title": title, "description": description}
    return offer if default in (None, -math.inf, math.inf) else offer | {"default": default}


def _number(low: float, high: float, title: str, description: str, default: float | None) -> Any:
    """Declare a number; a whole one if the default is."""

    def parse(name: str, value: object) -> float:
        number = _parse_number(name, value, low, high)
        if not isinstance(default, int):
            return number
        if number != int(number):
            raise ParameterError(f"{name} is {number:g}; expected a whole number from {low} to {high}.")
        return int(number)

    return _parameter(_offer("number", title, description, default), parse, default)


def _choice(*choices: str, **aliases: str) -> Any:
    """Declare a choice, the default first; "True" and "False" become bool, "auto" becomes None."""
    values: dict[str, Any] = dict(aliases)
    values |= {name.lower(): {"True": True, "False": False, AUTO: None}.get(name, name) for name in choices}

    def parse(name: str, value: object) -> Any:
        text = str(value).strip().lower()[:20]
        text = "true" if text in _TRUE else "false" if text in _FALSE else text
        if text not in values:
            raise ParameterError(f"{name} is {text!r}; the choices are: {', '.join(choices)}.")
        return values[text]

    return _parameter(list(choices), parse, values[choices[0].lower()])


def _parse_number(name: str, value: object, low: float, high: float) -> float:
    try:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise ValueError
        number = float(value)
    except (ValueError, OverflowError):
        number = math.nan
    if not low <= number <= high:  # False for NaN, too
        raise ParameterError(f"{name} is {str(value)[:40]!r}; expected a number, {low:g} to {high:g}.")
    return number


def _parse_source(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > _MAX_SOURCE_NAME:
        raise ParameterError(f"{name} has to be a source of sncosmo, e.g. nugent-sn2p, salt3, or auto.")
    source, at, version = value.strip().partition("@")
    return source.lower() + at + version


def _parse_error_floor(name: str, value: object) -> tuple[tuple[str, float], ...]:
    """Parse one fraction, or fractions by band: 0.02, "ztfg: 0.02, ztfr: 0.01", {"ztfg": 0.02}."""
    if isinstance(value, str) and ":" in value:
        # names of bands may hold a double colon, e.g. ps1::g
        parts = [part.rpartition(":") for part in value.replace("::", "\0").split(",") if part.strip()]
        value = {band: fraction for band, _, fraction in parts}
    entries = value if isinstance(value, Mapping) else {"": value}
    if len(entries) > 100:
        raise ParameterError(f"{name} names {len(entries)} bands; expected at most 100.")
    floors = [
        (str(band).strip().lower().replace("\0", "::")[:40], _parse_number(name, fraction, 0.0, 1.0))
        for band, fraction in entries.items()
    ]
    return tuple((band, floor) for band, floor in floors if band or floor > 0)


def _parse_redshift_pdf(name: str, value: object) -> tuple[tuple[float, float], ...]:
    """Parse a density of the redshift: "0.1: 0.2, 0.15: 1, 0.2: 0.3", {z: density}, or arrays (z, densities)."""
    pairs = _split_pairs(value)
    if not 2 <= len(pairs) <= _MAX_PDF_POINTS:
        raise ParameterError(
            f"{name} has {len(pairs)} redshifts with densities; expected 2 to {_MAX_PDF_POINTS}, e.g. "
            '"0.1: 0.2, 0.15: 1, 0.2: 0.3", or two arrays of equal length.'
        )
    points = sorted(
        (_parse_number(f"{name} (redshift)", z, 0.0, 5.0), _parse_number(f"{name} (density)", density, 0.0, 1e30))
        for z, density in pairs
    )
    repeated = [z for (z, _), (following, _) in itertools.pairwise(points) if z == following]
    if repeated:
        raise ParameterError(f"{name} has two densities at the redshift {repeated[0]:g}; give one.")
    if not any(density > 0 for _, density in points):
        raise ParameterError(f"{name} is zero at all redshifts; at least one density has to be above 0.")
    return tuple(points)


def _split_pairs(value: Any) -> list[tuple[Any, Any]]:
    """Split into pairs of a redshift and a density; empty if there are none."""
    if isinstance(value, str):
        entries = (re.split(r"\s*:\s*|\s+", entry.strip()) for entry in re.split(r"[,;\n]", value) if entry.strip())
        return [(entry[0], " ".join(entry[1:])) for entry in entries]
    if isinstance(value, Mapping):
        return list(value.items())
    try:
        redshifts, densities = (array.tolist() if hasattr(array, "tolist") else list(array) for array in value)
        return list(zip(redshifts, densities, strict=True))
    except (TypeError, ValueError):
        return []


@dataclass(frozen=True)
class Parameters:
    """The checked parameters of one fit; `PARAMETERS` describes each.

    Attributes
    ----------
    fix_z : bool or None
        None is "auto".
    error_scale : str or None
        None is "auto": a parameter of the fit.
    mwebv : float or None
        None: from the dust map, if there is one.
    error_floor : tuple of (str, float)
        Band and fraction; band "" means all.
    z_pdf : tuple of (float, float)
        Redshifts, ascending, and densities.
    mjd_min, mjd_max : float
        Infinite by default.
    """

    # fmt: off
    source: str = _parameter(
        _offer(
            "string", "Model",
            "Any source name of sncosmo, e.g. nugent-sn2p, salt3; name@version for one version; auto for "
            "all.", "nugent-sn2p",
        ), _parse_source, "nugent-sn2p",
    )
    fix_z: bool | None = _choice(AUTO, "True", "False")
    mjd_min: float = _number(0.0, 1e6, "First MJD", "Earlier photometry is left out.", -math.inf)
    mjd_max: float = _number(0.0, 1e6, "Last MJD", "Later photometry is left out.", math.inf)
    z_min: float = _number(1e-4, 5.0, "Lowest redshift", "Lower bound of a free redshift.", 0.01)
    z_max: float = _number(1e-4, 5.0, "Highest redshift", "Upper bound of a free redshift.", 1.0)
    z_prior: str | None = _choice(AUTO, "volume", "flat")
    z_pdf: tuple[tuple[float, float], ...] = _parameter(
        _offer(
            "string", "Redshift density",
            'Photometric redshift: densities at redshifts, "0.1: 0.2, 0.15: 1, 0.2: 0.3", straight lines between '
            "them, zero outside. Used instead of the source's redshift, z_prior, z_min and z_max.", None,
        ), _parse_redshift_pdf, (),
    )
    mwebv: float | None = _number(
        0.0, 5.0, "Milky Way E(B-V)",
        "Reddening by the Milky Way (mag), Fitzpatrick 1999 with R_V = 3.1. Blank: from the dust map, where "
        "there is one; 0 for photometry that was corrected.", None,
    )
    modelcov: str | bool = _choice("frozen", "full", "False", true="frozen")
    model_error: float = _number(
        0.0, 1.0, "Model error", "Of templates: by what fraction of its flux a supernova differs from one.", 0.2,
    )
    zp_error: float = _number(
        0.0, 1.0, "Zero-point error", "Error (mag) of the zero point of each band, shared by its rows.", 0.01,
    )
    error_floor: tuple[tuple[str, float], ...] = _parameter(
        _offer(
            "string", "Error floor",
            'Fraction of the flux, added to the errors: 0.02, or by band, "ztfg: 0.02, ztfr: 0.01".', "0",
        ), _parse_error_floor, (),
    )
    limits: str = _choice("censored", "gaussian", "ignore")
    limit_nsigma: float = _number(
        0.1, 100.0, "Sigma of limits", "What a limit without limiting_mag and zp is, in flux errors.", 5.0,
    )
    priors: str = _choice("physical", "flat")
    robust: bool = _choice("False", "True")
    error_scale: str | None = _choice("fixed", AUTO)
    n_draws: int = _number(100, 20000, "Draws", "Number of posterior draws (100 to 20000).", 4000)
    seed: int = _number(
        0, 2**32 - 1, "Seed", "Of the random numbers: the same seed and data give the same draws.", 0,
    )
    # fmt: on


_FIELDS = {parameter.name: parameter.metadata for parameter in fields(Parameters)}
#: In the shape of `optional_analysis_parameters` of a registered analysis service.
PARAMETERS: dict[str, dict[str, Any] | list[str]] = {name: data["offer"] for name, data in _FIELDS.items()}


def parse_parameters(options: object) -> Parameters:
    """Check the parameters of a fit.

    Parameters
    ----------
    options : object
        A mapping of names to values; None counts as empty.

    Returns
    -------
    `Parameters`
        With the default of each parameter that is blank.

    Raises
    ------
    ParameterError
        A name is unknown or a value impossible; the message names the choices.
    """
    if options is None:
        options = {}
    if not isinstance(options, Mapping):
        raise ParameterError("analysis_parameters is not an object: expected {name: value, ...}.")
    values: dict[str, Any] = {}
    for name, value in options.items():
        if name not in _FIELDS:
            raise ParameterError(_describe_unknown_name(str(name)[:40]))
        if value is not None and not (isinstance(value, str) and not value.strip()):
            values[name] = _FIELDS[name]["parse"](name, value)
    parameters = Parameters(**values)
    if parameters.z_pdf and parameters.fix_z:
        raise ParameterError("z_pdf is the prior of a free redshift, and fix_z is True; leave out one of them.")
    if parameters.z_min >= parameters.z_max:
        raise ParameterError(f"z_min ({parameters.z_min:g}) has to be below z_max ({parameters.z_max:g}).")
    if parameters.error_scale is None and (parameters.robust or parameters.modelcov == "full"):
        other = "robust=True" if parameters.robust else "modelcov=full"
        raise ParameterError(f"error_scale=auto does not go with {other}; leave out one of them.")
    if parameters.mjd_min >= parameters.mjd_max:
        window = f"{parameters.mjd_min:g}..{parameters.mjd_max:g}"
        raise ParameterError(f"mjd_min..mjd_max is {window}; mjd_min has to be below mjd_max.")
    return parameters


def _describe_unknown_name(name: str) -> str:
    matches = difflib.get_close_matches(name, PARAMETERS, n=1)
    hint = f" (did you mean {matches[0]}?)" if matches else ""
    return f"Unknown parameter {name!r}{hint}; the choices are: {', '.join(PARAMETERS)}."
