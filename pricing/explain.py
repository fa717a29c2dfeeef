"""A proposal in words, as a colleague would put it in a note."""

from __future__ import annotations

from contracts.money import format_minor
from contracts.proposals import GuardStep, Proposal, Signals
from contracts.times import MINUTE_MS, to_iso
from pricing.phrases import GUARDS, PHRASES, REASON_TEXTS

LOCALES = {"en": "en", "zh": "zh_CN"}


def explain(proposal: Proposal, lang: str = "en") -> str:
    """The note: what, why, how each guard changed it, what it is worth, who signs. `lang` en or zh."""
    say = PHRASES[lang if lang in PHRASES else "en"]
    money = _money(proposal.currency, lang)
    lines = [_headline(proposal, say, money), *_evidence(proposal, say, money), "", say["guards"]]
    lines += [_guard(step, lang, money) for step in proposal.guards]
    if proposal.blocked_by is None:
        lines += ["", _worth(proposal, say, money)]
    lines += ["", say["record"].format(policy=proposal.policy_version, hash=proposal.record_hash[:16])]
    return "\n".join(lines)


class _money:  # noqa: N801 reads as a function
    def __init__(self, currency: str, lang: str) -> None:
        self.currency, self.locale = currency, LOCALES.get(lang, "en")

    def __call__(self, amount: int | None) -> str:
        return "-" if amount is None else format_minor(amount, self.currency, self.locale)


def _headline(proposal: Proposal, say: dict[str, str], money: _money) -> str:
    kind = "blocked" if proposal.blocked_by else proposal.kind
    return say[kind].format(
        sku=proposal.sku,
        current=money(proposal.current_minor),
        proposed=money(proposal.proposed_minor),
        percent=_percent(proposal.proposed_minor, proposal.current_minor),
        when=to_iso(proposal.decided_at),
        id=proposal.proposal_id,
        reason=_reason(proposal.blocked_by or "", say),
    )


def _evidence(proposal: Proposal, say: dict[str, str], money: _money) -> list[str]:
    s = proposal.signals
    theirs = _money(s.competitor_currency or proposal.currency, "en") if s.competitor_currency else money
    lines = [
        say["competitor"].format(
            competitor=s.competitor,
            before=theirs(s.competitor_previous_minor),
            now=theirs(s.competitor_price_minor),
            percent=_percent(s.competitor_price_minor, s.competitor_previous_minor),
            when=to_iso(s.competitor_observed_at),
            confidence=f"{s.match_confidence:.0%}",
            seen=s.competitors_seen,
            lowest=money(s.competitors_lowest_minor),
        )
    ]
    if s.on_hand is not None:
        lines.append(_stock(s, proposal.decided_at, say))
    if s.elasticity is not None:
        lines.append(
            say["elasticity"].format(
                value=f"{s.elasticity:.2f}",
                lower=f"{s.elasticity_lower or 0:.2f}",
                upper=f"{s.elasticity_upper or 0:.2f}",
            )
        )
    if s.lowest_30d_minor is not None and proposal.proposed_minor < s.lowest_30d_minor:
        lines.append(say["low30"].format(low=money(s.lowest_30d_minor)))
    return lines


def _stock(s: Signals, at: int, say: dict[str, str]) -> str:
    age = "?" if s.stock_as_of is None else str(max(0, at - s.stock_as_of) // MINUTE_MS)
    daily = s.daily_demand
    cover = f"{(s.on_hand or 0) / daily:.0f}" if daily else "?"
    return say["stock"].format(
        on_hand=s.on_hand, inbound=s.inbound, age=age, daily="?" if daily is None else f"{daily:.1f}", cover=cover
    )


def _guard(step: GuardStep, lang: str, money: _money) -> str:
    language = lang if lang in PHRASES else "en"
    say = PHRASES[language]
    name = GUARDS[language].get(step.guard, step.guard)
    if step.outcome == "blocked":
        return say["step_blocked"].format(guard=name, reason=_reason(step.note, say))
    text = say["step_changed" if step.outcome == "changed" else "step_passed"]
    note = f" ({step.note})" if step.note else ""
    return text.format(guard=name, before=money(step.before_minor), after=money(step.after_minor), note=note)


def _worth(proposal: Proposal, say: dict[str, str], money: _money) -> str:
    return say["worth"].format(
        units=f"{proposal.expected_units:.1f}",
        gain=money(proposal.expected_profit_change_minor),
        stake=money(proposal.at_stake_minor),
        tier=say.get(proposal.tier, proposal.tier),
    )


def _reason(reason: str, say: dict[str, str]) -> str:
    language = next(name for name, phrases in PHRASES.items() if phrases is say)
    return REASON_TEXTS[language].get(reason, reason)


def _percent(now: int, before: int) -> str:
    return f"{(now - before) / before:+.1%}" if before else "-"
