"""Fixtures every layer of tests shares; with PRICERADAR_REQUIRE_ALL=1 nothing may be skipped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

# Small matrices: threads of BLAS that wait for one another on a busy machine cost twenty times what they save.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import settings

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

# No deadline: on a busy machine the slowest example says nothing about the code.
settings.register_profile("priceradar", deadline=None)
settings.load_profile("priceradar")

REQUIRE_ALL = os.environ.get("PRICERADAR_REQUIRE_ALL") == "1"


def require(*names: str, install: str) -> Path:
    """Path of the first program of these that is installed; skips with what to install."""
    for name in names:
        if path := shutil.which(name):
            return Path(path)
    pytest.skip(f"needs {' or '.join(names)}; install it with: {install}")


@pytest.fixture(scope="session")
def promtool() -> Path:
    """Prometheus' own checker of rules and configuration."""
    return require("promtool", install="apt-get install prometheus")


@pytest.fixture(scope="session")
def amtool() -> Path:
    """Alertmanager's own checker of its configuration."""
    return require("amtool", install="apt-get install prometheus-alertmanager")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser for Playwright's `executable_path`."""
    return require("chromium", "chromium-browser", "google-chrome", install="apt-get install chromium")


@pytest.fixture(scope="session")
def evaluation_data() -> Path:
    """Folder of the real evaluation data; skips where PRICERADAR_EVALUATION_DATA is unset."""
    folder = os.environ.get("PRICERADAR_EVALUATION_DATA")
    if not folder:
        pytest.skip("set PRICERADAR_EVALUATION_DATA to the folder of the evaluation data")
    return Path(folder).absolute()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole module into a failure where everything is required."""
    return _required((yield), collector.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a test into a failure where everything is required."""
    return _required((yield), item.nodeid)


def _required(report: Report, nodeid: str) -> Report:
    if REQUIRE_ALL and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{nodeid} was skipped, but PRICERADAR_REQUIRE_ALL=1 asks for everything: {reason}"
    return report
