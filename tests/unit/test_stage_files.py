"""The file of a stage: what it sets reaches the templates; each wrong key or value is refused with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.deployed_functions import choose_concurrency
from infra.stage_files import STAGES, StageFileError, choose_parameters, read_stage_file


def read_text(folder: Path, text: str) -> dict[str, str]:
    (folder / "trial.toml").write_text(text)
    return read_stage_file("trial", folder)


def test_every_committed_stage_can_be_read() -> None:
    assert read_stage_file("prod")["DeletionProtection"] == "true"
    for file in STAGES.glob("*.toml"):
        read_stage_file(file.stem)


def test_values_are_texts_as_cloudformation_takes_them(tmp_path: Path) -> None:
    text = """
        DeletionProtection = false
        RequestsPerMinute = 100
        AnalysesPerSource = "7"
        WebOrigin = "https://d111111abcdef8.cloudfront.net"
        PublicUrl = "https://heliograph.example.org/api"
        EgressAllowedHosts = "fits.example.org:8443,10.0.0.7:*"
    """
    assert read_text(tmp_path, text) == {
        "DeletionProtection": "false",
        "RequestsPerMinute": "100",
        "AnalysesPerSource": "7",
        "WebOrigin": "https://d111111abcdef8.cloudfront.net",
        "PublicUrl": "https://heliograph.example.org/api",
        "EgressAllowedHosts": "fits.example.org:8443,10.0.0.7:*",
    }
    assert read_text(tmp_path, "") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("weborigin = '*'", "'weborigin' is not a parameter; expected one of: AlarmEmail, .*WebOrigin"),
        ("Stage = 'prod'", "'Stage' is not a parameter"),
        ("FitterImage = 'x'", "'FitterImage' is not a parameter"),
        ("RequestsPerMinute = 0", "RequestsPerMinute is '0'; expected a whole number of at least 1, such as 3000"),
        ("RequestsPerMinute = -5", "expected a whole number of at least 1"),
        ("RequestsPerMinute = 1.5", "RequestsPerMinute is 1.5; expected a text, a whole number, true or false"),
        ("RequestsPerMinute = 'many'", "RequestsPerMinute is 'many'"),
        ("RequestsPerMinute = '٣'", "expected a whole number"),
        ("RequestsPerMinute = true", "RequestsPerMinute is 'true'"),
        ("RequestsPerMinute = [1]", "expected a text"),
        ("RequestsPerMinute = 2026-01-01", "expected a text"),
        ("DeletionProtection = 'yes'", "DeletionProtection is 'yes'; expected one of: true, false"),
        ("WebOrigin = 'https://heliograph.example.org/'", "without a path"),
        ("WebOrigin = ''", "expected the origin of a web page"),
        ("PublicUrl = 'http://heliograph.example.org'", "expected an address such as https://"),
        ("PublicUrl = 'https://heliograph.example.org/api/'", "without a slash at the end"),
        ("PublicUrl = 'https://user@heliograph.example.org'", "expected an address"),
        ('PublicUrl = "https://heliograph.example.org\\n"', "expected an address"),
        ("EgressAllowedHosts = 'https://fits.example.org'", "without schemes"),
        ("EgressAllowedHosts = 'fits.example.org:99999'", "99999"),
        ("WebAclArn = 'strangers'", "expected the ARN of a web ACL of the scope REGIONAL"),
        (
            "WebAclArn = 'arn:aws:wafv2:us-east-1:123456789012:global/webacl/strangers/0a-1b'",
            "expected the ARN of a web ACL of the scope REGIONAL",
        ),
        (
            "WebAclId = 'arn:aws:wafv2:eu-central-1:123456789012:global/webacl/strangers/0a-1b'",
            "expected the ARN of a web ACL of the scope CLOUDFRONT",
        ),
        ("CanaryReleases = 'yes'", "expected one of: true, false"),
        ("RequestsPerSecond = 10001", "expected a whole number from 0 to 10000, such as 500"),
        ("AlarmEmail = 'nobody'", "AlarmEmail is 'nobody'; expected an e-mail address"),
        ("[RequestsPerMinute]", "expected a text"),
        ("RequestsPerMinute", "cannot be read as TOML"),
        ("RequestsPerMinute = 1\nRequestsPerMinute = 2", "cannot be read as TOML"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(StageFileError, match=f"(?s)^infra/stages/trial.toml.*{message}"):
        read_text(tmp_path, text)


@pytest.mark.parametrize("stage", ["nosuch", "local", "Prod", "../stages/prod", "", "two-words", "x", "prod\n"])
def test_a_stage_without_a_file_is_refused(tmp_path: Path, stage: str) -> None:
    for name in ("local", "trial", "two-words", "x"):
        (tmp_path / f"{name}.toml").touch()
    with pytest.raises(StageFileError, match=r"is not a stage that can be deployed; expected one of: .*trial"):
        read_stage_file(stage, tmp_path)


def test_what_a_file_does_not_name_stays_as_it_is() -> None:
    template = {"Parameters": {"A": {"Default": 1}, "B": {"Default": 2}, "C": {"Default": 3}, "Stage": {}}}
    stack = {"B": "20", "C": "30", "Removed": "40"}
    assert choose_parameters(template, {"C": "300", "OfAnother": "x"}, stack) == {"A": "1", "B": "20", "C": "300"}


@pytest.mark.parametrize(("limit", "dispatch", "fit"), [(10, "2", "2"), (199, "2", "2"), (200, "100", "100")])
def test_queues_are_worked_off_as_fast_as_the_account_allows(limit: int, dispatch: str, fit: str) -> None:
    sizes = choose_concurrency(limit)
    assert (sizes["DispatchConcurrency"], sizes["FitConcurrency"]) == (dispatch, fit)
    assert sizes.keys() == {"DispatchConcurrency", "FitConcurrency", "JobsConcurrency", "DeadLettersConcurrency"}
