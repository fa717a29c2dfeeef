"""The ledger as the others use it: every call is one transaction, every write may be repeated."""

from __future__ import annotations

from ledger.calls.alerts import AlertCalls
from ledger.calls.approvals import ApprovalCalls
from ledger.calls.facts import FactCalls
from ledger.calls.people import PeopleCalls


class Ledger(AlertCalls, ApprovalCalls, FactCalls, PeopleCalls):
    """Alerts, proposals, approvals, facts and the audit chain of one installation.

    Times are epoch ms UTC. UnavailableError where the database does not answer.
    """
