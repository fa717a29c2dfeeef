"""What the rows must be, from the acts of the audit chain alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec


class ProposalTold(msgspec.Struct):
    """A proposal: hash of its record, where it stands ("": as it was made), and to whom it escalated."""

    hash: str
    status: str = ""
    escalated_to: str | None = None


class DecisionTold(msgspec.Struct):
    """A decision: hash of its record, when Kafka had it, and why it was held back."""

    hash: str
    published_at: int | None = None
    withheld: str | None = None
    adopted: bool = False
    proposal_id: str = ""
    compensates: bool = False


class Replay:
    """Folds acts in their order. Acts about other things (alerts, people, matches) change nothing."""

    def __init__(self) -> None:
        self.proposals: dict[str, ProposalTold] = {}
        self.signatures: dict[tuple[str, str], dict[str, Any]] = {}
        self.decisions: dict[str, DecisionTold] = {}
        self.delegations: dict[str, dict[str, Any]] = {}
        self._of: dict[str, Callable[[Mapping[str, Any], dict[str, Any]], None]] = {
            "propose": self._propose,
            "adopt_proposals": self._adopt_proposals,
            "adopt_decisions": self._adopt_decisions,
            "approve": self._sign,
            "reject": self._sign,
            "decide": self._decide,
            "withhold": self._withhold,
            "hold": self._hold,
            "expire": self._expire,
            "escalate": self._escalate,
            "publish": self._publish,
            "undo": self._undo,
            "delegate": self._delegate,
            "revoke_delegation": self._revoke,
        }

    def apply(self, act: Mapping[str, Any]) -> None:
        """Take one act; ValueError, KeyError or TypeError where its detail is not what it must be."""
        handler = self._of.get(act["action"])
        if handler is not None:
            handler(act, msgspec.json.decode(act["detail"], type=dict[str, Any]))

    def _propose(self, _act: Mapping[str, Any], detail: dict[str, Any]) -> None:
        for proposal_id, digest in detail["hashes"].items():
            self.proposals[proposal_id] = ProposalTold(digest)

    def _adopt_proposals(self, _act: Mapping[str, Any], detail: dict[str, Any]) -> None:
        for proposal_id, (digest, status) in detail["rows"].items():
            self.proposals[proposal_id] = ProposalTold(digest, status)

    def _adopt_decisions(self, _act: Mapping[str, Any], detail: dict[str, Any]) -> None:
        for decision_id, (digest, _status) in detail["rows"].items():
            self.decisions[decision_id] = DecisionTold(digest, adopted=True)

    def _sign(self, act: Mapping[str, Any], detail: dict[str, Any]) -> None:
        self.signatures[act["subject"], act["actor"]] = {
            "verdict": act["action"],
            "signed_at": act["at"],
            "role": detail["role"],
            "reason": detail["reason"],
            "own_role": detail.get("own_role", ""),
            "on_behalf_of": detail.get("on_behalf_of", ""),
        }
        if act["action"] == "reject":
            self._status(act["subject"], "rejected")

    def _decide(self, act: Mapping[str, Any], detail: dict[str, Any]) -> None:
        if "decision" in detail:  # earlier ones are adopted later in the chain
            self.decisions[detail["decision"]] = DecisionTold(detail["hash"], proposal_id=act["subject"])
        self._status(act["subject"], "approved")

    def _withhold(self, act: Mapping[str, Any], detail: dict[str, Any]) -> None:
        self._status(act["subject"], "expired" if detail["reason"] == "expired" else "blocked")

    def _hold(self, act: Mapping[str, Any], detail: dict[str, Any]) -> None:
        self.decisions[act["subject"]].withheld = detail["reason"]

    def _expire(self, act: Mapping[str, Any], _detail: dict[str, Any]) -> None:
        self._status(act["subject"], "expired")

    def _escalate(self, act: Mapping[str, Any], detail: dict[str, Any]) -> None:
        self.proposals[act["subject"]].escalated_to = detail["to"]

    def _publish(self, act: Mapping[str, Any], detail: dict[str, Any]) -> None:
        for decision_id in detail["ids"]:
            told = self.decisions[decision_id]
            told.published_at = act["at"]
            proposal = self.proposals.get(told.proposal_id)
            if proposal is not None and proposal.status == "approved" and not told.compensates:
                proposal.status = "published"

    def _undo(self, act: Mapping[str, Any], detail: dict[str, Any]) -> None:
        if "decision" in detail:
            told = DecisionTold(detail["hash"], proposal_id=act["subject"], compensates=True)
            self.decisions[detail["decision"]] = told
        else:
            self.decisions[detail["undone"]].withheld = "undone"
        self._status(act["subject"], "undone")

    def _delegate(self, act: Mapping[str, Any], detail: dict[str, Any]) -> None:
        self.delegations[act["subject"]] = detail

    def _revoke(self, act: Mapping[str, Any], _detail: dict[str, Any]) -> None:
        self.delegations[act["subject"]]["revoked_at"] = act["at"]

    def _status(self, proposal_id: str, status: str) -> None:
        if proposal_id in self.proposals:  # acts from before proposals were in the chain: adopted later
            self.proposals[proposal_id].status = status
