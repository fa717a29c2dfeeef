"""`priceradar console`: the web console's server."""

from __future__ import annotations

import os
import socket
from typing import Annotated

import typer

from cli.options import Config
from contracts.errors import BadInputError


def console(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default from the settings.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 picks a free one.")] = None,
    demo_login: Annotated[
        bool, typer.Option("--demo-login", help="Choose a role instead of a password; on loopback only.")
    ] = False,
    config: Config = None,
) -> None:
    """Serve the console: pages for people, a REST API and /metrics.

    Nobody may sign in yet? Open the address and use the code it prints, or `priceradar users add`.

    Example: priceradar console --port 8080
    """
    import secrets

    import uvicorn

    from cli.policies import in_force, is_fixed
    from console.app import create_app
    from console.oidc import Oidc
    from console.options import Options
    from console.security import secret_of
    from ledger.store import Ledger
    from runtime.run_files import announce
    from runtime.settings import load_settings

    settings = load_settings(config, console_host=host, console_port=port)
    policy = in_force(settings)
    listener = _listener(settings.console_host, settings.console_port, only_loopback=demo_login)
    ledger = Ledger.open(settings.ledger_url)
    address = "http://{}:{}".format(*listener.getsockname()[:2])
    code = "" if demo_login or ledger.has_users() else secrets.token_hex(6)
    note = f"Nobody may sign in yet. Open {address}/login with the code {code}" if code else ""
    if note:
        print(note, flush=True)
    announce(settings.data, "console", address, note)
    app = create_app(
        ledger,
        Options(
            demo_login=demo_login,
            secret=secret_of(settings.data),
            policy=policy,
            fixed_policy=settings.policy if is_fixed(settings) else "",
            data=settings.data,
            setup_code=code,
            oidc=Oidc(settings.oidc) if settings.oidc else None,
            address=settings.console_url,
        ),
    )
    try:
        # Open event streams never end by themselves: they are cut when the console is asked to stop.
        config_ = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
        uvicorn.Server(config_).run(sockets=[listener])
    finally:
        ledger.close()


def _listener(host: str, port: int, only_loopback: bool) -> socket.socket:
    import ipaddress

    try:
        if only_loopback and not ipaddress.ip_address(socket.gethostbyname(host)).is_loopback:
            raise BadInputError(f"--demo-login is for loopback only, was {host}; use --host 127.0.0.1")
        return socket.create_server((host, port))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise BadInputError(
            f"the console cannot listen on {host}:{port}: {reason}; choose another --host or --port"
        ) from error
