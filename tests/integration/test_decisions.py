"""Decisions on their way out: looked at once more, taken back, and told to the shop's systems."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import Any

import msgspec
import pytest

from contracts.codec import decode
from contracts.errors import BadInputError, NotAllowedError, NotFoundError, UnavailableError
from contracts.policy import DEFAULT
from contracts.proposals import Decision
from contracts.times import HOUR_MS
from ledger.store import Ledger
from pricing.agent import PricingAgent
from pricing.worker import PricingWorker
from runtime.settings import Settings
from runtime.webhook import SignedHook
from tests.integration.approving import MD, looked_at, published, release, sign, status, undo
from tests.integration.receiver import receiver
from tests.samples import NOW, item, proposal


def test_fresh_cost_stops_a_decision_that_was_approved_but_is_not_out_yet(ledger: Ledger) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal()])
    assert sign(ledger, "mei", MD) == "approved"
    ledger.record_items([item(cost_minor=9_790, as_of=NOW + 1)])
    assert release(ledger) == []
    assert status(ledger) == "blocked"
    assert ledger.unpublished_decisions(10) == []
    assert looked_at(ledger).findings == ()


def test_what_may_be_out_already_and_no_longer_passes_is_undone_by_another_decision(ledger: Ledger) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal()])
    sign(ledger, "mei", MD)
    (first,) = release(ledger)  # and then the worker dies before it hears from Kafka
    assert release(ledger, NOW + 3) == [first]
    ledger.record_items([item(cost_minor=9_790, as_of=NOW + 4)])
    (back,) = release(ledger, NOW + 5)
    assert (back.price_minor, back.previous_minor, back.compensates) == (10_000, 9_800, first.decision_id)
    assert release(ledger, NOW + 6) == [back]
    ledger.decisions_published([back.decision_id], NOW + 7)
    assert release(ledger, NOW + 8) == []
    assert status(ledger) == "undone"
    assert looked_at(ledger).findings == ()


def test_undo_is_another_decision_and_only_of_the_newest(ledger: Ledger) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal()])
    sign(ledger, "mei", MD)
    (first,) = published(ledger)
    ledger.record_items([item(price_minor=9_800, as_of=NOW + 3)])
    for role, reason, error in (("pricing", "x", NotAllowedError), (MD, " ", BadInputError)):
        with pytest.raises(error):
            undo(ledger, first, role, reason=reason)
    back = undo(ledger, first)
    assert (back.price_minor, back.approved_by, back.compensates) == (10_000, ("zhao",), first.decision_id)
    for again in (first, back):
        with pytest.raises(NotAllowedError):
            undo(ledger, again)
    assert published(ledger, NOW + 11) == [back]
    assert status(ledger) == "undone"
    with pytest.raises(NotFoundError):
        undo(ledger, msgspec.structs.replace(first, decision_id="none"))
    assert looked_at(ledger).findings == ()


def test_an_undo_before_anything_went_out_tells_nobody(ledger: Ledger) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal()])
    sign(ledger, "mei", MD)
    (first,) = ledger.unpublished_decisions(1)
    assert undo(ledger, first) is None
    assert release(ledger) == []
    assert status(ledger) == "undone"
    assert ledger.claim_notices("one", NOW + 20, 1_000) == []
    assert looked_at(ledger).findings == ()


def test_a_notice_is_signed_tried_again_under_one_id_and_told_once(ledger: Ledger) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal()])
    sign(ledger, "mei", MD)
    (decision,) = published(ledger)
    ledger.decisions_published([decision.decision_id], NOW + 9)  # said twice, owed once

    with receiver() as shop:
        hook = SignedHook(f"{shop.url}/hook", "secret", "decision")
        (notice,) = ledger.claim_notices("one", NOW + 10, 1_000)
        assert ledger.claim_notices("two", NOW + 10, 1_000) == []  # one holds it
        shop.status = 503
        with pytest.raises(Exception, match="status 503") as refused:
            hook.send(notice.body, notice.notice_id)
        ledger.notice_refused(notice, str(refused.value), NOW + 11)
        assert ledger.claim_notices("two", NOW + 11, 1_000) == []  # not at once
        (again,) = ledger.claim_notices("two", NOW + HOUR_MS, 1_000)
        assert (again.notice_id, again.attempts, again.body) == (notice.notice_id, 1, notice.body)
        shop.status = 200
        hook.send(again.body, again.notice_id)
        ledger.notice_accepted(again.notice_id, NOW + HOUR_MS)
    assert ledger.claim_notices("one", NOW + 2 * HOUR_MS, 1_000) == []
    assert {one.headers["idempotency-key"] for one in shop.got} == {notice.notice_id}
    body = shop.got[-1].body
    digest = hmac.new(b"secret", body, hashlib.sha256).hexdigest()
    assert shop.got[-1].headers["x-priceradar-signature"] == f"sha256={digest}"
    assert shop.got[-1].json["decision"]["price_minor"] == 9_800


def worker_on(ledger: Ledger) -> PricingWorker:
    """A worker without its Kafka."""
    return PricingWorker(None, Settings(kafka="nowhere:1"), PricingAgent(DEFAULT), ledger)  # type: ignore[arg-type]


async def test_two_workers_tell_everybody_once(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 25
    ledger.record_items([item(sku=f"sku{number}") for number in range(count)])
    ledger.record_proposals([proposal(number, sku=f"sku{number}") for number in range(count)])
    for number in range(count):
        sign(ledger, "mei", MD, number=number)
    published(ledger)
    rest = published(ledger)
    while rest:
        rest = published(ledger)
    monkeypatch.setattr("pricing.worker._now_ms", lambda: NOW + 10)
    with receiver() as shop:
        hook = SignedHook(f"{shop.url}/hook", "secret", "decision")
        for _ in range(3):
            await asyncio.gather(*(worker_on(ledger).tell(hook) for _ in range(2)))
    ids = [one.headers["idempotency-key"] for one in shop.got]
    assert len(ids) == len(set(ids)) == count


async def test_a_worker_sends_again_what_kafka_may_not_have_and_then_says_so(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal()])
    sign(ledger, "mei", MD)
    sent: list[Decision] = []

    async def send(_app: Any, topic: str, key: bytes, value: bytes, _headers: Any) -> None:
        assert (topic, key) == ("pricing.decisions.v1", b"sku1")
        sent.append(decode(value, Decision))
        if len(sent) == 1:
            raise UnavailableError("Kafka is gone")

    monkeypatch.setattr("pricing.worker.send", send)
    monkeypatch.setattr("pricing.worker._now_ms", lambda: NOW + 10)
    with pytest.raises(UnavailableError):
        await worker_on(ledger).publish_decisions()
    assert status(ledger) == "approved"
    await worker_on(ledger).publish_decisions()
    await worker_on(ledger).publish_decisions()
    assert len(sent) == 2
    assert sent[0] == sent[1]
    assert status(ledger) == "published"
    await worker_on(ledger).keep_approvals()
    assert looked_at(ledger).findings == ()


def test_a_holder_that_dies_gives_its_notice_back_when_the_lease_ends(ledger: Ledger) -> None:
    ledger.record_items([item()])
    ledger.record_proposals([proposal()])
    sign(ledger, "mei", MD)
    published(ledger)
    assert len(ledger.claim_notices("one", NOW + 10, 1_000)) == 1
    assert ledger.claim_notices("two", NOW + 1_009, 1_000) == []
    assert len(ledger.claim_notices("two", NOW + 1_010, 1_000)) == 1
