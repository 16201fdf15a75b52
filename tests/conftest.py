"""Base fixtures, the Hypothesis profiles and an honest account of what was skipped."""

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.browser import browser
from tests.vectors import vectors_dir, wanted_dir

__all__ = ["browser"]  # one for a process, whoever looks at pages

VECTORS_ABSENT = f"the recorded evidence is absent: {wanted_dir()} (WARIFU_VECTORS names another)"

# A failure must come again on every machine: `ci` is the default. `dev` looks for new ones.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("dev", deadline=None, print_blob=True)
settings.register_profile(
    "deep", max_examples=20_000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("WARIFU_HYPOTHESIS", "ci"))


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of recorded real evidence; where it is absent, tests that ask are skipped."""
    folder = vectors_dir()
    if folder is None:
        pytest.skip(VECTORS_ABSENT)
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip every test that needs the recorded evidence, for one and the same reason."""
    if vectors_dir() is not None:
        return
    skip = pytest.mark.skip(reason=VECTORS_ABSENT)
    for item in items:
        if item.get_closest_marker("vectors") or "vectors" in getattr(item, "fixturenames", ()):
            item.add_marker(skip, append=False)


def pytest_report_header() -> str:
    """Say which evidence and which Hypothesis profile this run uses."""
    profile = os.environ.get("WARIFU_HYPOTHESIS", "ci")
    return f"vectors: {vectors_dir() or 'absent'}; hypothesis profile: {profile}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line per reason for which tests were skipped, with their number."""
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"SKIPPED [{count}] {reason}", yellow=True)


def _reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr)
