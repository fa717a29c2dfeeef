"""Runs a pricing worker with a ledger of plain files, as a process that tests may kill."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pricing.worker
from contracts.codec import decode, encode
from contracts.facts import CatalogItem, Match, StockLevel
from contracts.policy import DEFAULT, Policy
from contracts.proposals import Decision, Proposal
from runtime.faust_app import run_app
from runtime.settings import Settings


class FileLedger:
    """A ledger whose tables are folders, one file a row."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _write(self, table: str, key: str, value: object) -> None:
        path = self.folder / table / key
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f"draft-{table}"  # a reader never sees half a row
        draft.write_bytes(encode(value))
        draft.replace(path)

    def record_proposals(self, proposals: Sequence[Proposal]) -> None:
        for made in proposals:
            self._write("proposals", made.proposal_id, made)

    def record_items(self, items: Sequence[CatalogItem]) -> None:
        for item in items:
            self._write("items", item.sku, item)

    def record_stock(self, levels: Sequence[StockLevel]) -> None:
        for level in levels:
            self._write("stock", level.sku, level)

    def record_matches(self, matches: Sequence[Match]) -> None:
        for match in matches:
            self._write("matches", f"{match.competitor}-{match.product_id}", match)

    def owed_matches(self, limit: int) -> list[Match]:
        return []

    def matches_published(self, sent: Sequence[Match], now_ms: int) -> None:
        pass

    def decide(self, decision: Decision) -> None:
        self._write("outbox", decision.decision_id, decision)

    def release_decisions(self, limit: int, now_ms: int, policy: Policy) -> list[Decision]:
        return [decode(path.read_bytes(), Decision) for path in sorted((self.folder / "outbox").glob("*"))][:limit]

    def keep_approvals(self, now_ms: int, policy: Policy) -> None:
        pass

    def claim_notices(self, holder: str, now_ms: int, lease_ms: int) -> list[Any]:
        return []

    def notice_accepted(self, notice_id: str, now_ms: int) -> None:
        pass

    def notice_refused(self, notice: Any, error: str, now_ms: int) -> None:
        pass

    def decisions_published(self, ids: Sequence[str], now_ms: int) -> None:
        for decision_id in ids:
            (self.folder / "outbox" / decision_id).unlink(missing_ok=True)


def main(bootstrap: str, folder: str) -> None:
    """Run until asked to stop."""
    settings = Settings(kafka=bootstrap, data=Path(folder), log_level="INFO")
    run_app(pricing.worker.build(settings, DEFAULT, FileLedger(Path(folder) / "ledger")), settings)
