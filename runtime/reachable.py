"""Whether a Kafka is there at all: said at once and clearly, before a client waits for it."""

from __future__ import annotations

import socket

from contracts.errors import UnavailableError

CONNECT_SECONDS = 5.0


def require_kafka(bootstrap: str) -> list[str]:
    """The servers of `host:port,host:port` where at least one accepts connections; UnavailableError.

    kafka-python's constructors wait half a minute for an answer and leave their sockets open.
    """
    servers = [server.strip() for server in bootstrap.split(",") if server.strip()]
    reason = "name at least one host:port"
    for server in servers:
        host, _, port = server.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
        except (OSError, ValueError, OverflowError) as error:
            reason = str(error)
        else:
            return servers
    raise UnavailableError(f"Kafka at {bootstrap} does not answer ({reason}): start it, or correct PRICERADAR_KAFKA")
