"""Analysis services that check credentials by the standards.

They share no code with the signing side: hashes are computed here, OAuth is checked by oauthlib's server
half. A refusal repeats what was sent, as careless servers do.
"""

import hashlib
import hmac
import json
import secrets
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.request import parse_http_list, parse_keqv_list

from oauthlib.oauth1 import RequestValidator, ResourceEndpoint

from tests.service import Headers, Received

REALM = "observatory"
Credentials = dict[str, Any]


@dataclass
class Guard:
    """An answer of a service: 200 for valid credentials, else 401.

    Attributes
    ----------
    knows : callable
        Returns whether a request has valid credentials.
    challenge : callable
        Returns the headers of a refusal.
    busy : list of tuple
        Answers to the first valid requests, instead of 200.
    accepted : list of Received
        The valid requests.
    """

    knows: Callable[[Received], bool]
    challenge: Callable[[], Headers] = dict
    busy: list[tuple[int, Headers]] = field(default_factory=list)
    accepted: list[Received] = field(default_factory=list)

    def __call__(self, request: Received) -> tuple[int, Headers, bytes]:
        if not self.knows(request):
            return 401, self.challenge(), f"<h1>Nobody</h1> {_echo(request)}".encode()
        self.accepted.append(request)
        return (*(self.busy.pop(0) if self.busy else (200, {})), b"")


def guard(kind: str, credentials: Credentials, algorithm: str = "MD5") -> Guard:
    """Return the guard of a service that accepts only these credentials."""
    match kind:
        case "none":
            return Guard(lambda request: not _echo(request))
        case "header_token":
            expected = {name.lower(): value for name, value in credentials["header_token"].items()}
            return Guard(lambda request: expected.items() <= request.headers.items())
        case "api_key":
            name, key = credentials["api_key_name"], credentials["api_key"]
            return Guard(lambda request: request.body.get(name) == key)
        case "HTTPBasicAuth":
            pair = f"{credentials['username']}:{credentials['password']}"
            return Guard(lambda request: _basic(request) == pair, lambda: {"WWW-Authenticate": "Basic"})
        case "HTTPDigestAuth":
            digest = Digest(credentials["username"], credentials["password"], algorithm)
            return Guard(digest.knows, digest.challenge)
        case "OAuth1":
            return Guard(Consumers(credentials).knows)
    raise ValueError(kind)


def _echo(request: Received) -> str:
    """Return the credentials of a request."""
    usual = {"inputs", "analysis_parameters", "analysis_resource_type", "resource_id", "resource"}
    usual |= {"callback_url", "callback_method", "invalid_after"}
    credentials = [value for name, value in request.headers.items() if name in ("authorization", "x-key")]
    credentials += [value for name, value in request.body.items() if name not in usual]
    return " ".join(map(json.dumps, credentials))


def _basic(request: Received) -> str:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    return b64decode(encoded, validate=True).decode() if scheme == "Basic" else ""


def digest_response(  # the names are those of RFC 7616, 3.4
    algorithm: str, user: str, realm: str, password: str, method: str, fields: dict[str, str]
) -> str:
    """Return the ``response`` of Digest with ``qop=auth``, as a server expects it."""

    def h(text: str) -> str:
        return hashlib.new(algorithm.replace("-", ""), text.encode()).hexdigest()

    a1, a2 = f"{user}:{realm}:{password}", f"{method}:{fields['uri']}"
    return h(f"{h(a1)}:{fields['nonce']}:{fields['nc']}:{fields['cnonce']}:{fields['qop']}:{h(a2)}")


class Digest:
    """A server of Digest (RFC 7616): each count of a nonce is valid once."""

    def __init__(self, user: str, password: str, algorithm: str) -> None:
        self.user, self.password, self.algorithm = user, password, algorithm
        self.opaque = secrets.token_hex(8)
        self.counts: dict[str, int] = {}

    def challenge(self) -> Headers:
        nonce = secrets.token_urlsafe(24)
        self.counts[nonce] = 0
        return {
            "WWW-Authenticate": f'Digest realm="{REALM}", qop="auth", algorithm={self.algorithm}, '
            f'nonce="{nonce}", opaque="{self.opaque}"'
        }

    def knows(self, request: Received) -> bool:
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        # Headers arrive as Latin-1; their content is UTF-8.
        fields = parse_keqv_list(parse_http_list(rest.encode("latin-1").decode()))
        expected = {
            "username": self.user, "realm": REALM, "uri": request.path, "opaque": self.opaque,
            "qop": "auth", "algorithm": self.algorithm,
        }  # fmt: skip
        if scheme != "Digest" or not expected.items() <= fields.items() or not fields.get("cnonce"):
            return False
        count = int(fields["nc"], 16)
        if len(fields["nc"]) != 8 or count <= self.counts.get(fields["nonce"], count):
            return False
        self.counts[fields["nonce"]] = count
        response = digest_response(self.algorithm, self.user, REALM, self.password, request.method, fields)
        return hmac.compare_digest(response, fields["response"])


class Consumers(RequestValidator):
    """A server of OAuth 1.0 (RFC 5849) that knows one consumer with one token; a nonce is valid once."""

    dummy_client = dummy_access_token = "nobody"
    enforce_ssl = False
    allowed_signature_methods = ("HMAC-SHA1",)

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self.credentials = credentials
        self.seen: set[tuple[str, ...]] = set()

    def knows(self, request: Received) -> bool:
        url = f"http://{request.headers['host']}{request.path}"
        known, _ = ResourceEndpoint(self).validate_protected_resource_request(
            url, request.method, request.raw.decode(), request.headers
        )
        return bool(known)

    def validate_timestamp_and_nonce(
        self, client_key: str, timestamp: str, nonce: str, request: Any, access_token: str | None = None, **_: Any
    ) -> bool:
        once = (client_key, timestamp, nonce, access_token or "")
        new = once not in self.seen
        self.seen.add(once)
        return new

    def validate_client_key(self, client_key: str, request: Any) -> bool:
        return client_key == self.credentials["app_key"]

    def validate_access_token(self, client_key: str, token: str, request: Any) -> bool:
        return token == self.credentials["user_oauth_token"]

    def validate_realms(self, *_: Any, **__: Any) -> bool:
        return True

    def get_client_secret(self, client_key: str, request: Any) -> str:
        return str(self.credentials["app_secret"])

    def get_access_token_secret(self, client_key: str, token: str, request: Any) -> str:
        return str(self.credentials["user_oauth_token_secret"])
