"""Fixtures every layer of tests shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def evaluation_data() -> Path:
    """Folder of the real evaluation data; skips where PRICERADAR_EVALUATION_DATA is unset."""
    folder = os.environ.get("PRICERADAR_EVALUATION_DATA")
    if not folder:
        pytest.skip("set PRICERADAR_EVALUATION_DATA to the folder of the evaluation data")
    return Path(folder).absolute()
