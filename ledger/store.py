"""The ledger as the others use it: every call is one transaction, every write may be repeated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DBAPIError

from alerts.routing import Parcel
from contracts.alerts import Alert, AlertKind, Delivery
from contracts.approvals import Signature, Verdict
from contracts.errors import UnavailableError
from contracts.facts import CatalogItem, Match, StockLevel
from contracts.observations import PricePoint
from contracts.policy import Policy
from contracts.proposals import Decision, Proposal, ProposalStatus
from ledger import alerts, audit, care, decisions, facts, matching, notices, outbox, proposals, signing, upkeep, users
from ledger.care import Care, Precision
from ledger.database import READ_ONLY, connect, migrate
from ledger.models import AuditRow
from ledger.notices import Notice
from ledger.occasion import Occasion
from ledger.upkeep import Kept


class Ledger:
    """Alerts, proposals, approvals, facts and the audit chain of one installation.

    Times are epoch ms UTC. UnavailableError where the database does not answer.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str, migrate_schema: bool = True) -> Self:
        """Open the ledger at a SQLAlchemy URL and bring its schema up to date."""
        engine = connect(url)
        if migrate_schema:
            migrate(engine)
        return cls(engine)

    @property
    def url(self) -> str:
        """The SQLAlchemy URL this ledger was opened at, with its password."""
        return self._engine.url.render_as_string(hide_password=False)

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes; others wait for it on SQLite."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise UnavailableError(f"the ledger does not take a write: {error.orig}") from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads, and never waits for writers."""
        try:
            with self._engine.connect().execution_options(**{READ_ONLY: True}) as connection:
                yield connection
        except DBAPIError as error:
            raise UnavailableError(f"the ledger does not answer: {error.orig}") from error

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A transaction that reads everything as of one moment."""
        level = {} if self._engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        try:
            with self._engine.connect().execution_options(**{READ_ONLY: True, **level}) as connection:
                yield connection
        except DBAPIError as error:
            raise UnavailableError(f"the ledger does not answer: {error.orig}") from error

    # Alerts

    def record_alerts(self, found: Sequence[Alert], deliveries: Sequence[Delivery] = ()) -> None:
        """Upsert alerts and owe their deliveries, in one transaction."""
        with self.writing() as connection:
            alerts.record(connection, found, deliveries)

    def alert(self, alert_id: str) -> Alert | None:
        """An alert at its newest revision."""
        with self.reading() as connection:
            found = alerts.get(connection, alert_id)
            return None if found is None else found[0]

    def acknowledged_by(self, alert_id: str) -> str | None:
        """Who looks after an alert."""
        with self.reading() as connection:
            found = alerts.get(connection, alert_id)
            return None if found is None else found[1]

    def alerts(
        self,
        *,
        open_only: bool = False,
        severity: str | None = None,
        competitor: str | None = None,
        kind: AlertKind | None = None,
        since: int | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Alert]:
        """Alerts, the latest first."""
        with self.reading() as connection:
            return alerts.find(
                connection,
                open_only=open_only,
                severity=severity,
                competitor=competitor,
                kind=kind,
                since=since,
                before=before,
                limit=limit,
            )

    def open_alert_counts(self) -> dict[str, int]:
        """Open alerts by severity."""
        with self.reading() as connection:
            return alerts.counts(connection)

    def acknowledge(self, alert_id: str, user: str, now_ms: int) -> None:
        """Note who looks after an alert."""
        with self.writing() as connection:
            care.acknowledge(connection, alert_id, user, now_ms)

    def assign(self, alert_id: str, user: str, to: str, now_ms: int) -> None:
        """Hand an alert to a person, or to nobody (""); `user` is who does it."""
        with self.writing() as connection:
            care.assign(connection, alert_id, user, to, now_ms)

    def snooze(self, alert_id: str, user: str, until_ms: int, now_ms: int) -> None:
        """Send nothing of an alert until then; 0 ends it. See `ledger.care.snooze`."""
        with self.writing() as connection:
            care.snooze(connection, alert_id, user, until_ms, now_ms)

    def false_positive(self, alert_id: str, user: str, reason: str, now_ms: int) -> None:
        """Call an alert wrong, with a reason."""
        with self.writing() as connection:
            care.false_positive(connection, alert_id, user, reason, now_ms)

    def care(self, alert_ids: Sequence[str]) -> dict[str, Care]:
        """What people did with alerts, by id."""
        with self.reading() as connection:
            return care.of(connection, alert_ids)

    def precision(self, since_ms: int, until_ms: int) -> Precision:
        """How many of the alerts that opened in [since, until) were right, by those people judged."""
        with self.reading() as connection:
            return care.precision(connection, since_ms, until_ms)

    def claim_parcels(self, holder: str, channel: str, now_ms: int, lease_ms: int, merge_from: int = 0) -> list[Parcel]:
        """What is due on a channel, held by `holder`; see `ledger.outbox.claim`."""
        with self.reading() as connection:
            if not outbox.waiting(connection, channel, now_ms):
                return []  # most looks find nothing, and keep nobody from writing
        with self.writing() as connection:
            return outbox.claim(connection, holder, channel, now_ms, lease_ms, merge_from)

    def renew_claims(self, holder: str, channel: str, now_ms: int, until_ms: int) -> bool:
        """Hold on to what `holder` is sending on a channel; False where it was held too long."""
        with self.writing() as connection:
            return outbox.renew(connection, holder, channel, now_ms, until_ms)

    def parcel_begins(self, holder: str, parcel: Parcel, now_ms: int) -> bool:
        """Note that a parcel is about to be sent; False where `holder` holds it no more."""
        with self.writing() as connection:
            return outbox.begins(connection, holder, parcel, now_ms)

    def parcel_given_up(self, parcel: Parcel, now_ms: int) -> None:
        """A parcel that may have arrived is not sent again."""
        with self.writing() as connection:
            outbox.given_up(connection, parcel, now_ms)

    def parcel_accepted(self, parcel: Parcel, now_ms: int) -> None:
        """A channel took a parcel."""
        with self.writing() as connection:
            outbox.accepted(connection, parcel, now_ms)

    def parcel_refused(self, parcel: Parcel, error: str, retry_at_ms: int, perhaps_accepted: bool = False) -> None:
        """A channel did not take a parcel, or did not say."""
        with self.writing() as connection:
            outbox.refused(connection, parcel, error, retry_at_ms, perhaps_accepted)

    def unacknowledged(self, now_ms: int, after_ms: int) -> list[Alert]:
        """Red alerts nobody looked after in time, not escalated yet."""
        with self.reading() as connection:
            return outbox.unacknowledged(connection, now_ms, after_ms)

    def escalate(self, alert_id: str, deliveries: Sequence[Delivery], now_ms: int) -> None:
        """Owe the escalation of an alert, once."""
        with self.writing() as connection:
            outbox.escalate(connection, alert_id, deliveries, now_ms)

    # Proposals and decisions

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

    # Facts

    def record_items(self, items: Sequence[CatalogItem]) -> None:
        """Upsert catalogue items."""
        with self.writing() as connection:
            facts.record_items(connection, items)

    def record_stock(self, levels: Sequence[StockLevel]) -> None:
        """Upsert stock levels."""
        with self.writing() as connection:
            facts.record_stock(connection, levels)

    def record_matches(self, matches: Sequence[Match]) -> None:
        """Upsert matches."""
        with self.writing() as connection:
            facts.record_matches(connection, matches)

    def owed_matches(self, limit: int) -> list[Match]:
        """Matches that Kafka does not have as they are here."""
        with self.reading() as connection:
            return matching.owed(connection, limit)

    def matches_published(self, sent: Sequence[Match], now_ms: int) -> None:
        """Kafka has these matches."""
        with self.writing() as connection:
            matching.published(connection, sent, now_ms)

    def record_price_points(self, points: Sequence[PricePoint]) -> None:
        """Upsert points of the price history."""
        with self.writing() as connection:
            facts.record_price_points(connection, points)

    def item(self, sku: str) -> CatalogItem | None:
        """The catalogue item of a SKU."""
        with self.reading() as connection:
            return facts.item(connection, sku)

    def items(self, limit: int = 1000) -> list[CatalogItem]:
        """Catalogue items by SKU."""
        with self.reading() as connection:
            return facts.items(connection, limit)

    def stock(self, sku: str) -> StockLevel | None:
        """The stock level of a SKU."""
        with self.reading() as connection:
            return facts.stock(connection, sku)

    def standing(self, sku: str) -> tuple[CatalogItem | None, StockLevel | None, float | None]:
        """Item, stock and forecast units a day of a SKU: what a competitor's move exposes."""
        with self.reading() as connection:
            return facts.item(connection, sku), facts.stock(connection, sku), facts.daily_demand(connection, sku)

    def matches(self, sku: str) -> list[Match]:
        """Competitors' products that equal a SKU."""
        with self.reading() as connection:
            return facts.matches(connection, sku)

    def price_points(self, competitor: str, product_id: str, since: int = 0, limit: int = 10_000) -> list[PricePoint]:
        """History of a competitor's product."""
        with self.reading() as connection:
            return facts.price_points(connection, competitor, product_id, since, limit)

    def price_points_of_sku(self, sku: str, since: int = 0, limit: int = 10_000) -> list[PricePoint]:
        """History of every product matched to a SKU."""
        with self.reading() as connection:
            return facts.price_points_of_sku(connection, sku, since, limit)

    # People and audit

    def add_user(self, name: str, role: str, password: str | None, now_ms: int, actor: str = "console") -> None:
        """Add a person, without a password one who signs in elsewhere; BadInputError."""
        with self.writing() as connection:
            users.add(connection, name, role, password, now_ms, actor)

    def sign_in(self, name: str, password: str) -> str | None:
        """The role of a person whose password this is, else None."""
        with self.reading() as connection:
            return users.role_of(connection, name) if users.password_fits(connection, name, password) else None

    def came_from_elsewhere(self, name: str, role: str | None, now_ms: int) -> str | None:
        """The role of a person another server vouches for; see `ledger.users.came_from_elsewhere`."""
        with self.writing() as connection:
            return users.came_from_elsewhere(connection, name, role, now_ms)

    def session_began(self, name: str, way: str, now_ms: int) -> None:
        """Note that a person signed in, and how."""
        with self.writing() as connection:
            audit.record(connection, now_ms, name, "sign_in", name, way=way)

    def sign_in_refused(self, name: str, way: str, address: str, times: int, unsaid: int, now_ms: int) -> None:
        """Note that nobody could sign in under a name: how often within the hour, and how many are not noted."""
        with self.writing() as connection:
            told = {"way": way, "address": address, "times": times, "unsaid": unsaid}
            audit.record(connection, now_ms, "nobody", "sign_in_refused", name, **told)

    def role_in_session(self, name: str, nonce: str, begun: int) -> str | None:
        """The role of a person in a session, None where it was ended."""
        with self.reading() as connection:
            return users.role_in_session(connection, name, nonce, begun)

    def end_session(self, name: str, nonce: str, now_ms: int) -> None:
        """End a session before its time."""
        with self.writing() as connection:
            users.end_session(connection, name, nonce, now_ms)

    def role_of(self, name: str) -> str | None:
        """The role of a person who may sign in."""
        with self.reading() as connection:
            return users.role_of(connection, name)

    def has_users(self) -> bool:
        """Whether anybody may sign in yet."""
        with self.reading() as connection:
            return users.anyone(connection)

    def audit_rows(self, limit: int = 200) -> list[AuditRow]:
        """Acts, the latest first."""
        with self.reading() as connection:
            query = select(AuditRow.__table__).order_by(AuditRow.number.desc()).limit(limit)
            return [AuditRow(**row) for row in connection.execute(query).mappings()]

    def verify_audit(self) -> int:
        """Number of acts in the chain; TamperedError names the first that does not fit."""
        with self.reading() as connection:
            return audit.verify(connection)
