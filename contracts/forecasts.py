"""What one may ask a forecast for."""

from __future__ import annotations

from typing import Literal

Model = Literal["auto", "baseline", "boosted"]
Step = Literal["week", "day"]
