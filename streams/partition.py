"""What a worker keeps of one input partition between two messages. Pure: the worker does the I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from contracts.codec import encode
from contracts.errors import BadInputError, BadPriceError, UnknownCurrencyError
from contracts.events import MarketEvent
from contracts.money import is_currency
from contracts.observations import Observation
from contracts.policy import Detection
from streams.checkpoint import SLOTS, Draft, Manifest, draft, other_slot
from streams.engine import Engine
from streams.state import MarketState

UNSET = -1
Verdict = Literal["next", "seen", "checkpointed", "gap"]


class Partition:
    """State, offsets and unacknowledged messages of one partition.

    Attributes:
        offset: the next input offset the state expects; UNSET before the first message.
        checkpointed: all input below this offset is in a whole checkpoint.
        unacknowledged: input messages whose state is not in a checkpoint yet.
        verified: False after an assignment, until the newest checkpoint was looked at.
    """

    def __init__(self, number: int, detection: Detection) -> None:
        self.number = number
        self.engine = Engine(detection)
        self.offset = UNSET
        self.checkpointed = UNSET
        self.manifest_at = UNSET
        self.slot = SLOTS[0]
        self.unacknowledged: list[Any] = []
        self.verified = False

    @property
    def dirty(self) -> bool:
        """Whether there is anything a checkpoint would make safe."""
        return self.offset > self.checkpointed and self.offset != UNSET

    def restore(self, manifest: Manifest, manifest_at: int, state: bytes) -> None:
        """Take over a checkpoint, unless the state in memory is further."""
        self.slot = other_slot(manifest.slot)
        self.manifest_at = manifest_at
        if manifest.offset > self.offset:
            detection = self.engine.detection
            self.engine = Engine(detection, MarketState.from_bytes(state, detection))
            self.offset = manifest.offset
        self.checkpointed = manifest.offset

    def begin(self, offset: int) -> None:
        """Without a checkpoint the state begins with the first message Kafka still has, wherever delivery does."""
        if self.offset == UNSET:
            self.offset = self.checkpointed = offset

    def place(self, offset: int) -> Verdict:
        """Where a message stands: the next one, one that was seen, or one beyond a gap."""
        if self.offset in (UNSET, offset):
            return "next"
        if offset > self.offset:
            return "gap"
        return "checkpointed" if offset < self.checkpointed else "seen"

    def take(
        self, offset: int, value: bytes | None
    ) -> tuple[list[MarketEvent], list[tuple[bytes | None, BadInputError]], int]:
        """Events of a message, its bad parts with their reasons (None: all of it), and its rows."""
        self.offset = offset + 1
        try:
            events, rows = self.engine.observe_message(value)
        except BadInputError as error:
            return [], [(None, error)], 0
        return events, [_rejected(rows, number) for number in self.engine.rejected], len(rows)

    def draft(self) -> Draft:
        """The checkpoint of the state as it is, into the slot whose turn it is."""
        return draft(self.number, self.offset, self.slot, self.engine.state.to_bytes())

    def made_safe(self, offset: int, manifest_at: int) -> list[Any]:
        """Note a whole checkpoint; returns the messages that may now be acknowledged."""
        self.checkpointed = offset
        self.manifest_at = manifest_at
        self.slot = other_slot(self.slot)
        safe, self.unacknowledged = self.unacknowledged, []
        return safe


def _rejected(rows: Sequence[Observation], number: int) -> tuple[bytes | None, BadInputError]:

    row = rows[number]
    if not is_currency(row.currency):
        error: BadInputError = UnknownCurrencyError(
            f"row {number}: currency must be an ISO 4217 code, was {row.currency!r}"
        )
    else:
        error = BadPriceError(f"row {number}: a price must be a positive amount, was {row.price_minor}")
    return encode((row,)), error
