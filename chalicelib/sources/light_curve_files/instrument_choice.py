"""The instrument of a row, and its bandpass: named by the row, the request or the survey, or the only one."""

import re
from typing import Any, NamedTuple

from chalicelib.sources import magnitudes
from chalicelib.sources.light_curve_files.cell_values import is_blank
from chalicelib.sources.light_curve_files.filter_names import suggest_bands
from chalicelib.sources.light_curve_files.surveys import Survey

Instruments = dict[int, dict[str, Any]]

ALIASES = {
    "ztfcam": "ztf", "p48": "ztf", "p48ztf": "ztf", "palomarztf": "ztf", "atlas1": "atlas", "atlas2": "atlas",
    "atlas01": "atlas", "atlas02": "atlas", "gpc1": "panstarrs1", "ps1": "panstarrs1", "gaiaastrometric": "gaia",
}  # fmt: skip
"""What catalogues call an instrument, and the name that it is usually registered by."""


class Names(NamedTuple):
    """What a row says of its instrument, as text."""

    filter: str
    instrument: str = ""
    instrument_id: str = ""
    telescope: str = ""


class Choice(NamedTuple):
    """An instrument and one of its bandpasses; whether the file wrote the bandpass' full name."""

    instrument_id: int
    band: str
    is_full_name: bool


def choose_instrument(names: Names, requested: int | None, survey: Survey, instruments: Instruments) -> Choice:
    """Return the instrument and the bandpass of a row.

    Parameters
    ----------
    names : Names
        What the row says. The name of an instrument counts more than its number, which another
        deployment may have given.
    requested : int or None
        The instrument of rows that name none.
    survey : Survey
        The origin of the file.
    instruments : dict
        All instruments, by id.

    Raises
    ------
    ValueError
        If the row does not determine an instrument that has its filter.
    """
    if is_blank(names.filter):
        raise ValueError("filter: missing")
    candidates = _list_candidates(names, requested, survey, instruments)
    choices = [choice for number in candidates for choice in _match_filter(names.filter, number, survey, instruments)]
    exact = [choice for choice in choices if choice.is_full_name] or choices
    if len(exact) == 1:
        return exact[0]
    raise ValueError(_explain_choice(names.filter, exact, candidates, instruments))


def _list_candidates(names: Names, requested: int | None, survey: Survey, instruments: Instruments) -> list[int]:
    """Return the instruments that can be meant: one if any is named."""
    if not is_blank(names.instrument):
        return [_require_named(names.instrument, instruments)]
    if not is_blank(names.telescope):
        matches = _find_named(names.telescope, instruments)
        if len(matches) == 1:
            return matches
    if not is_blank(names.instrument_id):
        return [_require_numbered(names.instrument_id, instruments)]
    if requested is not None:
        return [requested]
    for name in survey.instruments:
        matches = _find_named(name, instruments)
        if len(matches) == 1:
            return matches
    return [number for number, instrument in instruments.items() if instrument.get("filters")]


def _normalize(name: str) -> str:
    normalized = re.sub(r"[^0-9a-z]+", "", name.lower())
    return ALIASES.get(normalized, normalized)


def _find_named(name: str, instruments: Instruments) -> list[int]:
    exact = [n for n, instrument in instruments.items() if instrument["name"].strip().lower() == name.strip().lower()]
    if exact:
        return exact
    normalized = _normalize(name)
    return [n for n, instrument in instruments.items() if _normalize(instrument["name"]) == normalized]


def _require_named(name: str, instruments: Instruments) -> int:
    matches = _find_named(name, instruments)
    if len(matches) == 1:
        return matches[0]
    known = ", ".join(instrument["name"] for instrument in instruments.values())[:300]
    raise ValueError(
        f"instrument: “{name[:40]}” is not one of the instruments here ({known or 'there are none'}); "
        'rename it, or leave the column out with columns={"instrument": ""}'
    )


def _require_numbered(text: str, instruments: Instruments) -> int:
    match = re.fullmatch(r"([0-9]{1,15})(?:\.0*)?", text.strip())
    number = int(match[1]) if match else None
    if number not in instruments:
        raise ValueError(f"instrument_id: there is no instrument {text.strip()[:40]}")
    return number


def _match_filter(text: str, number: int, survey: Survey, instruments: Instruments) -> list[Choice]:
    """Return the bandpasses of an instrument that a name can mean."""
    bands = [str(band) for band in instruments[number].get("filters") or []]
    exact = [band for band in bands if band == text.strip()] or [b for b in bands if b.lower() == text.strip().lower()]
    if exact and len(text.strip()) > 1:
        return [Choice(number, exact[0], is_full_name=True)]
    suggestions = suggest_bands(text, survey.filters)
    if not bands:
        # An instrument without a list of bandpasses takes any that is known.
        if text.strip().lower() in magnitudes.VEGA:
            return [Choice(number, text.strip().lower(), is_full_name=True)]
        return [Choice(number, band, is_full_name=False) for band in suggestions[:1] if survey.filters]
    matches = [band for band in bands if band.lower() in suggestions]
    if survey.filters:
        matches = sorted(matches, key=lambda band: suggestions.index(band.lower()))[:1]
    return [Choice(number, band, is_full_name=False) for band in matches or exact]


def _explain_choice(text: str, choices: list[Choice], candidates: list[int], instruments: Instruments) -> str:
    name = text.strip()[:40]
    if choices:
        several = ", ".join(
            f"{choice.band} of {instruments[choice.instrument_id]['name']} (instrument_id={choice.instrument_id})"
            for choice in choices[:8]
        )
        return f"filter: “{name}” may be {several}; choose the instrument, or write the full name"
    if len(candidates) == 1:
        instrument = instruments[candidates[0]]
        bands = ", ".join(instrument.get("filters") or []) or "no list of bandpasses: write sncosmo's full name"
        return f"filter: “{name}” is not a bandpass of {instrument['name']}, which has {bands[:300]}"
    bands = ", ".join(sorted({band for number in candidates for band in instruments[number].get("filters") or []}))
    return f"filter: “{name}” is not a bandpass of any instrument here; they have {bands[:300] or 'none'}"
