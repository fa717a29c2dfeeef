"""Metrics keep to Prometheus' conventions, and rules and dashboards ask only for metrics that exist."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.contract.rooms import ROOMS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SUFFIXES = {
    "Counter": ("",),
    "Gauge": ("",),
    "Histogram": ("_bucket", "_sum", "_count"),
    "Summary": ("_sum", "_count"),
    "Info": ("_info",),
}
UNITS = ("_seconds", "_batches", "_records", "_bytes", "_total", "_ratio", "_minor", "_info")
# Counts of things that are there, whose name is their unit, and switches that are 0 or 1.
UNITLESS = {
    "priceradar_consumer_lag_records",
    "priceradar_series",
    "priceradar_build",
    "priceradar_kill_switch",
    "priceradar_approvals_pending",
}
FORBIDDEN_LABELS = {"sku", "url", "user", "product", "product_id", "seller", "alert_id", "proposal_id", "name"}
FROM_PROMETHEUS = {"job", "instance", "service", "le", "alertname"}


class Metric(NamedTuple):
    """A metric as its code declares it."""

    kind: str
    name: str
    labels: tuple[str, ...]


def declared() -> Iterator[Metric]:
    """Every prometheus_client metric in the code."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            kinds = _imported(tree)
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in kinds:
                    yield _metric(node, kinds[ast.unparse(node.func)])


def _imported(tree: ast.Module) -> dict[str, str]:
    """Local name to kind of metric, for what this module imports from prometheus_client."""
    return {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "prometheus_client"
        for alias in node.names
        if alias.name in SUFFIXES
    }


def _metric(call: ast.Call, kind: str) -> Metric:
    labels = (
        call.args[2] if len(call.args) > 2 else next((k.value for k in call.keywords if k.arg == "labelnames"), None)
    )
    names = tuple(ast.literal_eval(labels)) if labels is not None else ()
    return Metric(kind, ast.literal_eval(call.args[0]), names)


METRICS = list(declared())
LABELS_OF = {metric.name + suffix: set(metric.labels) for metric in METRICS for suffix in SUFFIXES[metric.kind]}


def rules() -> list[dict[str, Any]]:
    """Every rule, recording and alerting."""
    groups = yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard_queries() -> Iterator[tuple[str, str]]:
    """Title and query of every panel of every dashboard."""
    for path in sorted((DEPLOY / "grafana" / "dashboards").glob("*.json")):
        dashboard = json.loads(path.read_text(encoding="utf-8"))
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                yield f"{path.stem}: {panel['title']}", target["expr"]


RECORDED = {rule["record"] for rule in rules() if "record" in rule}
QUERIES = [(rule.get("alert") or rule["record"], rule["expr"]) for rule in rules()] + list(dashboard_queries())
ALERTS = [rule for rule in rules() if "alert" in rule]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_has_our_prefix_a_base_unit_and_closed_labels(metric: Metric) -> None:
    assert re.fullmatch(r"priceradar_[a-z0-9_]+", metric.name)
    assert metric.name.endswith(UNITS) or metric.name in UNITLESS
    assert metric.name.endswith("_total") == (metric.kind == "Counter")
    assert not set(metric.labels) & FORBIDDEN_LABELS


def test_a_metric_is_declared_once() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)


@pytest.mark.parametrize(("title", "query"), QUERIES, ids=[title for title, _ in QUERIES])
def test_a_query_asks_only_for_metrics_and_labels_that_exist(title: str, query: str) -> None:
    for name, matchers in re.findall(r"\b(priceradar[a-z0-9_:]+)(?:\{([^}]*)\})?", query):
        assert name in LABELS_OF or name in RECORDED
        asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))
        assert asked <= LABELS_OF.get(name, asked) | FROM_PROMETHEUS


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_hurts_how_badly_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert {"summary", "description", "runbook"} <= set(rule["annotations"])
    path, _, section = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
    assert section in {_anchor(heading) for heading in headings}


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_has_a_test(rule: dict[str, Any]) -> None:
    assert f"alertname: {rule['alert']}\n" in (DEPLOY / "prometheus" / "rules_test.yml").read_text(encoding="utf-8")


def _anchor(heading: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", sorted((DEPLOY / "grafana" / "dashboards").glob("*.json")), ids=lambda path: path.stem)
def test_a_dashboard_is_well_formed(path: Path) -> None:
    dashboard = json.loads(path.read_text(encoding="utf-8"))
    panels = dashboard["panels"]

    assert dashboard["uid"] == f"priceradar-{path.stem}"
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    assert all(panel["type"] == "row" or panel["datasource"]["uid"] == "prometheus" for panel in panels)
