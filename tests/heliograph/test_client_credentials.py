"""Where the address and the token come from."""

import json
from pathlib import Path

import pytest

from heliograph import Heliograph, SkyPortal
from heliograph.connection import find_api
from heliograph.credentials import Credentials, find_credentials, get_credentials_file, save_credentials
from heliograph.errors import CredentialsError
from tests.heliograph.prepared_portal import TOKEN, PreparedPortal, prepared_portal, send


def test_arguments_count_before_the_environment_and_that_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    save_credentials(Credentials("https://file.invalid", "file"))
    assert find_credentials() == Credentials("https://file.invalid", "file")
    monkeypatch.setenv("HELIOGRAPH_URL", "https://environment.invalid/api/")
    monkeypatch.setenv("HELIOGRAPH_TOKEN", "token environment")
    assert find_credentials() == Credentials("https://environment.invalid", "environment")
    argument = Credentials("https://argument.invalid", "argument")
    assert find_credentials(argument.url, argument.token) == argument


def test_the_token_of_the_file_is_sent_to_no_other_address() -> None:
    save_credentials(Credentials("https://file.invalid", "file"))
    with pytest.raises(CredentialsError, match=r"No token for https://other\.invalid"):
        Heliograph("https://other.invalid")


def test_the_token_of_the_environment_is_sent_to_no_other_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOGRAPH_TOKEN", "environment")
    assert find_credentials("https://other.invalid").token == "environment"
    monkeypatch.setenv("HELIOGRAPH_URL", "https://environment.invalid")
    assert find_credentials("https://environment.invalid/api").token == "environment"
    with pytest.raises(CredentialsError, match=r"No token for https://other\.invalid"):
        Heliograph("https://other.invalid")


def test_the_file_is_its_users_alone() -> None:
    path = save_credentials(Credentials("https://file.invalid", 'quo"te\\'))
    assert path.stat().st_mode & 0o777 == 0o600
    assert find_credentials().token == 'quo"te\\'


@pytest.mark.parametrize("text", ["", "url = 5", "[", 'url = "https://x.invalid"\ntoken = 7', "\udcff"])
def test_a_file_that_cannot_be_read_says_what_to_do(text: str) -> None:
    path = get_credentials_file()
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CredentialsError, match="heliograph login"):
        Heliograph()


@pytest.mark.parametrize(
    "url",
    ["portal", "ftp://portal", "http://", "http://a:b@portal", "http://portal?x=1", "http://portal#x", "http://[x"],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(CredentialsError, match="not valid; expected one such as"):
        Heliograph(url, "token")


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "naïve"])
def test_a_token_that_is_none_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        Heliograph("http://portal.invalid", token)
    assert token not in str(caught.value)


def test_a_skyportal_takes_nothing_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HELIOGRAPH_TOKEN", "environment")
    with pytest.raises(CredentialsError, match="both are needed"):
        SkyPortal("https://skyportal.invalid", "")


def test_a_web_app_on_a_host_of_its_own_names_its_api() -> None:
    with prepared_portal() as api, prepared_portal() as web:
        web.answer("GET", "/config.json", send(json.dumps({"api": f"{api.url}/api"}).encode()))
        assert find_api(web.url) == (api.url, web.url)
        # where there is none, the address is that of the API
        assert find_api(f"{api.url}/api/") == (api.url, None)
        web.answer("GET", "/config.json", send(b'{"api": "/api"}'))
        assert find_api(web.url) == (web.url, None)
        web.answer("GET", "/config.json", send(b"<html>"))
        assert find_api(web.url) == (web.url, None)


def test_pages_lie_where_the_web_app_is(portal: PreparedPortal, monkeypatch: pytest.MonkeyPatch) -> None:
    save_credentials(Credentials(portal.url, TOKEN, "https://sky.example.org"))
    assert Heliograph().source("SN1").url == "https://sky.example.org/#/source/SN1"
    monkeypatch.setenv("HELIOGRAPH_WEB_URL", "https://other.example.org/")
    assert Heliograph().source("SN1").url == "https://other.example.org/#/source/SN1"
    monkeypatch.delenv("HELIOGRAPH_WEB_URL")
    assert find_credentials("https://elsewhere.invalid", TOKEN).web_url is None
