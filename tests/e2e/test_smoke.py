"""`make smoke` against the local stack: it passes, cleans up, and says which step failed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from infra import smoke
from infra.client import Api
from tests.running_stack import RunningStack


@pytest.fixture
def target(stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> smoke.SmokeTarget:
    monkeypatch.setenv("PORT", str(stack.settings.port))
    monkeypatch.setenv("HELIOGRAPH_LOCAL_DIR", str(stack.settings.state_dir))
    return smoke.find_target("local")


def list_leftovers(api: Api) -> list[str]:
    """What an earlier smoke test has left."""
    paths = ("/sources", "/analysis_service", "/groups", "/instrument")
    return [path for path in paths if "smoke" in str(api.get(path))]


@pytest.mark.usefixtures("target")
def test_every_step_passes_and_nothing_is_left(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    assert smoke.main(["local"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(" …")[0] for line in lines] == ["sysinfo", "source", "fit", "corner plot", "web app"]
    assert all(line.endswith(" s") for line in lines)
    assert list_leftovers(api) == []


def test_a_failed_step_is_named_and_nothing_is_left(
    target: smoke.SmokeTarget, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smoke, "FIT_SECONDS", 0.0)
    with pytest.raises(smoke.SmokeError, match=r"the fit is still (queued|pending) after 0 s"):
        smoke.try_stage(target)
    assert list_leftovers(api) == []


def test_another_stage_and_another_page_are_refused(target: smoke.SmokeTarget, stack: RunningStack) -> None:
    with pytest.raises(smoke.SmokeError, match="stage local; expected Heliograph, stage prod"):
        smoke._check_sysinfo(dataclasses.replace(target, stage="prod"))
    with pytest.raises(smoke.SmokeError, match="without a page"):
        smoke._check_web_app(dataclasses.replace(target, web_url=f"{stack.url}/api/sysinfo"))
    # On AWS the page must be allowed to call this API.
    with pytest.raises(smoke.SmokeError, match="Content-Security-Policy"):
        smoke._check_web_app(dataclasses.replace(target, stage="prod"))


def test_what_is_missing_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HELIOGRAPH_LOCAL_DIR", str(tmp_path))
    assert smoke.main(["local"]) == 1
    assert "token is not in" in capsys.readouterr().err
    assert smoke.main(["nosuch"]) == 1
    assert "'nosuch' is not a stage" in capsys.readouterr().err
    assert smoke.main([]) == 2
    target = smoke.SmokeTarget("local", Api("http://127.0.0.1:9", "x"), "http://127.0.0.1:9", {})
    monkeypatch.setattr(smoke, "find_target", lambda stage: target)
    assert smoke.main(["local"]) == 1
    assert "Is the stage deployed?" in capsys.readouterr().err
