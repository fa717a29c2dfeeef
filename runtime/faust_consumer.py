"""Faust's consumer without its hole: what it passes over in a rebalance is delivered again, always.

When messages arrive while a rebalance has stopped the flow, Faust drops them and goes back to
the last commit. A partition that has none yet, or one at 0, stays where it is, and what was
dropped is lost (0.15.3, `Consumer.getmany` and aiokafka's `seek_to_committed`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import faust
from aiokafka.errors import IllegalStateError
from faust.transport.drivers.aiokafka import Consumer, Transport
from faust.types import TP, TransportT


class SteadyConsumer(Consumer):
    """Goes back to the beginning where nothing was committed yet."""

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seek every partition to its commit, or to its first message; gives the commits."""
        committed: Mapping[TP, int] = await super().seek_to_committed()
        without = [tp for tp, offset in committed.items() if not offset or offset < 0]
        if without:
            with contextlib.suppress(IllegalStateError):  # another rebalance took them meanwhile
                await self._thread.seek_to_beginning(*without)
        return committed


class SteadyTransport(Transport):
    """Faust's transport with the `SteadyConsumer`."""

    Consumer = SteadyConsumer


class SteadyApp(faust.App):
    """A Faust app that loses nothing in a rebalance."""

    def _new_transport(self) -> TransportT:
        return SteadyTransport(self.conf.broker_consumer, self)
