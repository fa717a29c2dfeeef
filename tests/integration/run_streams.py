"""Runs the streams worker of the chaos proof, as a process that tests may kill."""

from __future__ import annotations

from benchmarks.chaos_worker import main

__all__ = ["main"]
