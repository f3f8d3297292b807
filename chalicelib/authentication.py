"""The proof of identity in a request to a service: the six types of ``authentication_type``."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

from requests import Response
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth
from requests_oauthlib import OAuth1

from chalicelib.schemas.services import Authentication


@dataclass(frozen=True)
class RequestAuth:
    """What to add to a request to a service.

    Attributes
    ----------
    headers, body : dict of str
        Headers, and keys of the JSON body.
    auth : AuthBase or None
        A scheme of requests that signs the request.
    secrets : frozenset of str
        The texts to redact if the service repeats them.
    """

    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)
    auth: AuthBase | None = None
    secrets: frozenset[str] = frozenset()


def build_request_auth(kind: Authentication, credentials: dict[str, Any]) -> RequestAuth:
    """Return what to add to a request to a service.

    Parameters
    ----------
    kind : Authentication
        The service's ``authentication_type``.
    credentials : dict
        Its ``_authinfo`` in the flat form.
    """
    match kind:
        case Authentication.NONE:
            return RequestAuth()
        case Authentication.HEADER_TOKEN:
            headers = credentials["header_token"]
            # A service may repeat "Bearer abc" as "abc".
            tokens = {value.partition(" ")[2].strip() or value for value in headers.values()}
            return RequestAuth(headers=headers, secrets=frozenset(tokens | {*headers.values()}))
        case Authentication.API_KEY:
            key = credentials["api_key"]
            return RequestAuth(body={credentials["api_key_name"]: key}, secrets=frozenset({key}))
        case Authentication.BASIC:
            return _build_basic(credentials["username"], credentials["password"])
        case Authentication.DIGEST:
            digest = _Digest(credentials["username"], credentials["password"])
            return RequestAuth(auth=digest, secrets=frozenset(credentials.values()))
        case Authentication.OAUTH1:
            auth = OAuth1(
                credentials["app_key"],
                client_secret=credentials["app_secret"],
                resource_owner_key=credentials["user_oauth_token"],
                resource_owner_secret=credentials["user_oauth_token_secret"],
            )
            return RequestAuth(auth=auth, secrets=frozenset(credentials.values()))


def _build_basic(username: str, password: str) -> RequestAuth:
    # requests would encode as Latin-1; UTF-8 is the only charset that RFC 7617 names.
    auth = HTTPBasicAuth(username.encode(), password.encode())
    encoded = b64encode(f"{username}:{password}".encode()).decode()
    return RequestAuth(auth=auth, secrets=frozenset({username, password, encoded}))


class _Digest(HTTPDigestAuth):
    """Digest auth (RFC 7616) hardened against malicious servers; an instance is for one request."""

    def handle_401(self, r: Response, **kwargs: Any) -> Response:
        """Answer a challenge without reading its body, which requests would read to the end."""
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
        # Headers are sent as Latin-1; this sends the UTF-8 bytes that were hashed.
        return header and header.encode().decode("latin-1")
