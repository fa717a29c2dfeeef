"""Who signs what: the steps of approval, signatures, and roles handed over for a time.

Times are epoch ms, UTC.
"""

from __future__ import annotations

from typing import Literal

import msgspec

SignerRole = Literal["pricing", "marketing_director", "finance_director", "general_manager"]
Verdict = Literal["approve", "reject"]


class Signer(msgspec.Struct, frozen=True):
    """A person who signs, and the role that is theirs."""

    user: str
    role: str


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """One person's verdict on a proposal.

    `role` is the role it counts for; `own_role` that of the person, where it is another one:
    they signed in the place of `on_behalf_of`, or because the proposal was escalated to them.
    """

    user: str
    role: str
    verdict: Verdict
    signed_at: int
    reason: str = ""
    own_role: str = ""
    on_behalf_of: str = ""


class Delegation(msgspec.Struct, frozen=True, kw_only=True):
    """`by` lets `to` sign with their role in [begins_at, ends_at), unless revoked before."""

    delegation_id: str
    by: str
    to: str
    role: str
    begins_at: int
    ends_at: int
    reason: str = ""
    revoked_at: int | None = None

    def holds(self, at: int) -> bool:
        """Whether it counts at a moment."""
        return self.begins_at <= at < self.ends_at and (self.revoked_at is None or at < self.revoked_at)


class Authority(msgspec.Struct, frozen=True):
    """In which role a signature would count, and in whose place ("" where in one's own)."""

    role: str
    on_behalf_of: str = ""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a proposal stands between those who sign it.

    `needed` are all roles that sign, in order; `asked` the one whose turn it is (None: all
    have signed), `may_answer` the roles that may sign now: the one asked, and those it was
    escalated to. `escalates_at` is the next escalation, None where nobody is left above.
    """

    needed: tuple[str, ...]
    asked: str | None
    may_answer: tuple[str, ...]
    waiting_since: int
    expires_at: int
    escalates_at: int | None = None
    escalations: int = 0
