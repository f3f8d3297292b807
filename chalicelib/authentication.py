"""How a request proves to a service that it may call: the six types of ``authentication_type``."""

from dataclasses import dataclass, field
from typing import Any

from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth
from requests_oauthlib import OAuth1

from chalicelib.schemas.services import Authentication

__all__ = ["Proof", "proof_for"]


@dataclass(frozen=True)
class Proof:
    """What to add to a request: headers, keys of the JSON body, or a scheme of requests'."""

    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)
    auth: AuthBase | None = None


def proof_for(kind: str, credentials: dict[str, Any]) -> Proof:
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
            return Proof()
        case Authentication.HEADER_TOKEN:
            return Proof(headers=credentials["header_token"])
        case Authentication.API_KEY:
            return Proof(body={credentials["api_key_name"]: credentials["api_key"]})
        case Authentication.BASIC:
            return Proof(auth=HTTPBasicAuth(credentials["username"], credentials["password"]))
        case Authentication.DIGEST:
            return Proof(auth=HTTPDigestAuth(credentials["username"], credentials["password"]))
        case Authentication.OAUTH1:
            return Proof(
                auth=OAuth1(
                    credentials["app_key"],
                    client_secret=credentials["app_secret"],
                    resource_owner_key=credentials["user_oauth_token"],
                    resource_owner_secret=credentials["user_oauth_token_secret"],
                )
            )
