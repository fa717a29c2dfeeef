"""May this person sign, and as whom: the order of roles, four eyes, delegation, escalation, expiry.

Everything is a function of the proposal, the signatures so far, the delegations and the
moment (epoch ms, UTC): the ledger applies it, the console asks it beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence

from contracts.approvals import Authority, Delegation, Signature, Signer, Standing
from contracts.errors import BadInputError, NotAllowedError
from contracts.policy import Approval
from contracts.proposals import Proposal, ProposalStatus
from contracts.times import DAY_MS, HOUR_MS
from pricing.approval import needed

AGENT = "agent"
LONGEST_REASON = 2_000


def standing(proposal: Proposal, signed: Sequence[Signature], approval: Approval, now_ms: int) -> Standing:
    """Whose turn it is. Without an answer the role above may answer too, and so on upwards each time."""
    roles = needed(proposal, approval)
    done = {one.role for one in signed if one.verdict == "approve"}
    asked = next((role for role in roles if role not in done), None)
    since = max([proposal.decided_at, *(one.signed_at for one in signed)])
    expires = proposal.decided_at + approval.expire_after_hours * HOUR_MS
    ladder = [step.role for step in approval.ladder]
    above = ladder[ladder.index(asked) + 1 :] if asked in ladder else []
    wait = approval.escalate_after_hours * HOUR_MS
    steps = 0 if now_ms > expires else min(max(0, now_ms - since) // wait, len(above))
    following = since + (steps + 1) * wait
    return Standing(
        needed=roles,
        asked=asked,
        may_answer=() if asked is None else (asked, *above[:steps]),
        waiting_since=since,
        expires_at=expires,
        escalates_at=following if steps < len(above) and following < expires else None,
        escalations=steps,
    )


def authority(
    proposal: Proposal,
    status: ProposalStatus,
    where: Standing,
    signed: Sequence[Signature],
    signer: Signer,
    delegations: Sequence[Delegation],
    now_ms: int,
) -> Authority:
    """The role this person's signature counts for.

    Args:
        delegations: those to this person whose givers still hold the role.

    Raises:
        NotAllowedError: no longer pending, the proposer, wrong role, not their turn, signed already.
    """
    name, user, role = proposal.proposal_id, signer.user, signer.role
    if status != "pending":
        raise NotAllowedError(f"proposal {name} can no longer be signed: it is {status}")
    if user == AGENT:
        raise NotAllowedError("a proposer never approves, was the agent itself")
    handed = [one for one in delegations if one.to == user and one.by != user and one.holds(now_ms)]
    held = {role: "", **{one.role: one.by for one in handed if one.role != role}}
    if not held.keys() & {*where.needed, *where.may_answer}:
        raise NotAllowedError(f"proposal {name} is signed by {', '.join(where.needed) or 'nobody'}, was {role}")
    fitting = next((one for one in where.may_answer if one in held), None)
    seen = {person for one in signed for person in (one.user, one.on_behalf_of) if person}
    for person in (user, held[fitting] if fitting is not None else ""):
        if person in seen:
            raise NotAllowedError(f"{person} has signed proposal {name} already: another person must")
    if where.asked is None or (fitting is None and now_ms <= where.expires_at):
        raise NotAllowedError(f"proposal {name} waits for the {where.asked} first, was {role}")
    return Authority(where.asked, held[fitting] if fitting is not None else "")


def check_reason(what: str, reason: str) -> str:
    """A reason without the blanks around it; BadInputError where there is none, or a novel."""
    text = reason.strip()
    if not text:
        raise BadInputError(f"{what} needs a reason, was empty")
    if len(text) > LONGEST_REASON:
        raise BadInputError(f"{what} needs a reason of at most {LONGEST_REASON} characters, was {len(text)}")
    return text


def check_delegation(made: Delegation, approval: Approval, now_ms: int) -> None:
    """BadInputError where a role cannot be handed over like this."""
    if made.by == made.to:
        raise BadInputError(f"a role is handed to somebody else, was {made.to!r}")
    if made.role not in {step.role for step in approval.ladder}:
        raise BadInputError(f"only a role that signs can be handed over, was {made.role}")
    if not max(made.begins_at, now_ms) < made.ends_at:
        raise BadInputError("a delegation must end after it begins and after now, was earlier")
    if made.ends_at - max(made.begins_at, now_ms) > approval.delegation_max_days * DAY_MS:
        raise BadInputError(f"a delegation lasts at most {approval.delegation_max_days} days, was longer")
