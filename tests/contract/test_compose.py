"""docker-compose.yml, its image and what it mounts: no engine is needed to see most mistakes."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime.settings import Settings
from tests.contract.rooms import ROOMS

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("priceradar:")}
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
FULL_VERSION = re.compile(r":v?\d+\.\d+(\.\d+)?(-[a-z]+)*$")
KEYS = {
    *("image", "build", "command", "environment", "volumes", "ports", "healthcheck", "depends_on", "user", "restart"),
    *("read_only", "tmpfs", "cap_drop", "security_opt", "logging", "stop_grace_period"),
}
# For pages that need a browser, and for the stronger forecast; whoever wants them installs them.
OPTIONAL = {"scrapy_playwright", "lightgbm"}
every_service = pytest.mark.parametrize("name", SERVICES)
every_one_of_ours = pytest.mark.parametrize("name", OURS)


def test_everything_a_cluster_needs_is_there() -> None:
    workers = {"streams", "pricing", "alerts", "recorder", "crawler", "console"}

    assert set(SERVICES) == workers | {"kafka", "postgres", "prometheus", "alertmanager", "grafana"}
    assert set(OURS) == workers


@every_service
def test_a_service_has_only_known_keys(name: str) -> None:
    assert set(SERVICES[name]) <= KEYS


@every_service
def test_an_image_is_pinned_to_a_full_version(name: str) -> None:
    assert FULL_VERSION.search(SERVICES[name]["image"])


def test_the_base_of_our_image_is_pinned_and_the_same_in_both_stages() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)

    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert FULL_VERSION.search(bases[0])


@every_service
def test_nothing_runs_as_root_or_gains_privileges(name: str) -> None:
    service = SERVICES[name]

    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service.get("privileged") is None


@every_service
def test_a_service_comes_back_and_says_whether_it_is_well(name: str) -> None:
    service = SERVICES[name]

    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"
    assert {"interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"])


@every_service
def test_what_it_depends_on_exists_and_is_awaited_healthy(name: str) -> None:
    for other, condition in SERVICES[name].get("depends_on", {}).items():
        assert other in SERVICES
        assert condition == {"condition": "service_healthy"}


@every_service
def test_a_port_is_open_on_loopback_only(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)


@every_service
def test_a_mount_is_a_named_volume_or_exists_here_and_is_read_only(name: str) -> None:
    for mount in SERVICES[name].get("volumes", []):
        source, _, *mode = mount.split(":")
        if source.startswith("."):
            assert (ROOT / source).exists()
            assert mode == ["ro"]
        else:
            assert source in COMPOSE["volumes"]


def test_every_named_volume_is_used() -> None:
    used = {mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])}

    assert set(COMPOSE["volumes"]) <= used


@every_one_of_ours
def test_a_command_is_a_real_one(name: str, parses: Callable[[Sequence[str]], None]) -> None:
    parses(OURS[name]["command"])


@every_one_of_ours
def test_an_environment_variable_is_a_setting(name: str) -> None:
    known = {f"PRICERADAR_{field}".upper() for field in Settings.model_fields}

    assert set(OURS[name]["environment"]) <= known


@every_one_of_ours
def test_its_health_and_its_metrics_are_asked_for_at_the_port_it_serves(name: str) -> None:
    """Workers and the crawl serve metrics at a port of their own, the console beside its pages."""
    served = OURS[name]["environment"]["PRICERADAR_" + ("CONSOLE_PORT" if name == "console" else "METRICS_PORT")]
    scraped = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    [job] = scraped["scrape_configs"]

    assert f"http://127.0.0.1:{served}/" in OURS[name]["healthcheck"]["test"][-1]
    assert [str(found["port"]) for found in job["dns_sd_configs"] if name in found["names"]] == [served]


def test_what_the_image_copies_exists_and_every_package_is_copied() -> None:
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    let_through = set(re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE))

    assert all((ROOT / source).exists() for source in copied)
    assert set(ROOMS) <= set(copied)
    assert set(copied) <= let_through


@pytest.mark.parametrize("lock", ["requirements-runtime.txt", "deploy/requirements-build.txt"])
def test_the_image_installs_versions_that_are_tested_here(lock: str) -> None:
    assert _pins(ROOT / lock) <= _pins(ROOT / "requirements.txt")


def test_the_image_has_every_package_our_code_imports() -> None:
    installed = {_canonical(pin.split("==")[0]) for pin in _pins(ROOT / "requirements-runtime.txt")}
    distributions = packages_distributions()
    missing = {
        f"{path.relative_to(ROOT)}: {module}"
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for module in _imports(path) - OPTIONAL
        if (names := distributions.get(module)) and not {_canonical(name) for name in names} & installed
    }

    assert missing <= set()


def _imports(path: Path) -> set[str]:
    """Names of the top-level packages a module imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    from_ = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.split(".")[0] for name in plain | from_} - set(ROOMS)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pins(lock: Path) -> set[str]:
    return set(re.findall(r"^([a-z0-9][^ \\]*==[^ \\;]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))


def test_a_lock_has_hashes_and_names_no_index() -> None:
    for lock in ROOT.glob("**/requirements*.txt"):
        if ".venv" not in lock.parts:
            text = lock.read_text(encoding="utf-8")
            assert "--hash=sha256:" in text
            assert "://" not in text
            assert "--index-url" not in text.replace("--no-emit-index-url", "")


def test_passwords_come_from_outside() -> None:
    example = (ROOT / "deploy" / "env.example").read_text(encoding="utf-8")

    for name in re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")):
        assert f"{name}=" in example
