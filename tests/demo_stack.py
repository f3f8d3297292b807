"""A local stack with its own ports and state, and the demo data."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from heliograph import Heliograph
from infra import demo_data
from tests.running_stack import RunningStack, running_stack

__all__ = ["demo_stack"]


@contextmanager
def demo_stack(folder: Path) -> Iterator[RunningStack]:
    """Run a stack with its state in a folder."""
    with running_stack(folder) as stack, pytest.MonkeyPatch.context() as patch:
        # The loader gets the fitter's token from the stack that these variables name.
        patch.setenv("PORT", str(stack.settings.port))
        patch.setenv("HELIOGRAPH_LOCAL_DIR", str(stack.settings.state_dir))
        demo_data.load_demo_data(Heliograph(stack.url, stack.token), report=lambda line: None)
        yield stack
