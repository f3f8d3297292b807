"""Helpers to test an analysis service: a portal that runs in the test, and refuses what a real one refuses.

::

    from heliograph.testing import FakePortal
    from my_service import service

    def test_a_light_curve_is_fitted():
        with FakePortal() as portal:
            analysis = portal.run(service, parameters={"n_harmonics": 6})
        assert analysis.status == "completed"
        assert analysis.results["period"] > 0

With ``pytest_plugins = ["heliograph.testing.fixtures"]`` in ``conftest.py``, tests have the fixture `fake_portal`.

- fake_portal: `FakePortal`, a real HTTP server in a thread
- sent_analysis: `SentAnalysis`, one analysis as the portal sees it
- document_checks: what a portal refuses of a callback
- sample_payloads: payloads as Heliograph and SkyPortal send them
- served_process: `ServedProcess`, a service in a process of its own, which can be killed
- fixtures: for pytest
"""

from heliograph.testing.fake_portal import FakePortal
from heliograph.testing.sent_analysis import SentAnalysis
from heliograph.testing.served_process import ServedProcess

__all__ = ["FakePortal", "SentAnalysis", "ServedProcess"]
