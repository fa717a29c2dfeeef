"""The import contracts of pyproject.toml allow what the design allows and break at what it forbids."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# A house as it should be: importer and what it imports.
ALLOWED = {
    "alerts.book": "contracts.events numpy dataclasses",
    "alerts.channels": "apprise asyncio alerts.mail runtime.metrics",
    "alerts.mail": "smtplib matplotlib",
    "alerts.worker": "faust asyncio alerts.book alerts.channels ledger.store runtime.faust_app",
    "backtest.runner": "streams.engine pricing.agent alerts.book contracts.recording pyarrow",
    "cli.main": "streams.worker streams.recorder pricing.worker alerts.worker demo.market console.app backtest.runner",
    "console.app": "fastapi ledger.store pricing.approval runtime.settings",
    "contracts.events": "msgspec",
    "contracts.recording": "pyarrow contracts.events",
    "crawlers.extract.page": "lxml contracts.events",
    "crawlers.fetch.robots": "scrapy crawlers.extract.page",
    "crawlers.items": "crawlers.pages.visits",
    "crawlers.job": "crawlers.scheduling.frontier runtime.settings",
    "crawlers.matching.catalogue": "rapidfuzz",
    "crawlers.messaging.outbox": "kafka runtime.publish contracts.events crawlers.items",
    "crawlers.pages.visits": "crawlers.storage.pages crawlers.extract.page",
    "crawlers.run": "scrapy crawlers.job crawlers.shops crawlers.spiders.watch",
    "crawlers.scheduling.frontier": "numpy crawlers.pages.visits",
    "crawlers.shops": "crawlers.sources.reading crawlers.extract.page",
    "crawlers.sources.reading": "crawlers.matching.catalogue crawlers.pages.visits crawlers.items",
    "crawlers.spiders.watch": "scrapy crawlers.job crawlers.fetch.robots crawlers.messaging.outbox",
    "crawlers.storage.pages": "sqlite3 crawlers.extract.page",
    "demo.market": "asyncio runtime.settings contracts.events",
    "ledger.store": "sqlalchemy pricing.approval runtime.settings",
    "pricing.agent": "contracts.events numpy datetime",
    "pricing.approval": "contracts.events",
    "pricing.worker": "faust pricing.agent ledger.store runtime.faust_app",
    "reports.page": "jinja2 matplotlib alerts.text pricing.phrases ledger.store contracts.recording",
    "runtime.faust_app": "faust contracts.events",
    "runtime.metrics": "prometheus_client",
    "runtime.publish": "kafka",
    "runtime.settings": "pydantic_settings",
    "streams.admin": "kafka",
    "streams.checkpoint_topic": "aiokafka streams.engine",
    "streams.engine": "contracts.events numpy numba",
    "streams.recorder": "faust pathlib runtime.faust_app",
    "streams.worker": "faust time streams.engine streams.checkpoint_topic runtime.faust_app",
}
FORBIDDEN = [
    ("streams.engine", "faust"),
    ("streams.engine", "aiokafka"),
    ("streams.engine", "time"),
    ("streams.engine", "random"),
    ("streams.engine", "pathlib"),
    ("streams.engine", "runtime.settings"),
    ("streams.engine", "streams.worker"),
    ("streams.engine", "streams.admin"),
    ("streams.engine", "streams.checkpoint_topic"),
    ("streams.worker", "ledger.store"),
    ("streams.worker", "pricing.agent"),
    ("pricing.agent", "streams.engine"),
    ("pricing.agent", "alerts.book"),
    ("pricing.agent", "ledger.store"),
    ("pricing.agent", "sqlalchemy"),
    ("pricing.agent", "requests"),
    ("alerts.book", "alerts.channels"),
    ("alerts.book", "alerts.mail"),
    ("alerts.book", "asyncio"),
    ("alerts.book", "apprise"),
    ("backtest.runner", "streams.worker"),
    ("backtest.runner", "console.app"),
    ("console.app", "faust"),
    ("console.app", "alerts.worker"),
    ("crawlers.spiders.watch", "streams.engine"),
    ("crawlers.extract.page", "crawlers.storage.pages"),
    ("crawlers.pages.visits", "crawlers.fetch.robots"),
    ("crawlers.pages.visits", "crawlers.sources.reading"),
    ("crawlers.sources.reading", "crawlers.spiders.watch"),
    ("crawlers.scheduling.frontier", "crawlers.sources.reading"),
    ("demo.market", "crawlers.spiders.watch"),
    ("ledger.store", "console.app"),
    ("ledger.store", "reports.page"),
    ("reports.page", "backtest.runner"),
    ("runtime.settings", "streams.engine"),
    ("contracts.events", "runtime.settings"),
    ("contracts.events", "time"),
    ("contracts.events", "kafka"),
]


def _build(house: dict[str, str], folder: Path) -> None:
    for module, imports in house.items():
        path = folder / (module.replace(".", "/") + ".py")
        path.parent.mkdir(exist_ok=True, parents=True)
        for package in path.relative_to(folder).parents[:-1]:
            (folder / package / "__init__.py").touch()
        path.write_text("".join(f"import {name}\n" for name in imports.split()), encoding="utf-8")
    (folder / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_house_as_designed_keeps_every_contract(tmp_path: Path) -> None:
    _build(ALLOWED, tmp_path)

    done = _lint(tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("importer", "imported"), FORBIDDEN, ids=lambda name: name)
def test_an_import_against_the_design_breaks_a_contract(importer: str, imported: str, tmp_path: Path) -> None:
    _build({**ALLOWED, importer: f"{ALLOWED[importer]} {imported}"}, tmp_path)

    done = _lint(tmp_path)

    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{importer} -> {imported}" in done.stdout
