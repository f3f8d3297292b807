"""The local stack with ports and state of its own, the demo data loaded."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra import demo_data
from infra.client import Api
from infra.local.control import RunningStack, running_stack

__all__ = ["demo_stack"]


@contextmanager
def demo_stack(folder: Path) -> Iterator[RunningStack]:
    """Run a stack whose state is in a folder."""
    with running_stack(folder) as running, pytest.MonkeyPatch.context() as patch:
        # The loader asks the deployment for the fitter's token: this one, not one that runs besides.
        patch.setenv("PORT", str(running.settings.port))
        patch.setenv("HELIOGRAPH_LOCAL_DIR", str(running.settings.state_dir))
        demo_data.load(Api(f"{running.url}/api", running.token), say=lambda line: None)
        yield running
