"""`priceradar demo`: the whole system on its own Kafka, against a demo market."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

CRAWL_SECONDS = 3.0


def demo(
    seconds: Annotated[float, typer.Option(min=0, help="End by itself after so long; 0 runs until Ctrl-C.")] = 0,
    data: Annotated[Path | None, typer.Option(help="Keep the data here; a temporary folder by default.")] = None,
    seed: Annotated[int, typer.Option(help="Which course the market takes.")] = 1,
) -> None:
    """Try everything in a minute: three demo shops, a real Kafka, the crawl, all workers, the console.

    Prints one line per alert and proposal. With --seconds it ends with a summary, and exit status 0
    only if alerts and proposals really came through Kafka.

    Example: priceradar demo --seconds 90
    """
    from rich.console import Console

    from cli.machine import WORKERS, machine, until_asked_to_stop
    from cli.tail import Tail
    from contracts.errors import UnavailableError
    from demo.market import Market
    from demo.samples import write_watchlist
    from runtime.settings import Settings

    screen = Console(highlight=False, soft_wrap=True)
    with ExitStack() as stack:
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="priceradar-demo-")))
        stop = stack.enter_context(until_asked_to_stop())
        settings = Settings(kafka="", data=folder, ledger="", console_port=0, metrics_port=0, policy="default")
        screen.print("Starting our own Apache Kafka, four workers, the console and three demo shops")
        started = time.monotonic()
        running = stack.enter_context(machine(settings, screen.print, ("--port", "0", "--demo-login")))
        market = stack.enter_context(Market(seed=seed, on_first_visit=True))
        watchlist = write_watchlist(folder / "watchlist.csv", market.addresses)
        _seed_facts(running.settings.kafka, market.addresses)
        tail = stack.enter_context(Tail(running.settings.kafka, screen))
        found = running.wait_ready((*WORKERS, "console"))
        crawl = ("crawl", "--watchlist", str(watchlist), "--every", str(CRAWL_SECONDS), "--allow-private")
        running.supervisor.start("crawl", *crawl)
        screen.print(
            f"Ready after {time.monotonic() - started:.1f} s. Console: [bold]{found['console'].address}[/bold]"
        )
        for name in WORKERS:
            screen.print(f"  {name:<10} {found[name].address}")
        began = time.monotonic()
        while not stop.wait(0.25):
            running.check()
            tail.check()
            if seconds and time.monotonic() - began >= seconds:
                break
        tail.summary(time.monotonic() - began)
        if seconds and not stop.is_set() and not tail.delivered:
            where = f"see {running.logs}" if data else "name a --data folder to keep the logs"
            raise UnavailableError(f"no alerts or no proposals came through Kafka; {where}")


def _seed_facts(bootstrap: str, addresses: dict[str, str]) -> None:
    from contracts.topics import MATCHES
    from demo import samples
    from runtime.publish import Publisher

    now_ms = int(time.time() * 1000)
    with Publisher(bootstrap) as publisher:
        for topic, key, fact in samples.facts(now_ms):
            publisher.send(topic, key, fact)
        for match in samples.matches(addresses, now_ms):
            publisher.send(MATCHES, f"{match.competitor}|{match.product_id}", match)
