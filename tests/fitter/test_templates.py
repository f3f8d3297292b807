"""Where templates come from; each test in a process of its own, since sncosmo decides only once."""

from pathlib import Path

from fitter_lambda.input.templates import iterate_files
from tests.fitter.test_cli import process


def load(script: str, **environment: str) -> str:
    code = "from fitter_lambda.input.templates import *; from fitter_lambda.errors import *\n" + script
    done = process("tests.fitter.run_script", stdin=code, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_alone_is_enough_for_salt3_and_atlas() -> None:
    out = load("print(load_source('salt3').name, sorted(load_bandpasses(['ztfr', 'atlaso', 'gibberish'])[0]))")
    assert out == "salt3 ['atlaso', 'ztfr']\n"


def test_the_users_directory_wins_and_the_wheel_fills_in(shared: Path) -> None:
    out = load(
        "print([load_source(n).name for n in ('nugent-sn2p', 'hsiao', 'salt3-nir')])\n"
        "print(sorted(load_bandpasses(['ztfi', 'atlasc'])[0]))\n"
        "print((build_overlay() / 'models/nugent/sn2p_flux.v1.2.dat').resolve())",
        SNCOSMO_DATA_DIR=str(shared / "sncosmo-data"),
    )
    assert out.splitlines()[0] == "['nugent-sn2p', 'hsiao', 'salt3-nir']"
    assert out.splitlines()[1] == "['atlasc', 'ztfi']"
    assert out.splitlines()[2].startswith(str((shared / "sncosmo-data").resolve()))


def test_a_file_of_the_user_wins_over_the_wheel(tmp_path: Path) -> None:
    band = tmp_path / "bandpasses" / "ztf" / "P48_R.dat"
    band.parent.mkdir(parents=True)
    band.write_text("7000 0\n7100 1\n7200 1\n7300 0\n")
    for variable in ("SNCOSMO_DATA_DIR", "FITTER_TEMPLATES_DIR"):
        out = load(
            "print(load_bandpasses(['ztfr'])[0]['ztfr'].minwave(), load_source('salt3').name)",
            **{variable: str(tmp_path)},
        )
        assert out == "7000.0 salt3\n"


def test_a_source_is_local_if_its_latest_version_is(tmp_path: Path) -> None:
    """What is loaded by its name alone is the latest; with an older one here it would be fetched."""
    folder = tmp_path / "models" / "hsiao"
    folder.mkdir(parents=True)
    for file, here in (("Hsiao_SED.fits", False), ("Hsiao_SED_V3.fits", True)):
        (folder / file).touch()
        out = load("print('hsiao' in list_local_sources())", SNCOSMO_DATA_DIR=str(tmp_path))
        assert out == f"{here}\n"


def test_directories_may_be_links(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "some.dat").touch()
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "models").symlink_to(tmp_path / "elsewhere")
    assert list(iterate_files(tmp_path / "here")) == [tmp_path / "here" / "models" / "some.dat"]


def test_the_overlay_is_deleted_at_exit(tmp_path: Path) -> None:
    load("build_overlay()", TMPDIR=str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_later_processes_get_the_users_own_directory(tmp_path: Path) -> None:
    """The stack's containers read the same variable, so a fit must not change it."""
    script = "import os; load_source('salt3'); print(os.environ.get('SNCOSMO_DATA_DIR'))"
    assert load(script, SNCOSMO_DATA_DIR=str(tmp_path)) == f"{tmp_path}\n"
    assert load(script) == "None\n"


def test_missing_files_fail_fast_with_a_clear_message() -> None:
    """Without a network (here: a proxy that is not there) a download ends at once, with a way out."""
    out = load(
        "import time; began = time.monotonic()\n"
        "try: load_source('nugent-sn2n')\n"
        "except TemplateError as error: print(error)\n"
        "print(load_bandpasses(['ps1::g', 'ps1::r', 'ztfg'])[1]['ps1::r'])\n"
        "assert time.monotonic() - began < 15",
        https_proxy="http://127.0.0.1:9",
        HTTPS_PROXY="http://127.0.0.1:9",
    )
    for line, name in zip(out.splitlines(), ("source nugent-sn2n", "band ps1::r"), strict=True):
        assert name in line and "could not be fetched" in line and "SNCOSMO_DATA_DIR" in line
