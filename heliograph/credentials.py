"""Where the address and the token of a portal come from: arguments, the environment, a file of the user."""

import os
import tomllib
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from heliograph.errors import CredentialsError

DEFAULT_URL = "http://localhost:5000"
"""The local stack of a clone."""


class Credentials(NamedTuple):
    """A portal's address, without ``/api``, a token of it, and the address of its web app, if that is another."""

    url: str
    token: str
    web_url: str | None = None

    def __repr__(self) -> str:
        """Show the address alone."""
        return f"Credentials(url={self.url!r})"


def find_credentials(url: str | None = None, token: str | None = None) -> Credentials:
    """Find the address and the token of a portal.

    Each is taken from the argument, else from ``HELIOGRAPH_URL`` and ``HELIOGRAPH_TOKEN``, else from the file that
    ``heliograph login`` writes. A token of the file belongs to the file's address, and is sent to no other one; so does
    that of the environment, if the environment has an address, too. The address of the web app is that of the file, or
    ``HELIOGRAPH_WEB_URL``.

    Parameters
    ----------
    url, token : str, optional
        What is known already.

    Raises
    ------
    CredentialsError
        If there is no token, the address is no http or https URL, or the file cannot be read.
    """
    known_url = os.environ.get("HELIOGRAPH_URL")
    if not url or not known_url or clean_url(url) == clean_url(known_url):
        token = token or os.environ.get("HELIOGRAPH_TOKEN")
    url = url or known_url
    saved = None if url and token else load_credentials()
    address = clean_url(url or (saved.url if saved else DEFAULT_URL))
    web_url = os.environ.get("HELIOGRAPH_WEB_URL")
    if saved and saved.url == address:
        token = token or saved.token
        web_url = web_url or saved.web_url
    if not token:
        raise CredentialsError(
            f"No token for {address} is known. Give one as the argument `token`, set HELIOGRAPH_TOKEN, "
            "or run `heliograph login`."
        )
    return Credentials(address, clean_token(token), clean_url(web_url) if web_url else None)


def clean_url(url: str) -> str:
    """Return a portal's address without ``/api`` and trailing slashes.

    Raises
    ------
    CredentialsError
        If it is no http or https URL of a host, or holds a user, a query or a fragment.
    """
    address = url.strip().rstrip("/").removesuffix("/api")
    try:
        parts = urlsplit(address)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
        parts = urlsplit("")
    if not is_usable or parts.query or parts.fragment or "@" in parts.netloc:
        raise CredentialsError(f"The address {url[:80]!r} is not valid; expected one such as {DEFAULT_URL}.")
    return address


def clean_token(token: str) -> str:
    """Return a token without blanks around it.

    Raises
    ------
    CredentialsError
        If it is empty, or holds characters that no token has.
    """
    token = token.strip().removeprefix("token ").strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise CredentialsError("The token holds characters that no token has; copy it anew, in one piece.")
    return token


def get_credentials_file() -> Path:
    """Return the path of the user's file, which need not exist."""
    folder = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(folder).expanduser() / "heliograph" / "credentials.toml"


def load_credentials() -> Credentials | None:
    """Load the user's file; None if there is none.

    Raises
    ------
    CredentialsError
        If the file cannot be read, or does not hold an address and a token.
    """
    path = get_credentials_file()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        web_url = content.get("web_url")
        return Credentials(
            clean_url(content["url"]), clean_token(content["token"]), clean_url(web_url) if web_url else None
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        raise CredentialsError(f"{path} cannot be read; run `heliograph login` to write it anew.") from None


def save_credentials(credentials: Credentials) -> Path:
    """Write the user's file, which only the user can read, and return its path."""
    path = get_credentials_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = "".join(f"{name} = {_quote(value)}\n" for name, value in credentials._asdict().items() if value)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
    return path


def _quote(value: str) -> str:
    """Write a TOML string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
