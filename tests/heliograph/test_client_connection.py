"""HTTP with a portal: the token, retries, errors, addresses of files."""

import gzip
import subprocess
import sys
import traceback
from pathlib import Path

import numpy as np
import pytest

from heliograph import Heliograph, SkyPortal
from heliograph.errors import (
    ArgumentError,
    ForbiddenError,
    NoAnswerError,
    NotFoundError,
    NotSignedInError,
    RefusedError,
    UnavailableError,
    UnreadableAnswerError,
)
from tests.heliograph.prepared_portal import (
    TOKEN,
    PreparedPortal,
    break_connection,
    prepared_portal,
    refuse,
    reply,
    send,
)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once."""
    monkeypatch.setattr("urllib3.util.Retry.get_backoff_time", lambda retry: 0)


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = ("requests", "numpy", "pandas", "astropy", "arviz", "matplotlib", "tqdm", "chalice", "boto3")
    code = f"import sys, heliograph; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_the_client_imports_only_http_until_it_needs_more() -> None:
    heavy = ("numpy", "pandas", "astropy", "arviz", "matplotlib", "tqdm", "chalice", "boto3", "chalicelib")
    code = f"import sys; from heliograph import Heliograph; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_the_token_is_sent_to_the_portal(portal: PreparedPortal, sky: Heliograph) -> None:
    assert sky.user.name == "ada"
    assert portal.requests[-1].headers["authorization"] == f"token {TOKEN}"


def test_the_token_is_not_sent_to_where_a_file_is_stored(portal: PreparedPortal, sky: Heliograph) -> None:
    with prepared_portal() as storage:
        storage.answer("GET", "/plot.png", send(b"\x89PNG\r\n\x1a\n"))
        portal.answer("GET", "/obj/analysis/1/plots/0", send(b"", 303, Location=f"{storage.url}/plot.png?sign=42"))
        assert sky.connection.get_file("/obj/analysis/1/plots/0").startswith(b"\x89PNG")
        assert "authorization" not in storage.requests[0].headers


def test_no_password_of_netrc_goes_to_a_storage(
    portal: PreparedPortal, sky: Heliograph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with prepared_portal() as storage:
        storage.answer("GET", "/file", send(b"x"))
        portal.answer("GET", "/file", send(b"", 303, Location=f"{storage.url}/file?sign=42"))
        portal.answer("GET", "/internal/profile", reply({"username": "ada"}))
        sky.connection.send("GET", "/internal/profile")
        # the path differs, as that of a storage does
        portal.answer("GET", "/other", send(b"", 303, Location=f"{storage.url}/file"))
        sky.connection.get_file("/other")
        assert "authorization" not in storage.requests[0].headers
    assert portal.requests[0].headers["authorization"] == f"token {TOKEN}"


def test_a_signed_address_is_in_no_error(portal: PreparedPortal, sky: Heliograph) -> None:
    with prepared_portal() as storage:
        gone = storage.url
    portal.answer("GET", "/obj/analysis/1/plots/0", send(b"", 303, Location=f"{gone}/plot.png?sign=SIGNATURE"))
    with pytest.raises(NoAnswerError) as caught:
        sky.connection.get_file("/obj/analysis/1/plots/0")
    assert "SIGNATURE" not in "".join(traceback.format_exception(caught.value))


def test_a_file_is_not_fetched_from_a_less_protected_address(sky: Heliograph) -> None:
    connection = Heliograph("https://portal.invalid", TOKEN).connection
    for address in ("http://storage.invalid/x", "file:///etc/passwd", "ftp://storage.invalid/x"):
        with pytest.raises(UnreadableAnswerError):
            connection.put_in_storage(address, b"{}", {})


def test_a_portal_that_has_moved_is_not_sent_a_get_in_place_of_a_post(portal: PreparedPortal, sky: Heliograph) -> None:
    with prepared_portal() as elsewhere:
        elsewhere.answer("GET", "/sources", reply({"sources": []}))
        elsewhere.answer("GET", "/login", reply({"id": "SN2"}))
        for status, path in ((301, "/api/sources"), (302, "/api/sources"), (303, "/login"), (307, "/login")):
            portal.answer("POST", "/sources", send(b"", status, Location=f"{elsewhere.url}{path}"))
            with pytest.raises(RefusedError, match=f"moved to {elsewhere.url}; nothing was done"):
                sky.save_source("SN2", 1, 2)
        assert not elsewhere.requests


def test_a_post_is_repeated_with_its_key(portal: PreparedPortal, sky: Heliograph) -> None:
    portal.answer("POST", "/groups", refuse(503, "Busy."), break_connection, reply({"id": 7}))
    assert sky.create_group("Novae")["name"] == "Novae"
    keys = {request.headers["idempotency-key"] for request in portal.list_requests("POST")}
    assert len(portal.list_requests("POST")) == 3
    assert len(keys) == 1
    portal.answer("POST", "/groups", reply({"id": 7}))
    sky.create_group("Novae")
    assert portal.list_requests("POST")[-1].headers["idempotency-key"] not in keys


def test_a_post_to_a_skyportal_is_not_repeated_if_it_may_have_been_done(
    portal: PreparedPortal, skyportal: SkyPortal
) -> None:
    portal.answer("POST", "/groups", break_connection, reply({"id": 7}))
    with pytest.raises(NoAnswerError):
        skyportal.create_group("Novae")
    assert len(portal.list_requests("POST")) == 1
    assert "idempotency-key" not in portal.requests[0].headers
    portal.answer("POST", "/groups", refuse(503, "Starting."), reply({"id": 7}))
    skyportal.create_group("Novae")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RefusedError),
        (401, NotSignedInError),
        (403, ForbiddenError),
        (404, NotFoundError),
        (413, RefusedError),
        (422, RefusedError),
        (500, UnavailableError),
        (503, UnavailableError),
    ],
)
def test_errors_have_the_portals_words(
    portal: PreparedPortal, sky: Heliograph, status: int, kind: type[Exception]
) -> None:
    portal.answer("PATCH", "/sources/SN1", refuse(status, "redshift: expected a number."))
    source = sky.source("SN1")
    with pytest.raises(kind, match="redshift: expected a number"):
        source.update(redshift="high")


@pytest.mark.parametrize("content", [b"<html>Sign in to the Wi-Fi</html>", b"[1]", b"null", b'{"a": 1}', b""])
def test_what_is_no_answer_of_a_portal_says_so(portal: PreparedPortal, sky: Heliograph, content: bytes) -> None:
    portal.answer("GET", "/internal/profile", send(content))
    with pytest.raises(UnreadableAnswerError, match="check the address"):
        sky.user  # noqa: B018


@pytest.mark.parametrize("data", [None, 5, "text", ["text"], [[1]], {"id": "x"}])
def test_data_of_another_shape_are_no_type_error(portal: PreparedPortal, sky: Heliograph, data: object) -> None:
    for path in ("/instrument", "/groups", "/analysis_service", "/sources/SN1/photometry"):
        portal.answer("GET", path, reply(data))
    source = sky.source("SN1")
    for call in (sky.instruments, sky.groups, sky.services, source.photometry):
        try:
            call()
        except UnreadableAnswerError:
            continue


@pytest.mark.parametrize("is_packed", [False, True])
def test_an_endless_answer_is_not_read(
    sky: Heliograph, portal: PreparedPortal, monkeypatch: pytest.MonkeyPatch, is_packed: bool
) -> None:
    content = b"0" * 20_000_000
    monkeypatch.setattr("heliograph.connection.MOST_ANSWER_BYTES", 5_000_000)
    packed = send(gzip.compress(content), Content_Encoding="gzip")
    portal.answer("GET", "/obj/analysis/1/plots/0", packed if is_packed else send(content))
    with pytest.raises(UnreadableAnswerError, match="sends more than 5000000 bytes"):
        sky.connection.get_file("/obj/analysis/1/plots/0")


def test_an_answer_that_breaks_off_is_an_error_with_a_sentence(sky: Heliograph, portal: PreparedPortal) -> None:
    portal.answer("GET", "/file", send(b"half", Content_Length="1000", Connection="close"))
    with pytest.raises(NoAnswerError):
        sky.connection.get_file("/file")


def test_an_address_where_nobody_answers_is_named() -> None:
    with prepared_portal() as gone:
        url = gone.url
    with pytest.raises(NoAnswerError, match=f"{url} does not answer; check the address"):
        Heliograph(url, TOKEN).services()


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), np.float64("nan"), np.ma.masked, np.array([1.0, np.nan])]
)
def test_values_that_json_does_not_have_are_refused_by_name(
    sky: Heliograph, portal: PreparedPortal, value: object
) -> None:
    source = sky.source("SN1")
    with pytest.raises(ArgumentError, match="redshift"):
        source.update(redshift=value)
    assert not portal.list_requests("PATCH")


def test_scalars_of_numpy_are_numbers(sky: Heliograph, portal: PreparedPortal) -> None:
    portal.answer("PATCH", "/sources/SN1", reply())
    sky.source("SN1").update(redshift=np.float32(0.5), score=np.int64(3), transient=np.True_, alias=np.array(["a"]))
    body = {"redshift": 0.5, "score": 3, "transient": True, "alias": ["a"]}
    assert portal.list_requests("PATCH")[0].body == body


def test_words_of_a_portal_do_not_command_a_terminal(sky: Heliograph, portal: PreparedPortal) -> None:
    portal.answer("POST", "/sources", refuse(400, "bad\x1b[2J\nname\x07"), reply({"id": "SN1"}, notes=["a\x1b[2J"]))
    with pytest.raises(RefusedError) as caught:
        sky.save_source("SN1", 1, 2)
    assert str(caught.value) == "bad[2J\nname"
    with pytest.warns(UserWarning, match=r"^a\[2J$"):
        sky.save_source("SN1", 1, 2)


def test_warnings_and_notes_of_a_portal_are_told(sky: Heliograph, portal: PreparedPortal) -> None:
    portal.answer("POST", "/sources", reply({"id": "SN1"}, notes=["name: is in vain."]))
    with pytest.warns(UserWarning, match="name: is in vain"):
        sky.save_source("SN1", 1, 2)


@pytest.mark.parametrize("name", ["", " ", ".", ".."])
def test_a_name_that_is_another_path_is_refused(sky: Heliograph, portal: PreparedPortal, name: str) -> None:
    for call in (sky.source, lambda name: sky.save_source(name, 1, 2)):
        with pytest.raises(ArgumentError):
            call(name)
    assert not portal.requests


def test_a_name_cannot_leave_its_place_in_a_path(sky: Heliograph, portal: PreparedPortal) -> None:
    portal.answer("GET", "/source_exists/..%2Fuser%3Fa=1", reply({"source_exists": False}, obj_ids=[]))
    with pytest.raises(NotFoundError):
        sky.source("../user?a")
    assert portal.requests[0].path == "/sources/..%2Fuser%3Fa"


@pytest.mark.parametrize("number", ["1/../2", "", None, True, 1.5, "one"])
def test_an_id_is_a_number(sky: Heliograph, portal: PreparedPortal, number: object) -> None:
    with pytest.raises(ArgumentError, match="expected a number"):
        sky.analysis(number)  # type: ignore[arg-type]
    assert not portal.requests


def test_no_repr_holds_the_token(sky: Heliograph, skyportal: SkyPortal) -> None:
    for thing in (sky, skyportal, sky.connection, sky.source("SN1")):
        assert TOKEN not in repr(thing)


def test_the_profile_shows_no_tokens(portal: PreparedPortal, sky: Heliograph) -> None:
    portal.answer("GET", "/internal/profile", reply({"username": "ada", "tokens": [{"id": TOKEN}]}))
    assert TOKEN not in repr(dict(sky.user))
    assert TOKEN not in sky.user._repr_html_()


def test_pages_end_even_if_a_cursor_repeats(portal: PreparedPortal, sky: Heliograph) -> None:
    page = reply({"sources": [{"id": "SN1"}]}, headers={"X-Next-Cursor": "same"})
    portal.answer("GET", "/sources", page)
    assert [source.name for source in sky.sources()] == ["SN1", "SN1"]
