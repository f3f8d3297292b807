"""HTTP with one portal: a token, retries that start nothing twice, errors with the portal's words."""

import json as json_text
import uuid
import warnings
from collections.abc import Iterator, Mapping
from typing import IO, Any
from urllib.parse import quote, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from heliograph.credentials import Credentials, clean_url
from heliograph.errors import (
    ArgumentError,
    ForbiddenError,
    NoAnswerError,
    NotFoundError,
    NotSignedInError,
    PortalError,
    RefusedError,
    UnavailableError,
    UnreadableAnswerError,
    UnsupportedError,
)
from heliograph.plain_text import clean_message
from heliograph.plain_values import to_plain

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
_RETRIES = 5
_CONNECT_RETRIES = 3
"""Fewer: the address may be wrong."""
_LONGEST_PAUSE = 30
"""Seconds before a further try, also where a portal asks for more (``Retry-After``)."""
MOST_ANSWER_BYTES = 1_000_000_000
"""Documents have at most 200 MB."""
_PIECE_BYTES = 1_000_000
_MOST_REDIRECTS = 5

_ERRORS = {401: NotSignedInError, 403: ForbiddenError, 404: NotFoundError, 429: UnavailableError}


class Connection:
    """A portal's API, as seen with one token.

    Parameters
    ----------
    credentials : Credentials
        Address and token.
    remembers_keys : bool
        Whether the portal does a POST only once that is repeated with the same ``Idempotency-Key``. If not, a POST is
        repeated only where nothing can have been done.
    is_skyportal : bool
        Whether it is a SkyPortal, which lacks what Heliograph adds to its API.
    """

    def __init__(self, credentials: Credentials, *, remembers_keys: bool = True, is_skyportal: bool = False) -> None:
        self.url = credentials.url
        self.web_url = credentials.web_url or credentials.url
        self.is_skyportal = is_skyportal
        self._remembers_keys = remembers_keys
        self._careful_session = _build_session(credentials.token, is_repeatable=False)
        self._session = _build_session(credentials.token, is_repeatable=True)
        self._storage_session = _build_storage_session()

    def __repr__(self) -> str:
        """Show the address alone."""
        return f"Connection({self.url!r})"

    def require_heliograph(self, what: str) -> None:
        """Refuse what a SkyPortal does not have.

        Raises
        ------
        UnsupportedError
            If this is a SkyPortal.
        """
        if self.is_skyportal:
            raise UnsupportedError(f"{self.url} is a SkyPortal, which has no {what}; a Heliograph has.")

    def get(self, path: str, **query: Any) -> Any:
        """GET a path below ``/api`` and return the ``data`` of the answer; arguments of None are left out."""
        return self.get_answer(path, **query)["data"]

    def get_answer(self, path: str, **query: Any) -> dict[str, Any]:
        """GET a path and return the whole answer, with ``data`` and what stands beside it."""
        return parse_answer(self.send("GET", path, params=query))

    def get_record(self, path: str, **query: Any) -> dict[str, Any]:
        """GET a path whose ``data`` is an object."""
        record = self.get(path, **query)
        if not isinstance(record, dict):
            raise _build_unreadable_error(200)
        return record

    def get_records(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """GET a path whose ``data`` is a list of objects."""
        return check_records(self.get(path, **query))

    def post(self, path: str, body: Mapping[str, Any] | None = None, **query: Any) -> Any:
        """POST a JSON body and return the ``data`` of the answer."""
        return _get_told_data(self.send("POST", path, json=body, params=query))

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """PUT a JSON body and return the ``data`` of the answer."""
        return _get_told_data(self.send("PUT", path, json=body))

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """PATCH with a JSON body and return the ``data`` of the answer."""
        return _get_told_data(self.send("PATCH", path, json=body))

    def delete(self, path: str) -> None:
        """DELETE a path."""
        self.send("DELETE", path)

    def get_file(self, path: str, **query: Any) -> bytes:
        """GET a file, following a redirect to where it is stored."""
        return self.send("GET", path, params=query).content

    def iterate_pages(self, path: str, **query: Any) -> Iterator[Any]:
        """Yield the ``data`` of each page of a list, by the cursor of the page before."""
        while True:
            response = self.send("GET", path, params=query)
            yield parse_answer(response)["data"]
            cursor = response.headers.get("X-Next-Cursor")
            if not cursor or cursor == query.get("cursor"):
                return
            query["cursor"] = cursor

    def send(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Any] | None = None,
        data: bytes | IO[bytes] | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request and return the response, whose status is below 300.

        A request is repeated after a broken connection, 429, 502, 503 and 504, if that cannot do anything twice: GET,
        PUT, PATCH and DELETE, and with a portal that remembers keys POST, too.

        Raises
        ------
        ArgumentError
            If the body holds NaN, or what JSON does not have.
        NoAnswerError
            If no answer came.
        PortalError
            If the status is 400 or above; a subclass by status, with the portal's message.
        """
        key = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" and self._remembers_keys else {}
        kind = {}
        if json is not None:
            data = encode_json(json)
            kind = {"Content-Type": "application/json"}
        query = {name: _write_query_value(value) for name, value in (params or {}).items() if value is not None}
        session = self._session if method != "POST" or self._remembers_keys else self._careful_session
        response = self._exchange(
            session,
            method,
            f"{self.url}/api{path}",
            data=data,
            params=query,
            headers={**kind, **key, **(headers or {})},
        )
        if response.is_redirect:
            response = self._follow_redirects(method, response)
        if response.status_code >= 300:
            raise build_portal_error(response)
        return response

    def put_in_storage(self, url: str, content: bytes, headers: Mapping[str, str]) -> None:
        """PUT a document to where the portal's answer says, without the token.

        Raises
        ------
        NoAnswerError
            If no answer came.
        PortalError
            If the storage refused it.
        """
        self._check_storage_address(url)
        response = self._exchange(self._storage_session, "PUT", url, data=content, headers=dict(headers))
        if response.status_code >= 300:
            kind = UnavailableError if response.status_code >= 500 else RefusedError
            raise kind(f"The storage of {self.url} did not take the document; try again.", response.status_code)

    def _follow_redirects(self, method: str, response: requests.Response) -> requests.Response:
        """Fetch a file from where it is stored; the token is sent to the portal alone."""
        for _ in range(_MOST_REDIRECTS):
            target = urljoin(response.url, response.headers["Location"])
            if method != "GET" or not _is_storage_redirect(response):
                raise RefusedError(_explain_redirect(self.url, target), response.status_code)
            self._check_storage_address(target)
            is_portal = _get_origin(target) == _get_origin(self.url)
            response = self._exchange(self._session if is_portal else self._storage_session, "GET", target)
            if not response.is_redirect:
                return response
        raise _build_unreadable_error(response.status_code)

    def _check_storage_address(self, address: str) -> None:
        """Refuse an address that is no web address, or less protected than the portal's."""
        scheme = urlsplit(address).scheme
        if scheme != "https" and (scheme != "http" or self.url.startswith("https:")):
            raise UnreadableAnswerError(
                f"{self.url} names an address for a file that is not https; tell its operators.", 200
            )

    def _exchange(self, session: requests.Session, method: str, address: str, **options: Any) -> requests.Response:
        timeout = (CONNECT_SECONDS, READ_SECONDS)
        try:
            response = session.request(method, address, timeout=timeout, allow_redirects=False, stream=True, **options)
            _load_content(response, self.url)
        except requests.RequestException as error:
            # The original error may quote the signature of a storage address.
            raise NoAnswerError(_explain_no_answer(self.url, error)) from None
        return response


def find_api(address: str) -> tuple[str, str | None]:
    """Return the address of a portal's API, and that of its web app if it is another one.

    Parameters
    ----------
    address : str
        Of either. A web app on a host of its own, as on AWS, names its API in ``config.json``.

    Raises
    ------
    UnreadableAnswerError
        If the web app names an API that is less protected than itself.
    """
    url = clean_url(address)
    try:
        response = requests.get(f"{url}/config.json", timeout=CONNECT_SECONDS, allow_redirects=False, stream=True)
        _load_content(response, url)
    except requests.RequestException as error:
        raise NoAnswerError(_explain_no_answer(url, error)) from None
    config = _load_json(response) if response.status_code == 200 else None
    named = config.get("api") if isinstance(config, dict) else None
    api = clean_url(urljoin(f"{url}/", named)) if isinstance(named, str) else url
    if url.startswith("https:") and not api.startswith("https:"):
        raise UnreadableAnswerError(f"{url} names an API that is not https; tell its operators.", 200)
    return (url, None) if api == url else (api, url)


def quote_part(text: str) -> str:
    """Return a part of a path, such as the name of a source, quoted.

    Raises
    ------
    ArgumentError
        If it is empty, ``.`` or ``..``, which would name another path.
    """
    if text.strip() in ("", ".", ".."):
        raise ArgumentError(f"{text!r} is not a name.")
    return quote(text.strip(), safe="")


def encode_json(value: Any) -> bytes:
    """Return a value as JSON; NaN is refused."""
    return json_text.dumps(to_plain(value), allow_nan=False, separators=(",", ":")).encode()


def check_records(records: Any) -> list[dict[str, Any]]:
    """Return a list of objects of an answer.

    Raises
    ------
    UnreadableAnswerError
        If it is none.
    """
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise _build_unreadable_error(200)
    return records


def build_portal_error(response: requests.Response) -> PortalError:
    """Return the exception for an answer of 300 or above, with the portal's message."""
    status = response.status_code
    answer = _load_json(response)
    if isinstance(answer, dict) and "message" in answer:
        message = clean_message(answer["message"])
    else:
        if status < 500 and status not in _ERRORS:
            return _build_unreadable_error(status)
        message = (
            f"{_get_origin(response.url)} answered HTTP {status} without a reason; check the address, or try later"
        )
    if status in _ERRORS:
        return _ERRORS[status](message, status)
    return UnavailableError(message, status) if status >= 500 else RefusedError(message, status)


def _load_content(response: requests.Response, url: str) -> None:
    """Read the content of an answer, which may be packed, as far as a portal's answers go."""
    content = bytearray()
    for piece in response.iter_content(_PIECE_BYTES):
        content += piece
        if len(content) > MOST_ANSWER_BYTES:
            response.close()
            raise UnreadableAnswerError(f"{url} sends more than {MOST_ANSWER_BYTES} bytes; it was not read.", 200)
    response._content = bytes(content)


def _load_json(response: requests.Response) -> Any:
    """Return the content of an answer; None if it is no JSON.

    It may hold NaN, which some portals send and `requests` refuses where simplejson is installed.
    """
    try:
        return json_text.loads(response.content)
    except (ValueError, RecursionError):
        return None


def parse_answer(response: requests.Response) -> dict[str, Any]:
    """Return the envelope of an answer: its ``data``, and what stands beside it.

    Raises
    ------
    UnreadableAnswerError
        If it has none.
    """
    answer = _load_json(response)
    if not isinstance(answer, dict) or ("data" not in answer and "status" not in answer):
        raise _build_unreadable_error(response.status_code)
    if answer.get("status") == "error":
        raise RefusedError(clean_message(answer.get("message")), response.status_code)
    return {"data": None, **answer}


def _get_told_data(response: requests.Response) -> Any:
    """Return the ``data`` of an answer, after its warnings and notes were told."""
    answer = parse_answer(response)
    for name in ("warnings", "notes"):
        sentences = answer.get(name)
        for sentence in sentences if isinstance(sentences, list) else ():
            warnings.warn(clean_message(sentence), stacklevel=5)
    return answer["data"]


def _build_unreadable_error(status: int) -> UnreadableAnswerError:
    return UnreadableAnswerError("The answer is not that of a portal's API; check the address, without /api.", status)


def _build_session(token: str, *, is_repeatable: bool) -> requests.Session:
    """Return a session that repeats what may be done twice, or only what was not done at all."""
    retry = Retry(
        _RETRIES,
        connect=_CONNECT_RETRIES,
        read=_RETRIES if is_repeatable else 0,
        other=0,
        status_forcelist=(429, 502, 503, 504) if is_repeatable else (429, 503),
        allowed_methods=None,
        backoff_factor=0.5,
        backoff_jitter=0.5,
        raise_on_status=False,
        retry_after_max=_LONGEST_PAUSE,
    )
    session = requests.Session()
    session.headers["Authorization"] = f"token {token}"
    # .netrc would replace the token
    session.auth = _keep_headers
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def _build_storage_session() -> requests.Session:
    """Return a session without a token; urllib3 would log the signed addresses that it tries again."""
    session = requests.Session()
    session.auth = _keep_headers
    return session


def _keep_headers(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _write_query_value(value: Any) -> Any:
    plain = to_plain(value)
    return "true" if plain is True else "false" if plain is False else plain


def _get_origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _is_storage_redirect(response: requests.Response) -> bool:
    """Return whether a redirect leads to a file, rather than to the portal's other address."""
    path = urlsplit(urljoin(response.url, response.headers["Location"])).path
    return path.rstrip("/") != urlsplit(response.url).path.rstrip("/")


def _explain_redirect(url: str, target: str) -> str:
    return f"{url} has moved to {_get_origin(target)}; nothing was done. Use the new address."


def _explain_no_answer(url: str, error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return f"{url} has no valid certificate; check the address."
    if isinstance(error, requests.Timeout):
        return f"{url} did not answer in time; it may have done what was asked. Look, or try again later."
    return f"{url} does not answer; check the address, and that the portal is running."
