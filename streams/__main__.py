"""`python -m streams` compiles the rules, once for this machine: the first worker need not wait for it."""

from __future__ import annotations

from contracts.policy import DEFAULT
from streams.engine import warm_up

if __name__ == "__main__":
    warm_up(DEFAULT.detection)
