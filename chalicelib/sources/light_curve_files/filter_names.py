"""Names of filters in files, as names of sncosmo's bandpasses that can be meant."""

import re

_ZTF = {
    "g": ("1", "1.0", "g", "G", "ztf_g", "zg", "ztfg", "ztf-g", "p48g", "ZTF_g"),
    "r": ("2", "2.0", "r", "R", "ztf_r", "zr", "ztfr", "ztf-r", "p48r", "ZTF_r"),
    "i": ("3", "3.0", "i", "I", "ztf_i", "zi", "ztfi", "ztf-i", "p48i", "ZTF_i"),
}
_SLOAN = {"SU": "u", "SG": "g", "SR": "r", "SI": "i", "SZ": "z"}
_BESSELL = {"U": "bessellux", "B": "bessellb", "V": "bessellv", "R": "bessellr", "I": "besselli"}

SURVEY_FILTERS: dict[str, dict[str, tuple[str, ...]]] = {
    "ztf": {name: (f"ztf{band}", f"ztf::{band}") for band, names in _ZTF.items() for name in names},
    "atlas": {
        **dict.fromkeys(("o", "O", "orange", "ATLAS_o", "atlaso"), ("atlaso",)),
        **dict.fromkeys(("c", "C", "cyan", "ATLAS_c", "atlasc"), ("atlasc",)),
    },
    "asassn": {"g": ("sdssg", "sdss::g"), "V": ("bessellv",), "v": ("bessellv",)},
    "aavso": {
        **{name: (f"sdss{band}", f"sdss::{band}") for name, band in _SLOAN.items()},
        **{name: (band,) for name, band in _BESSELL.items()},
        **{name: (f"2mass{name.lower()}",) for name in ("J", "H")},
        "K": ("2massks",),
    },
}
"""Bandpasses by the names that a survey writes."""

_PREFIXES = {
    "ztf": ("ztf", "ztf::"), "sdss": ("sdss", "sdss::"), "ps1": ("ps1::",), "des": ("des",), "lsst": ("lsst",),
    "hsc": ("hsc::",), "skymapper": ("skymapper",), "megacam": ("megacampsf::",), "swope": ("swope2::", "csp"),
}  # fmt: skip
_SURVEY_WORDS = {
    "ztf": "ztf", "p48": "ztf", "sdss": "sdss", "sloan": "sdss", "ps1": "ps1", "ps": "ps1", "panstarrs": "ps1",
    "gpc1": "ps1", "des": "des", "decam": "des", "lsst": "lsst", "rubin": "lsst", "hsc": "hsc",
    "skymapper": "skymapper", "megacam": "megacam", "swope": "swope", "atlas": "atlas", "gaia": "gaia",
    "swift": "uvot", "uvot": "uvot", "bessell": "bessell", "johnson": "bessell", "cousins": "bessell",
    "bessel": "bessell", "2mass": "2mass",
}  # fmt: skip
_NO_WORDS = frozenset(("band", "filter", "bandpass"))
_OTHER = {
    "bessell": _BESSELL,
    "atlas": {"o": "atlaso", "c": "atlasc", "orange": "atlaso", "cyan": "atlasc"},
    "gaia": {"G": "gaia::g", "BP": "gaia::gbp", "RP": "gaia::grp", "Bp": "gaia::gbp", "Rp": "gaia::grp"},
    "uvot": {
        **{name: f"uvot::{name.lower()}" for name in ("UVW1", "UVW2", "UVM2", "uvw1", "uvw2", "uvm2", "white")},
        **{name: f"uvot::{name.lower()}" for name in ("U", "B", "V")},
    },
    "2mass": {"J": "2massj", "H": "2massh", "K": "2massks", "Ks": "2massks"},
}
_COMPACT = re.compile(r"(ztf|p48|atlas|sdss|des|lsst|z(?=[gri]$))([ugrizyoc])")


def suggest_bands(text: str, scheme: str) -> tuple[str, ...]:
    """Return the bandpasses that a name can mean, in lower case; none if the name is not known.

    Parameters
    ----------
    text : str
        The name in the file, such as ``g``, ``ZTF_g``, ``V`` or ``g'``. Case counts: R is not r.
    scheme : str
        The key of the survey in `SURVEY_FILTERS`, or an empty text.
    """
    name = text.strip()
    own = SURVEY_FILTERS.get(scheme, {})
    if own:
        return own.get(name) or own.get(name.lower(), ())
    compact = _COMPACT.fullmatch(name.lower())
    words = (
        [compact[1].replace("z", "ztf") if compact[1] == "z" else compact[1], compact[2]]
        if compact
        else [word for word in re.split(r"[\s_\-.:/()]+", name) if word]
    )
    return _suggest_by_words([word for word in words if word.lower() not in _NO_WORDS])


def _suggest_by_words(words: list[str]) -> tuple[str, ...]:
    surveys = [_SURVEY_WORDS.get(word.lower(), "") for word in words]
    letters = [word for word, survey in zip(words, surveys, strict=True) if not survey]
    families = [survey for survey in surveys if survey]
    if len(letters) != 1:
        return ()
    return _suggest_by_letter(letters[0], families[0] if families else None)


def _suggest_by_letter(letter: str, family: str | None) -> tuple[str, ...]:
    """Return the bandpasses of a letter, of one family or of all."""
    sloan = re.fullmatch(r"([ugrizy])(?:['’′]|p1?|\*)?", letter)
    bands: list[str] = []
    if sloan:
        is_prime = letter[1:] in ("'", "’", "′", "p")
        families = [family] if family else ["sdss"] if is_prime else list(_PREFIXES)
        bands += [prefix + sloan[1] for name in families for prefix in _PREFIXES.get(str(name), ())]
    for name, letters in _OTHER.items():
        if family in (None, name) and letter in letters:
            bands.append(letters[letter])
    return tuple(bands)
