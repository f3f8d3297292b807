"""How a request proves to a service that it may call: the six types of ``authentication_type``."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

from requests import Response
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth
from requests_oauthlib import OAuth1

from chalicelib.schemas.services import Authentication

__all__ = ["RequestAuth", "build_request_auth"]


@dataclass(frozen=True)
class RequestAuth:
    """What to add to a request: headers, keys of the JSON body, or a scheme of requests'.

    Attributes
    ----------
    headers, body : dict of str
        What the request carries as it is.
    auth : AuthBase or None
        What signs it.
    secrets : frozenset of str
        The texts in it that nobody shall see, should the service repeat them.
    """

    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)
    auth: AuthBase | None = None
    secrets: frozenset[str] = frozenset()


def build_request_auth(kind: str, credentials: dict[str, Any]) -> RequestAuth:
    """Return what to add to a request to a service.

    Parameters
    ----------
    kind : str
        The service's ``authentication_type``.
    credentials : dict
        Its ``_authinfo`` in the flat form.
    """
    match Authentication(kind):
        case Authentication.NONE:
            return RequestAuth()
        case Authentication.HEADER_TOKEN:
            headers = credentials["header_token"]
            values = frozenset(headers.values())
            # "Bearer abc" is repeated as "abc" as well.
            return RequestAuth(
                headers=headers, secrets=values | {v.partition(" ")[2].strip() or v for v in values}
            )
        case Authentication.API_KEY:
            key = credentials["api_key"]
            return RequestAuth(body={credentials["api_key_name"]: key}, secrets=frozenset({key}))
        case Authentication.BASIC:
            return _basic(credentials["username"], credentials["password"])
        case Authentication.DIGEST:
            user, password = credentials["username"], credentials["password"]
            return RequestAuth(auth=_Digest(user, password), secrets=frozenset({user, password}))
        case Authentication.OAUTH1:
            return _oauth1(credentials)


def _basic(user: str, password: str) -> RequestAuth:
    # UTF-8 is the one character set that RFC 7617 names; requests would take Latin-1.
    pair = user.encode(), password.encode()
    together = b64encode(b":".join(pair)).decode()
    return RequestAuth(auth=HTTPBasicAuth(*pair), secrets=frozenset({user, password, together}))


def _oauth1(credentials: dict[str, Any]) -> RequestAuth:
    auth = OAuth1(
        credentials["app_key"],
        client_secret=credentials["app_secret"],
        resource_owner_key=credentials["user_oauth_token"],
        resource_owner_secret=credentials["user_oauth_token_secret"],
    )
    return RequestAuth(auth=auth, secrets=frozenset(credentials.values()))


class _Digest(HTTPDigestAuth):
    """The scheme of requests (RFC 7616), for servers of ill will; an instance is for one request."""

    def handle_401(self, r: Response, **kwargs: Any) -> Response:
        """Answer a challenge, whose body requests would read to its end, wherever that is."""
        unsigned = "Authorization" not in r.request.headers
        if unsigned and "digest" in r.headers.get("WWW-Authenticate", "").lower():
            r.close()
        return super().handle_401(r, **kwargs)

    def build_digest_header(self, method: str, url: str) -> str | None:
        """Return the header, or None if the challenge cannot be answered."""
        challenge = self._thread_local.chal
        if challenge.get("realm") is None or challenge.get("nonce") is None:
            return None
        # requests finds "auth" in "auth-int,auth", but not in "auth-int, auth".
        challenge["qop"] = (challenge.get("qop") or "").replace(" ", "")
        header = super().build_digest_header(method, url)
        # A header is sent as Latin-1: this makes it the bytes of UTF-8, as in what was hashed.
        return header and header.encode().decode("latin-1")
