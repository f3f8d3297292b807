"""Payloads as portals send them, with a light curve that rises and falls."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

PortalKind = Literal["heliograph", "skyportal"]

_HEADERS = {
    "photometry": "mjd,flux,fluxerr,mag,magerr,filter,magsys,limiting_mag,zp,instrument_name,predicted_mag\n",
    "spectra": "observed_at,wavelengths,fluxes,errors,units,altdata,created_at,origin,modified,type,id\n",
    "annotations": "data,modified,origin,created_at\n",
    "comments": "text,bot,modified,origin,created_at\n",
    "classifications": "classification,probability,modified,created_at\n",
}
_REDSHIFT = "redshift,redshift_error,redshift_origin\n0.0461,,\n"
_N_POINTS = 40


def make_photometry() -> str:
    """Return photometry as CSV: 40 points in two bands, and a limit."""
    rows = []
    for number in range(_N_POINTS):
        mjd = 58590.0 + number
        flux = 50 + 400 * math.exp(-0.5 * ((mjd - 58607) / 9) ** 2) + 5 * math.sin(7.0 * number)
        mag = 23.9 - 2.5 * math.log10(flux)
        band = ("ztfg", "ztfr")[number % 2]
        rows.append(f"{mjd},{flux:.3f},5.0,{mag:.4f},{1.0857 * 5 / flux:.4f},{band},ab,20.96,23.9,ZTF,\n")
    return _HEADERS["photometry"] + "58585.5,,6.0,,,ztfg,ab,20.76,23.9,ZTF,\n" + "".join(rows)


def make_inputs(
    kind: PortalKind, input_types: list[str], parameters: Mapping[str, Any], inputs: Mapping[str, str]
) -> dict[str, Any]:
    """Return the inputs of a payload: those that are named, samples of photometry and redshift, others without rows.

    A SkyPortal leaves out the header of what it has no rows of.
    """
    samples = {"photometry": make_photometry(), "redshift": _REDSHIFT}
    empty = _HEADERS if kind == "heliograph" else dict.fromkeys(_HEADERS, "\n")
    texts = {name: inputs.get(name, samples.get(name) or empty[name]) for name in input_types}
    return {**texts, "analysis_parameters": dict(parameters)}


def make_payload(kind: PortalKind, callback_url: str, inputs: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Return a payload; a SkyPortal sends no position, and names the parameters in the inputs alone."""
    end = datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=seconds)
    payload = {
        "callback_url": callback_url,
        "inputs": dict(inputs),
        "callback_method": "POST",
        "invalid_after": str(end),
        "analysis_resource_type": "obj",
        "resource_id": "2019dwz",
        "analysis_parameters": {},
    }
    if kind == "heliograph":
        payload["analysis_parameters"] = inputs["analysis_parameters"]
        payload["resource"] = {"ra": 184.5861, "dec": 31.2213}
    return payload
