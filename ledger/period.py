"""What the ledger holds of a stretch of time: the figures of a brief. Times in epoch ms, UTC."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, and_, func, select

from contracts.codec import decode
from contracts.observations import PricePoint
from contracts.proposals import Decision, Proposal, ProposalStatus
from ledger.models import AlertRow, DecisionRow, MatchRow, PriceRow, ProposalRow

SERIES = (PriceRow.competitor, PriceRow.product_id, PriceRow.seller, PriceRow.price_type)


class Judged(msgspec.Struct, frozen=True):
    """An alert that opened in the time, and when people answered it."""

    kind: str
    severity: str
    competitor: str
    opened_at: int
    acknowledged_at: int | None
    false_positive: str | None


def alerts(connection: Connection, since: int, until: int) -> list[Judged]:
    """Every alert that opened in [since, until)."""
    columns = [AlertRow.__table__.c[name] for name in Judged.__struct_fields__]
    query = select(*columns).where(AlertRow.opened_at >= since, AlertRow.opened_at < until)
    return [Judged(*row) for row in connection.execute(query.order_by(AlertRow.opened_at))]


def proposals(connection: Connection, since: int, until: int) -> list[tuple[Proposal, ProposalStatus]]:
    """Every proposal of [since, until), made or held back, and where it stands now."""
    query = select(ProposalRow.body, ProposalRow.status).where(
        ProposalRow.decided_at >= since, ProposalRow.decided_at < until
    )
    found = connection.execute(query.order_by(ProposalRow.decided_at, ProposalRow.proposal_id))
    return [(decode(row.body.encode(), Proposal), row.status) for row in found]


def decisions(connection: Connection, since: int, until: int) -> list[Decision]:
    """Every decision of [since, until) that was not held back, the oldest first."""
    query = select(DecisionRow.body).where(DecisionRow.decided_at >= since, DecisionRow.decided_at < until)
    query = query.where(DecisionRow.withheld.is_(None))
    return [decode(body.encode(), Decision) for body in connection.scalars(query.order_by(DecisionRow.decided_at))]


def standing_prices(connection: Connection, since: int, until: int) -> list[PricePoint]:
    """The last price of each series seen in [since, until), of products that are matched to ours."""
    latest = (
        select(*SERIES, func.max(PriceRow.observed_at).label("at"))
        .where(PriceRow.observed_at >= since, PriceRow.observed_at < until)
        .group_by(*SERIES)
        .subquery()
    )
    same = [PriceRow.__table__.c[column.key] == latest.c[column.key] for column in SERIES]
    query = select(PriceRow.__table__, MatchRow.sku.label("matched")).join(
        latest, and_(PriceRow.observed_at == latest.c.at, *same)
    )
    query = query.outerjoin(
        MatchRow,
        and_(
            MatchRow.competitor == PriceRow.competitor,
            MatchRow.product_id == PriceRow.product_id,
            MatchRow.status != "rejected",
        ),
    )
    found = []
    for row in connection.execute(query.order_by(*SERIES)).mappings():
        sku = row["sku"] or row["matched"]
        if sku:
            found.append(PricePoint(**{**{name: row[name] for name in PricePoint.__struct_fields__}, "sku": sku}))
    return found
