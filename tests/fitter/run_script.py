"""Runs a script from stdin as a module of its own process: ``python -m tests.fitter.run_script``."""

import sys

exec(compile(sys.stdin.read(), "<stdin>", "exec"))
