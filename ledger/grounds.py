"""What is known now of what proposals answer: the competitors' newest prices, and the matches they rest on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, select, tuple_

from contracts.codec import decode
from contracts.facts import Match
from contracts.observations import PricePoint
from contracts.proposals import Proposal
from ledger import pages
from ledger.models import MatchRow
from pricing.recheck import Seen

ASKED_AT_ONCE = 400  # products in one statement


def of(connection: Connection, proposals: Sequence[Proposal]) -> dict[str, Seen]:
    """By proposal id, in few queries however many they are."""
    skus = sorted({proposal.sku for proposal in proposals})
    rivals: dict[str, list[PricePoint]] = defaultdict(list)
    for point in pages.latest_prices(connection, skus):
        rivals[point.sku].append(point)
    matches = _matches(connection, proposals)
    return {one.proposal_id: Seen(rivals[one.sku], matches[_rests_on(one)]) for one in proposals}


def _rests_on(proposal: Proposal) -> tuple[str, str]:
    """A competitor and its product; a SKU of ours alone ("", sku) where the proposal does not name the product."""
    told = proposal.signals
    return (told.competitor, told.competitor_product) if told.competitor_product else ("", proposal.sku)


def _matches(connection: Connection, proposals: Sequence[Proposal]) -> dict[tuple[str, str], list[Match]]:
    found: dict[tuple[str, str], list[Match]] = defaultdict(list)
    wanted = sorted({_rests_on(proposal) for proposal in proposals})
    products = [one for one in wanted if one[0]]
    for start in range(0, len(products), ASKED_AT_ONCE):
        some = tuple_(MatchRow.competitor, MatchRow.product_id).in_(products[start : start + ASKED_AT_ONCE])
        for match in _where(connection, some):  # whatever SKU of ours it is by now
            found[match.competitor, match.product_id].append(match)
    for match in _where(connection, MatchRow.sku.in_([sku for shop, sku in wanted if not shop])):
        found["", match.sku].append(match)
    return found


def _where(connection: Connection, some: ColumnElement[bool]) -> list[Match]:
    return [decode(body.encode(), Match) for body in connection.scalars(select(MatchRow.body).where(some))]
