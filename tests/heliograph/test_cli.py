"""The command line without a portal: parameters, output, exit codes, the fit of a file."""

import csv
import json
import math
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, strategies as st

from heliograph import errors
from heliograph.cli.command_output import clean_text, get_exit_code
from heliograph.cli.commands import main
from heliograph.cli.portal_commands import flatten_values, parse_parameters


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), prog_name="heliograph")


@pytest.fixture
def light_curve(tmp_path: Path) -> Path:
    file = tmp_path / "lightcurve.csv"
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["time", "band", "flux", "fluxerr", "zp", "zpsys"])
        for number in range(20):
            time = 58590 + 5 * (number // 2)
            flux = 250 * math.exp(-0.5 * ((time - 58607) / 11) ** 2)
            writer.writerow([time, ("ztfg", "ztfr")[number % 2], flux, 15, 23.9, "ab"])
    return file


@pytest.mark.parametrize(
    ("words", "parameters"),
    [
        ((), {}),
        (("source=salt3",), {"source": "salt3"}),
        (("--source", "salt3"), {"source": "salt3"}),
        (("--n-draws=500", "fix_z=True"), {"n_draws": "500", "fix_z": "True"}),
        (("--mjd-min", "-5"), {"mjd_min": "-5"}),
        (("error_floor=ztfg: 0.02, ztfr=0.01",), {"error_floor": "ztfg: 0.02, ztfr=0.01"}),
        (("mask=",), {"mask": ""}),
    ],
)
def test_parameters_are_written_in_two_ways(words: tuple[str, ...], parameters: dict[str, str]) -> None:
    assert parse_parameters(words) == parameters


@pytest.mark.parametrize("words", [("salt3",), ("--source",), ("=1",), ("a=1", "a=2"), ("--n-draws", "5", "n_draws=6")])
def test_other_words_are_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(errors.ArgumentError, match="parameter"):
        parse_parameters(words)


def test_results_are_flat_with_their_paths() -> None:
    values = {"chi2": 1.5, "parameters": {"t0": {"median": 2.0, "caveats": []}}, "draws": [1, 2]}
    assert flatten_values(values) == [("chi2", 1.5), ("parameters.t0.median", 2.0), ("draws", "2 values")]


@given(st.text())
def test_no_text_of_a_portal_commands_the_terminal(text: str) -> None:
    assert all(character.isprintable() or character == "\n" for character in clean_text(text))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.AnalysisFailedError("failed"), 1),
        (errors.ArgumentError("wrong"), 2),
        (errors.UnknownNameError("unknown"), 2),
        (errors.InputError("a parameter does not fit"), 2),
        (errors.RefusedError("not valid", 400), 2),
        (errors.CredentialsError("no token"), 3),
        (errors.NotSignedInError("expired", 401), 3),
        (errors.NotFoundError("no such source", 404), 4),
        (errors.ForbiddenError("not visible", 403), 4),
        (errors.UnavailableError("busy", 503), 5),
        (errors.NoAnswerError("not running"), 5),
        (errors.WaitTimeoutError("goes on"), 5),
    ],
)
def test_exit_codes_tell_the_cause(error: errors.HeliographError, code: int) -> None:
    assert get_exit_code(error) == code


def test_without_a_token_a_command_says_how_to_sign_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HELIOGRAPH_TOKEN", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    result = run("sources")
    assert result.exit_code == 3
    assert "heliograph login" in result.output


def test_a_portal_that_does_not_run_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOGRAPH_URL", "http://localhost:9")
    monkeypatch.setenv("HELIOGRAPH_TOKEN", "made-up")
    result = run("watch", "3")
    assert result.exit_code == 5
    assert "http://localhost:9" in result.output and "made-up" not in result.output


def test_a_light_curve_is_fitted_without_a_portal(light_curve: Path, tmp_path: Path) -> None:
    figures = tmp_path / "figures"
    options = ("--source", "salt3", "--z", "0.046", "--n-draws", "400", "--figures", str(figures), "--json")
    result = run("fit", str(light_curve), *options)
    assert result.exit_code == 0, result.output
    fit = json.loads(result.stdout)
    assert fit["source"] == "salt3" and abs(fit["parameters"]["t0"]["median"] - 58604) < 2
    assert {file.name for file in figures.iterdir()} == {"light_curve.png", "corner.png"}


@pytest.mark.parametrize(
    ("words", "code", "cause"),
    [
        (("--source", "salt99"), 1, "salt3"),
        (("z=0.046",), 2, "--z 0.046"),
        (("n_drws=400",), 2, "n_draws"),
        (("--ra", "10"), 2, "dec"),
    ],
)
def test_a_fit_that_cannot_be_says_why(light_curve: Path, words: tuple[str, ...], code: int, cause: str) -> None:
    result = run("fit", str(light_curve), *words)
    assert result.exit_code == code
    assert cause in result.output


def test_a_fit_without_its_libraries_says_how_to_install_them(
    light_curve: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "sncosmo"] or ["sncosmo"]:
        monkeypatch.setitem(sys.modules, name, None)
    result = run("fit", str(light_curve))
    assert result.exit_code == 2
    assert "sncosmo" in result.output and "pip install '.[fit]'" in result.output


def test_a_file_that_is_no_light_curve_is_refused(tmp_path: Path) -> None:
    for name, content in (("noise.fits", b"\x00\xff\x01"), ("noise.csv", b"\x00\xff\x01"), ("empty.csv", b"")):
        (tmp_path / name).write_bytes(content)
        result = run("fit", str(tmp_path / name))
        assert result.exit_code == 2, result.output
        assert name in result.output
