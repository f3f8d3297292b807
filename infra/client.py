"""The few calls of the API that the demo makes, as any script would."""

from typing import Any

import requests

__all__ = ["Api", "DemoError"]


class DemoError(Exception):
    """Something that the demo needs is not there; the message says what, and what to do."""


class Api:
    """The API at one address, for one token.

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
        return self._data("GET", path)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """POST to a path and return its ``data``."""
        return self._data("POST", path, body)

    def put(self, path: str, body: dict[str, Any]) -> Any:
        """PUT to a path and return its ``data``."""
        return self._data("PUT", path, body)

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        """PATCH a path and return its ``data``."""
        return self._data("PATCH", path, body)

    def whole(self, path: str) -> dict[str, Any]:
        """GET a path and return the whole answer, what stands beside ``data`` too."""
        answer: dict[str, Any] = self._answer("GET", path).json()
        return answer

    def file(self, path: str) -> bytes:
        """GET a product, wherever the redirect leads."""
        return self._answer("GET", path).content

    def _data(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._answer(method, path, body).json()["data"]

    def _answer(self, method: str, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        answer = self._session.request(method, self.url + path, json=body, timeout=60)
        if answer.status_code != 200:
            try:
                said = answer.json()["message"]
            except (ValueError, KeyError, TypeError):
                raise DemoError(
                    f"What answers at {self.url} is no Heliograph. PORT=… says where the stack listens."
                ) from None
            raise DemoError(f"{method} {path} was answered {answer.status_code}: {said}")
        return answer
