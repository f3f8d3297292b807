"""Names of sources in the spelling in which they are searched: lower case, without blanks and underscores."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

SEPARATOR = "\n"
"""Between names: no normalized name holds white space, so that no search matches across two of them."""

_BLANKS = re.compile(r"[\s_]+")
_MINUS = str.maketrans("\u2010\u2011\u2012\u2013\u2212", "-----")
# "SN1" stays: what is left must look like a year or a designation.
_PREFIX = re.compile(r"^(?:sn|at|ztf)(?=\d\d)")


def normalize_name(name: str) -> str:
    """Return a name as searches compare it: ``SN 2021hiz`` as ``sn2021hiz``."""
    text = unicodedata.normalize("NFKC", name).translate(_MINUS)
    return _BLANKS.sub("", text).casefold()


def strip_prefix(normalized: str) -> str:
    """Return a normalized name without SN, AT or ZTF: one object has names with each of them, and with none."""
    return _PREFIX.sub("", normalized)


def list_names(source_id: str, fields: dict[str, Any]) -> list[str]:
    """Return the id of a source and its other names."""
    others = [*(fields.get("alias") or ()), fields.get("tns_name"), fields.get("mpc_name")]
    return [source_id, *(name for name in others if name)]


def join_names(names: Iterable[str]) -> str:
    """Return the text that a search for a part of a name looks through."""
    return SEPARATOR.join(dict.fromkeys(normalize_name(name) for name in names))
