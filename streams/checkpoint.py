"""A checkpoint of one partition: its state and input offset, cut into chunks under a checksummed manifest."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from contracts.errors import TamperedError
from contracts.ids import content_hash, make_id

CHUNK_BYTES = 512 * 1024  # well below the broker's default limit of 1 MiB a message
SLOTS = ("a", "b")  # checkpoints alternate, so a torn one never replaces a whole one


class Manifest(msgspec.Struct, frozen=True):
    """What makes a checkpoint whole. Written after its chunks are acknowledged.

    Args:
        offset: the next input offset the state expects.
        first_chunk_at: offset of the first chunk in the checkpoint topic.
        previous_manifest_at: offset of the manifest before this one, -1 where it is the first.
        sha256: of the state's bytes.
    """

    checkpoint_id: str
    partition: int
    slot: str
    offset: int
    chunks: int
    first_chunk_at: int
    previous_manifest_at: int
    sha256: str


class Draft(msgspec.Struct, frozen=True):
    """A checkpoint before it is written: chunk keys and bytes in order."""

    checkpoint_id: str
    partition: int
    slot: str
    offset: int
    chunks: tuple[tuple[bytes, bytes], ...]
    sha256: str

    def manifest(self, first_chunk_at: int, previous_manifest_at: int) -> Manifest:
        """The manifest that completes this draft."""
        return Manifest(
            checkpoint_id=self.checkpoint_id,
            partition=self.partition,
            slot=self.slot,
            offset=self.offset,
            chunks=len(self.chunks),
            first_chunk_at=first_chunk_at,
            previous_manifest_at=previous_manifest_at,
            sha256=self.sha256,
        )


def draft(partition: int, offset: int, slot: str, state: bytes) -> Draft:
    """Cut a state into chunks; at least one, so that an empty state is a checkpoint too."""
    pieces = [state[start : start + CHUNK_BYTES] for start in range(0, max(len(state), 1), CHUNK_BYTES)]
    digest = content_hash(state)
    return Draft(
        checkpoint_id=make_id("checkpoint", partition, offset, digest),
        partition=partition,
        slot=slot,
        offset=offset,
        chunks=tuple((f"{slot}/{number:06d}".encode(), piece) for number, piece in enumerate(pieces)),
        sha256=digest,
    )


def manifest_key(slot: str) -> bytes:
    """Kafka key of a slot's manifest."""
    return f"{slot}/manifest".encode()


def assemble(manifest: Manifest, chunks: Mapping[int, bytes]) -> bytes:
    """The state of a whole checkpoint; TamperedError where a chunk is missing or the checksum differs."""
    missing = [number for number in range(manifest.chunks) if number not in chunks]
    if missing:
        raise TamperedError(f"checkpoint {manifest.checkpoint_id} lacks chunk {missing[0]} of {manifest.chunks}")
    state = b"".join(chunks[number] for number in range(manifest.chunks))
    if content_hash(state) != manifest.sha256:
        raise TamperedError(f"checkpoint {manifest.checkpoint_id} does not have the checksum of its manifest")
    return state


def other_slot(slot: str) -> str:
    """The slot the next checkpoint goes to."""
    return SLOTS[1] if slot == SLOTS[0] else SLOTS[0]
