"""What pages show of the ledger: filtered lists in pages that lose and repeat no row.

A page goes on where the last one ended by (time, id): rows of equal time are told apart by their id.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, text, tuple_

from contracts.alerts import Alert
from contracts.codec import decode
from contracts.facts import Match
from contracts.observations import PricePoint
from contracts.proposals import Decision, Proposal, ProposalStatus
from ledger.care import Care
from ledger.models import AlertRow, AuditRow, DecisionRow, ItemRow, MatchRow, PriceRow, ProposalRow, UserRow

OPEN = ("opened", "updated")
OF_ALERTS = ("severity", "kind", "competitor", "sku")


class Position(NamedTuple):
    """Where a page ended: time (epoch ms) and id of its last row."""

    at: int
    key: str


class AlertFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts; empty fields take everything. `text` is sought in headline, name and SKU.

    `care` is what people did: unanswered (neither acknowledged nor called wrong), acknowledged,
    wrong, or escalated.
    """

    status: str = "open"
    severity: str = ""
    kind: str = ""
    competitor: str = ""
    sku: str = ""
    assigned_to: str = ""
    text: str = ""
    care: str = ""

    def fits(self, alert: Alert, care: Care) -> bool:
        """Whether an alert is one of these, as the ledger would find it."""
        is_open = alert.status != "closed"
        if (self.status == "closed" and is_open) or (self.status == "open" and not is_open):
            return False
        if any(getattr(self, name) not in ("", getattr(alert, name)) for name in OF_ALERTS):
            return False
        if self.assigned_to not in ("", care.assigned_to) or (self.care and not _cared(self.care, care)):
            return False
        text = f"{alert.headline} {alert.name} {alert.sku} {alert.product_id}".casefold()
        return self.text.casefold() in text


def _cared(wanted: str, care: Care) -> bool:
    answers = {
        "unanswered": care.acknowledged_by is None and care.false_positive is None,
        "acknowledged": care.acknowledged_by is not None,
        "wrong": care.false_positive is not None,
        "escalated": care.escalated_at is not None,
    }
    return answers.get(wanted, True)


_CARED: dict[str, tuple[ColumnElement[bool], ...]] = {
    "unanswered": (AlertRow.acknowledged_by.is_(None), AlertRow.false_positive.is_(None)),
    "acknowledged": (AlertRow.acknowledged_by.is_not(None),),
    "wrong": (AlertRow.false_positive.is_not(None),),
    "escalated": (AlertRow.escalated_at.is_not(None),),
}
CARES = tuple(_CARED)


def alerts(connection: Connection, wanted: AlertFilter, after: Position | None, limit: int) -> list[Alert]:
    """Alerts, the latest first."""
    query = _alerts(select(AlertRow.body), wanted)
    if after is not None:
        query = query.where(tuple_(AlertRow.observed_at, AlertRow.alert_id) < tuple_(*after))
    query = query.order_by(AlertRow.observed_at.desc(), AlertRow.alert_id.desc()).limit(limit)
    return [decode(body.encode(), Alert) for body in connection.scalars(query)]


def alert_count(connection: Connection, wanted: AlertFilter) -> int:
    """How many alerts a filter leaves."""
    return connection.scalar(_alerts(select(func.count()).select_from(AlertRow), wanted)) or 0


def _alerts(query: Select[Any], wanted: AlertFilter) -> Select[Any]:
    if wanted.status == "open":
        query = query.where(AlertRow.status.in_(OPEN))
    elif wanted.status == "closed":
        query = query.where(AlertRow.status == "closed")
    query = query.where(*_CARED.get(wanted.care, ()))
    for name in (*OF_ALERTS, "assigned_to"):
        if value := getattr(wanted, name):
            query = query.where(AlertRow.__table__.c[name] == value)
    if wanted.text:
        query = query.where(AlertRow.body.contains(wanted.text, autoescape=True))
    return query


def similar(connection: Connection, alert: Alert, limit: int = 8) -> list[Alert]:
    """Earlier and later episodes of the same product there, the latest first."""
    same = or_(
        and_(AlertRow.competitor == alert.competitor, AlertRow.product_id == alert.product_id),
        and_(AlertRow.sku == alert.sku, AlertRow.sku != "", AlertRow.kind == alert.kind),
    )
    query = select(AlertRow.body).where(same, AlertRow.alert_id != alert.alert_id)
    query = query.order_by(AlertRow.observed_at.desc()).limit(limit)
    return [decode(body.encode(), Alert) for body in connection.scalars(query)]


def proposals(
    connection: Connection, status: str, sku: str, after: Position | None, limit: int
) -> list[tuple[Proposal, ProposalStatus]]:
    """Proposals and where they stand, the latest first; an empty status or SKU takes all."""
    query = select(ProposalRow.body, ProposalRow.status)
    if status:
        query = query.where(ProposalRow.status == status)
    if sku:
        query = query.where(ProposalRow.sku == sku)
    if after is not None:
        query = query.where(tuple_(ProposalRow.decided_at, ProposalRow.proposal_id) < tuple_(*after))
    query = query.order_by(ProposalRow.decided_at.desc(), ProposalRow.proposal_id.desc()).limit(limit)
    return [(decode(row.body.encode(), Proposal), row.status) for row in connection.execute(query)]


def competitors(connection: Connection) -> list[str]:
    """Every competitor of which a price is known; each is one step in the index, whatever it holds."""
    found: list[str] = []
    last = connection.scalar(select(func.min(PriceRow.competitor)))
    while last is not None:
        found.append(last)
        last = connection.scalar(select(func.min(PriceRow.competitor)).where(PriceRow.competitor > last))
    return found


# One step in the index a product, instead of reading every price of the competitor.
_FRESHEST = text("""
WITH RECURSIVE product(name) AS (
    SELECT min(product_id) FROM price_points WHERE competitor = :competitor
    UNION ALL
    SELECT (SELECT min(product_id) FROM price_points WHERE competitor = :competitor AND product_id > product.name)
    FROM product WHERE product.name IS NOT NULL
)
SELECT max((SELECT max(observed_at) FROM price_points WHERE competitor = :competitor AND product_id = product.name))
FROM product WHERE product.name IS NOT NULL
""")


def freshness(connection: Connection) -> dict[str, int]:
    """When each competitor last changed a price (epoch ms)."""
    return {name: connection.scalar(_FRESHEST, {"competitor": name}) or 0 for name in competitors(connection)}


def latest_prices(connection: Connection, skus: list[str]) -> list[PricePoint]:
    """The last regular or promotion price of every product matched to these SKUs, with their SKU."""
    same = (PriceRow.competitor == MatchRow.competitor, PriceRow.product_id == MatchRow.product_id)
    told = PriceRow.price_type.in_(("regular", "promotion"))
    newest = select(func.max(PriceRow.observed_at)).where(*same, told).correlate(MatchRow).scalar_subquery()
    query = select(PriceRow.__table__, MatchRow.sku.label("ours")).join(MatchRow, and_(*same))
    query = query.where(MatchRow.sku.in_(skus), MatchRow.status != "rejected", told, PriceRow.observed_at == newest)
    found = {}
    for row in connection.execute(query.order_by(PriceRow.price_type)).mappings():
        point = PricePoint(**{**{name: row[name] for name in PricePoint.__struct_fields__}, "sku": row["ours"]})
        found[point.competitor, point.product_id] = point
    return list(found.values())


def newest_points(connection: Connection, products: list[tuple[str, str]]) -> dict[tuple[str, str], PricePoint]:
    """The last price of each of these products of competitors, with what the shop calls it."""
    found = {}
    for competitor, product_id in products:
        query = select(PriceRow.__table__).where(PriceRow.competitor == competitor, PriceRow.product_id == product_id)
        row = connection.execute(query.order_by(PriceRow.observed_at.desc()).limit(1)).mappings().one_or_none()
        if row is not None:
            found[competitor, product_id] = PricePoint(**row)
    return found


class Decided(msgspec.Struct, frozen=True):
    """A decision and what became of it: when Kafka had it, why it was held back, by which other one it was undone."""

    decision: Decision
    published_at: int | None = None
    withheld: str = ""
    undone_by: str = ""


def decisions(
    connection: Connection, after: Position | None, limit: int, *, sku: str = "", proposal_id: str = ""
) -> list[Decided]:
    """Decisions, the latest first; an empty SKU or proposal takes all."""
    query = select(DecisionRow.__table__)
    if sku:
        query = query.where(DecisionRow.sku == sku)
    if proposal_id:
        query = query.where(DecisionRow.proposal_id == proposal_id)
    if after is not None:
        query = query.where(tuple_(DecisionRow.decided_at, DecisionRow.decision_id) < tuple_(*after))
    query = query.order_by(DecisionRow.decided_at.desc(), DecisionRow.decision_id.desc()).limit(limit)
    rows = connection.execute(query).mappings().all()
    undone = _undone(connection, [row["decision_id"] for row in rows])
    return [
        Decided(
            decode(row["body"].encode(), Decision),
            row["published_at"],
            row["withheld"] or "",
            undone.get(row["decision_id"], ""),
        )
        for row in rows
    ]


def _undone(connection: Connection, ids: list[str]) -> dict[str, str]:
    query = select(DecisionRow.compensates, DecisionRow.decision_id).where(DecisionRow.compensates.in_(ids))
    return {undone: by for undone, by in connection.execute(query) if undone is not None}


def decisions_of(connection: Connection, sku: str, since: int) -> list[Decision]:
    """Decisions about our price of a product from `since` (epoch ms) on, in order of time."""
    query = select(DecisionRow.body).where(DecisionRow.sku == sku, DecisionRow.decided_at >= since)
    return [decode(body.encode(), Decision) for body in connection.scalars(query.order_by(DecisionRow.decided_at))]


def products(connection: Connection, text: str, after: str, limit: int) -> list[str]:
    """SKUs of the catalogue in order; `text` is sought in what the catalogue says."""
    query = select(ItemRow.sku).where(ItemRow.sku > after)
    if text:
        query = query.where(
            or_(ItemRow.sku.contains(text, autoescape=True), ItemRow.body.contains(text, autoescape=True))
        )
    return list(connection.scalars(query.order_by(ItemRow.sku).limit(limit)))


def matches(connection: Connection, status: str, limit: int) -> list[Match]:
    """Matches, the least sure first."""
    query = select(MatchRow.body, MatchRow.status).limit(5_000)
    if status:
        query = query.where(MatchRow.status == status)
    found = [
        msgspec.structs.replace(decode(row.body.encode(), Match), status=row.status)
        for row in connection.execute(query)
    ]
    return sorted(found, key=lambda match: (match.confidence, match.competitor, match.product_id))[:limit]


def acts(connection: Connection, actor: str, action: str, before: int | None, limit: int) -> list[AuditRow]:
    """Acts of the audit chain, the latest first, below the number `before`."""
    query = select(AuditRow.__table__)
    if actor:
        query = query.where(AuditRow.actor == actor)
    if action:
        query = query.where(AuditRow.action == action)
    if before is not None:
        query = query.where(AuditRow.number < before)
    rows = connection.execute(query.order_by(AuditRow.number.desc()).limit(limit)).mappings()
    return [AuditRow(**row) for row in rows]


def stopped_by(connection: Connection, proposal_id: str) -> str:
    """Why a proposal was held back or expired after it was made, as the audit chain says; "" where it was not."""
    query = select(AuditRow.detail).where(AuditRow.subject == proposal_id, AuditRow.action.in_(("withhold", "expire")))
    detail = connection.scalar(query.order_by(AuditRow.number.desc()).limit(1))
    return "" if detail is None else str(msgspec.json.decode(detail, type=dict[str, Any]).get("reason", ""))


def people(connection: Connection) -> list[UserRow]:
    """Everybody who may or might sign in."""
    rows = connection.execute(select(UserRow.__table__).order_by(UserRow.name)).mappings()
    return [UserRow(**row) for row in rows]
