"""The version of Heliograph is the same wherever it is written."""

import re
import tomllib

import yaml

import heliograph
from chalicelib import settings
from infra import PROJECT


def test_all_files_have_the_version_of_the_newest_release() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text())
    releases = re.findall(r"^## (\d\S*) - (\S+)$", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)
    versions = {project["version"], heliograph.__version__, settings.VERSION, str(citation["version"])}
    assert versions == {releases[0][0]}
    assert str(citation["date-released"]) == releases[0][1]
