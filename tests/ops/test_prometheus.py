"""Prometheus and Alertmanager themselves accept what they are given, and the rules do what they say."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
pytestmark = pytest.mark.ops


def _accepts(tool: Path, *arguments: str) -> None:
    done = subprocess.run([tool, *arguments], cwd=DEPLOY, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_accepts_its_configuration(promtool: Path) -> None:
    _accepts(promtool, "check", "config", "prometheus/prometheus.yml")


def test_prometheus_accepts_the_rules(promtool: Path) -> None:
    _accepts(promtool, "check", "rules", "prometheus/rules.yml")


def test_the_rules_fire_when_they_should_and_only_then(promtool: Path) -> None:
    _accepts(promtool, "test", "rules", "prometheus/rules_test.yml")


def test_alertmanager_accepts_its_configuration(amtool: Path) -> None:
    _accepts(amtool, "check-config", "alertmanager/alertmanager.yml")
