"""`priceradar console`: the web console's server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def console(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default from the settings.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 picks a free one.")] = None,
    demo_login: Annotated[bool, typer.Option("--demo-login", help="No password; on loopback only.")] = False,
    config: Annotated[Path | None, typer.Option(help="Configuration, default priceradar.toml here.")] = None,
) -> None:
    """Serve the REST API and /metrics of the console.

    Example: priceradar console --port 8080
    """
    import ipaddress
    import socket

    import uvicorn

    from console.app import create_app
    from contracts.errors import BadInputError, UnavailableError
    from ledger.store import Ledger
    from runtime.run_files import announce
    from runtime.settings import load_settings

    settings = load_settings(config, console_host=host, console_port=port)
    if demo_login and not ipaddress.ip_address(socket.gethostbyname(settings.console_host)).is_loopback:
        raise BadInputError(f"--demo-login is for loopback only, was {settings.console_host}; use --host 127.0.0.1")
    try:
        listener = socket.create_server((settings.console_host, settings.console_port))
    except OSError as error:
        where = f"{settings.console_host}:{settings.console_port}"
        raise UnavailableError(f"the console cannot listen on {where}: {error}; choose another --port") from error
    ledger = Ledger.open(settings.ledger_url)
    announce(settings.data, "console", "http://{}:{}".format(*listener.getsockname()[:2]))
    try:
        uvicorn.Server(uvicorn.Config(create_app(ledger, demo_login=demo_login), log_level="warning")).run(
            sockets=[listener]
        )
    finally:
        ledger.close()
