"""Only a worker that is being stopped may find its producer closed and live on to the end of its stop."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import ProducerClosed

from runtime import crash as crashing


@pytest.mark.parametrize(
    ("stopping", "error", "ends"),
    [(True, ProducerClosed(), False), (False, ProducerClosed(), True), (True, ValueError("a bug"), True)],
)
def test_what_ends_a_worker(monkeypatch: pytest.MonkeyPatch, stopping: bool, error: Exception, ends: bool) -> None:
    ended: list[BaseException] = []
    monkeypatch.setattr(crashing, "crash", ended.append)
    app: Any = SimpleNamespace(should_stop=stopping)

    crashing.crash_unless_stopping(app, error)

    assert ended == [error] * ends
