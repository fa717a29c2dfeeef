"""Prometheus and Alertmanager themselves accept what they are given, and the rules do what they say."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

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


@pytest.mark.parametrize(
    "dashboard", sorted((DEPLOY / "grafana" / "dashboards").glob("*.json")), ids=lambda path: path.stem
)
def test_prometheus_understands_the_queries_of_a_dashboard(promtool: Path, tmp_path: Path, dashboard: Path) -> None:
    panels = json.loads(dashboard.read_text(encoding="utf-8"))["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    as_rules = [{"record": f"panel:query:{number}", "expr": query} for number, query in enumerate(queries)]
    rules = tmp_path / "rules.yml"
    rules.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": as_rules}]}), encoding="utf-8")

    _accepts(promtool, "check", "rules", str(rules))
