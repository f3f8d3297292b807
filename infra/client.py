"""A client of the API, with the few calls that the demo makes."""

from typing import Any

import requests


class DemoError(Exception):
    """Something that the demo needs is missing; the message says what, and what to do."""


class Api:
    """The API at one address, with one token.

    Parameters
    ----------
    url : str
        Its base, such as ``http://localhost:5000/api``.
    token : str
        The text of a token.
    """

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"token {token}"

    def get(self, path: str) -> Any:
        """GET a path and return its ``data``."""
        return self.get_body(path)["data"]

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """POST to a path and return its ``data``."""
        return self.send_request("POST", path, body).json()["data"]

    def put(self, path: str, body: dict[str, Any]) -> Any:
        """PUT to a path and return its ``data``."""
        return self.send_request("PUT", path, body).json()["data"]

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        """PATCH a path and return its ``data``."""
        return self.send_request("PATCH", path, body).json()["data"]

    def get_body(self, path: str) -> dict[str, Any]:
        """GET a path and return its whole JSON body, not only ``data``."""
        body: dict[str, Any] = self.send_request("GET", path).json()
        return body

    def get_file(self, path: str) -> bytes:
        """GET a product, following redirects, and return its content."""
        return self.send_request("GET", path).content

    def send_request(self, method: str, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        """Send a request and return the response.

        Raises
        ------
        DemoError
            If the status is not 200.
        """
        response = self._session.request(method, self.url + path, json=body, timeout=60)
        if response.status_code == 200:
            return response
        try:
            message = response.json()["message"]
        except (ValueError, KeyError, TypeError):
            raise DemoError(f"The server at {self.url} is not Heliograph. Set PORT to the port of the stack.") from None
        raise DemoError(f"{method} {path} was answered {response.status_code}: {message}")
