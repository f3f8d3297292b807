"""Loads a service where its worker processes are forked from, so that each begins at once."""

import os
import signal
from contextlib import suppress

from heliograph.service.service_files import load_service

PRELOAD_VARIABLE = "HELIOGRAPH_PRELOADED_SERVICE"

if reference := os.environ.get(PRELOAD_VARIABLE):
    # a stop may be signalled to the whole group: running analyses are left to the serving process
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.environ.setdefault("MPLBACKEND", "Agg")
    # what fails here fails in the worker, which says why
    with suppress(Exception):
        load_service(reference)
