"""Proposals, signatures, decisions, and the notices of decisions."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.approvals import Signature, Verdict
from contracts.policy import Policy
from contracts.proposals import Decision, Proposal, ProposalStatus
from ledger import decisions, notices, proposals, signing, upkeep
from ledger.calls.transactions import Transactions
from ledger.notices import Notice
from ledger.occasion import Occasion
from ledger.upkeep import Kept


class ApprovalCalls(Transactions):
    """Each is one transaction."""

    def record_proposals(self, found: Sequence[Proposal]) -> None:
        """Insert proposals that are new."""
        with self.writing() as connection:
            proposals.record(connection, found)

    def proposal(self, proposal_id: str) -> Proposal | None:
        """A proposal as it was made."""
        found = self.proposal_with_status(proposal_id)
        return None if found is None else found[0]

    def proposal_with_status(self, proposal_id: str) -> tuple[Proposal, ProposalStatus] | None:
        """A proposal and where it stands."""
        with self.reading() as connection:
            return proposals.get(connection, proposal_id)

    def proposals(
        self, *, status: str | None = None, sku: str | None = None, before: int | None = None, limit: int = 100
    ) -> list[tuple[Proposal, ProposalStatus]]:
        """Proposals with their status, the latest first."""
        with self.reading() as connection:
            return proposals.find(connection, status=status, sku=sku, before=before, limit=limit)

    def proposal_counts(self) -> dict[str, int]:
        """Proposals by status."""
        with self.reading() as connection:
            return proposals.counts(connection)

    def signatures(self, proposal_id: str) -> list[Signature]:
        """Who signed a proposal so far."""
        with self.reading() as connection:
            return signing.signatures(connection, proposal_id)

    def sign(self, proposal_id: str, occasion: Occasion, verdict: Verdict, reason: str = "") -> ProposalStatus:
        """Approve or reject; see `ledger.signing.sign`."""
        with self.writing() as connection:
            return signing.sign(connection, proposal_id, occasion, verdict, reason)

    def keep_approvals(self, now_ms: int, policy: Policy) -> Kept:
        """Expire, escalate and approve what needs no person; see `ledger.upkeep.keep`."""
        with self.reading() as connection:
            found = list(upkeep.due(connection, now_ms, policy))
        if not found:
            return Kept()  # most of the time: no writer is kept waiting
        with self.writing() as connection:
            return upkeep.keep(connection, found, now_ms, policy)

    def unpublished_decisions(self, limit: int) -> list[Decision]:
        """Decisions that Kafka does not have yet."""
        with self.reading() as connection:
            return decisions.unpublished(connection, limit)

    def release_decisions(self, limit: int, now_ms: int, policy: Policy) -> list[Decision]:
        """Decisions to send now, looked at once more; see `ledger.decisions.release`."""
        if not self.unpublished_decisions(1):
            return []  # most of the time: no writer is kept waiting
        with self.writing() as connection:
            return decisions.release(connection, limit, now_ms, policy)

    def decisions_published(self, ids: Sequence[str], now_ms: int) -> None:
        """Kafka has these decisions."""
        with self.writing() as connection:
            decisions.published(connection, ids, now_ms)

    def claim_notices(self, holder: str, now_ms: int, lease_ms: int) -> list[Notice]:
        """What the decisions' webhook is owed now, held by `holder`."""
        with self.reading() as connection:
            if not notices.waiting(connection, now_ms):
                return []  # most of the time: no writer is kept waiting
        with self.writing() as connection:
            return notices.claim(connection, holder, now_ms, lease_ms)

    def notice_accepted(self, notice_id: str, now_ms: int) -> None:
        """The webhook took it."""
        with self.writing() as connection:
            notices.accepted(connection, notice_id, now_ms)

    def notice_refused(self, notice: Notice, error: str, now_ms: int) -> None:
        """The webhook did not take it, or did not say."""
        with self.writing() as connection:
            notices.refused(connection, notice, error, now_ms)
