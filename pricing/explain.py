"""A proposal in words, as a colleague would put it in a note."""

from __future__ import annotations

from contracts.money import format_minor
from contracts.proposals import GuardStep, Proposal
from contracts.times import DAY_MS, HOUR_MS, MINUTE_MS, to_iso
from pricing.phrases import GUARDS, NEXT, PHRASES, REASON_TEXTS

LOCALES = {"en": "en", "zh": "zh_CN"}
NOTES = ("cap", "standing", "floor", "step", "gain")


def explain(proposal: Proposal, lang: str = "en") -> str:
    """The note: what, why, what it brings, why not lower, each guard in order, who signs. `lang` en or zh."""
    return _Note(proposal, lang if lang in PHRASES else "en").text()


class _Note:
    """One proposal in one language; every part gives its sentences, none where it has nothing to say."""

    def __init__(self, proposal: Proposal, lang: str) -> None:
        self.proposal, self.signals, self.lang, self.say = proposal, proposal.signals, lang, PHRASES[lang]

    def text(self) -> str:
        parts = [
            self.headline(),
            self.why_now(),
            self.why(),
            self.stock(),
            self.worth(),
            self.not_lower(),
            self.keep_in_mind(),
        ]
        checks = [self.say["guards"], *(self.guard(step) for step in self.proposal.guards)]
        notes = [part for part in parts if part]
        end = [part for part in (self.signs(), self.record()) if part]
        return "\n".join([notes[0], "", *notes[1:], "", *checks, "", *end])

    def money(self, amount: int | None, currency: str = "") -> str:
        if amount is None:
            return "-"
        return format_minor(amount, currency or self.proposal.currency, LOCALES[self.lang])

    def join(self, *sentences: str) -> str:
        return ("" if self.lang == "zh" else " ").join(sentence for sentence in sentences if sentence)

    def headline(self) -> str:
        made = self.proposal
        told = self.say["blocked" if made.blocked_by else made.kind].format(
            sku=made.sku,
            current=self.money(made.current_minor),
            proposed=self.money(made.proposed_minor),
            percent=_percent(made.proposed_minor, made.current_minor),
            reason=self.reason(made.blocked_by or ""),
        )
        return self.join(told, NEXT[self.lang].get(made.blocked_by or "", ""))

    def why_now(self) -> str:
        """Of a look that no event asked for: what it is, and why it comes now."""
        kind, _, since = self.proposal.look.partition(":")
        if kind == "again":
            return self.say["again"].format(reason=self.reason(since))
        if kind == "stood" and since.isdigit():
            return self.say["stood"].format(days=(self.proposal.decided_at - int(since)) // DAY_MS)
        s = self.signals
        if kind == "match":
            return self.say["unmatched"].format(competitor=s.competitor)
        if kind != "cover" or s.on_hand is None or s.daily_demand is None:
            return ""
        return self.say["sold"].format(on_hand=f"{s.on_hand:,}", daily=f"{s.daily_demand:.1f}")

    def why(self) -> str:
        s, theirs = self.signals, self.signals.competitor_currency
        if not s.competitor or self.proposal.look.startswith("match:"):
            return ""
        gone = "competitor_then" if self.proposal.look else "competitor_back"
        told = self.say["competitor" if s.restore_minor is None else gone].format(
            competitor=s.competitor,
            before=self.money(s.competitor_previous_minor, theirs),
            now=self.money(s.competitor_price_minor, theirs),
            percent=_percent(s.competitor_price_minor, s.competitor_previous_minor),
            age=self.age(s.competitor_observed_at),
            place=self.place(),
            match=self.say["sure"].format(confidence=f"{s.match_confidence:.0%}"),
        )
        others = ""
        if s.competitors_seen > 1 and s.competitors_lowest_minor is not None:
            lowest, median = self.money(s.competitors_lowest_minor), self.money(s.competitors_median_minor)
            others = self.say["others"].format(seen=s.competitors_seen, lowest=lowest, median=median)
        return self.join(told, others)

    def place(self) -> str:
        """Where the competitor stands beside us now."""
        s = self.signals
        if s.competitor_currency or s.price_minor <= 0:
            return self.say["elsewhere"] if s.competitor_currency else ""
        gap = s.competitor_price_minor - s.price_minor
        name = "same_as_us" if gap == 0 else "below_us" if gap < 0 else "above_us"
        return self.say[name].format(gap=f"{abs(gap) / s.price_minor:.1%}")

    def stock(self) -> str:
        s = self.signals
        if s.on_hand is None:
            return ""
        inbound = self.say["inbound"].format(inbound=f"{s.inbound:,}") if s.inbound else ""
        known = {"on_hand": f"{s.on_hand:,}", "inbound": inbound}
        known["age"] = "?" if s.stock_as_of is None else self.age(s.stock_as_of)
        if not s.daily_demand:
            return self.say["unsold"].format(**known)
        told = self.say["stock"].format(
            **known,
            daily=f"{s.daily_demand:.1f}",
            range=self.range(_one_place(s.demand_lower), _one_place(s.demand_upper)),
            cover=f"{s.on_hand / s.daily_demand:,.0f}",
        )
        season = "" if s.season_factor == 1.0 else self.say["season"].format(factor=f"{s.season_factor:.0%}")
        return self.join(told, season)

    def worth(self) -> str:
        made, s = self.proposal, self.signals
        if made.blocked_by is not None:
            return self.elasticity() if made.blocked_by in ("no_gain", "uncertain_gain") else ""
        lower, upper = made.profit_lower_minor, made.profit_upper_minor
        told = self.say["worth"].format(
            units=f"{made.expected_units:,.0f}",
            gain=self.money(made.expected_profit_change_minor),
            range="" if lower == upper else self.range(self.money(lower), self.money(upper)),
        )
        return self.join(told, self.elasticity() if s.restore_minor is None else "")

    def elasticity(self) -> str:
        s = self.signals
        if s.elasticity is None:
            return ""
        ends = [s.elasticity if end is None else end for end in (s.elasticity_upper, s.elasticity_lower)]
        lower, upper = (f"{-end:.1f}" for end in ends)
        return self.say["elasticity"].format(value=f"{-s.elasticity:.1f}", lower=lower, upper=upper)

    def not_lower(self) -> str:
        """The last guard that raised the price says why it is not lower; none did where profit itself decided."""
        made, s = self.proposal, self.signals
        if made.kind == "restore" or made.blocked_by is not None:
            return ""
        raised = [step for step in made.guards if step.guard in RAISING and step.after_minor > step.before_minor]
        name, (word, lowest) = raised[-1].guard if raised else "target", _allowed(made)
        if name in ("cap", "target") and lowest == made.proposed_minor:
            name = word
        known = {"start": made.window_start_minor, "lowest": lowest, "floor": made.floor_minor}
        known |= {"after": made.proposed_minor, "low": s.prior_low_minor}
        known["start"] = s.standing_from_minor if name == "standing" else made.window_start_minor
        told = {key: self.money(amount) for key, amount in known.items()}
        return self.say["not_lower"].format(why=self.say[f"by_{name}"].format(**told, market=s.market))

    def keep_in_mind(self) -> str:
        made, s = self.proposal, self.signals
        began: list[str] = []
        told: list[str] = []
        if s.standing_from_minor is not None and s.standing_since is not None and made.kind == "markdown":
            since = to_iso(s.standing_since)[:10]
            began.append(self.say["standing"].format(start=self.money(s.standing_from_minor), since=since))
        if made.blocked_by is None and made.new_low_by_minor:
            until = to_iso(made.decided_at + s.prior_days * DAY_MS)[:10]
            known = {"until": until, "proposed": self.money(made.proposed_minor), "low": self.money(s.prior_low_minor)}
            less = self.money(made.new_low_by_minor)
            told.append(self.say["new_low"].format(**known, market=s.market, days=s.prior_days, less=less))
        if made.blocked_by is None and s.lowest_30d_minor is not None and made.proposed_minor < s.lowest_30d_minor:
            less = self.money(s.lowest_30d_minor - made.proposed_minor)
            told.append(
                self.say["low30_too" if told else "low30"].format(low=self.money(s.lowest_30d_minor), less=less)
            )
        return self.join(*began, *told)

    def guard(self, step: GuardStep) -> str:
        name = GUARDS[self.lang].get(step.guard, step.guard)
        if step.outcome == "blocked":
            return self.say["step_blocked"].format(guard=name, reason=self.reason(step.note))
        text = self.say["step_changed" if step.outcome == "changed" else "step_passed"]
        note = self.note(step)
        told = {"before": self.money(step.before_minor), "after": self.money(step.after_minor)}
        return text.format(guard=name, **told, note=f" ({note})" if note else "")

    def note(self, step: GuardStep) -> str:
        """What a guard wrote down beside the price: "cap 9700" is an amount."""
        word, _, number = step.note.partition(" ")
        if step.guard == "risk":
            return self.say.get(step.note, step.note)
        if word in NOTES and number.removeprefix("-").isdigit():
            return self.say[f"note_{word}"].format(amount=self.money(int(number)))
        return "" if number == "None" else step.note

    def signs(self) -> str:
        tier = self.say.get(self.proposal.tier, self.proposal.tier)
        if self.proposal.blocked_by is not None:
            return ""
        return self.say["signs"].format(stake=self.money(self.proposal.at_stake_minor), tier=tier)

    def record(self) -> str:
        made = self.proposal
        known = {"when": to_iso(made.decided_at), "id": made.proposal_id, "policy": made.policy_version}
        return self.say["record"].format(**known, rules=made.rules, hash=made.record_hash[:16])

    def range(self, lower: str, upper: str) -> str:
        return self.say["range"].format(lower=lower, upper=upper) if lower and upper and lower != "-" else ""

    def age(self, moment: int) -> str:
        past = self.proposal.decided_at - moment
        if abs(past) < MINUTE_MS:
            return self.say["at_once"]
        if past < 0:
            return self.say["later"].format(count=-past // MINUTE_MS)
        name, unit = ("minutes", MINUTE_MS) if past < 2 * HOUR_MS else ("hours", HOUR_MS)
        return self.say[name].format(count=past // unit)

    def reason(self, reason: str) -> str:
        return REASON_TEXTS[self.lang].get(reason, reason)


RAISING = ("cap", "rounding", "market", "floor")
CAPS = ("cap", "standing")


def _allowed(made: Proposal) -> tuple[str, int | None]:
    """Which cap held and the lowest price it allowed, as the guard noted it."""
    words = [step.note.split() for step in made.guards if step.guard == "cap"]
    known = [(word[0], int(word[1])) for word in words if len(word) == 2 and word[0] in CAPS and word[1].isdigit()]
    return known[0] if known else ("target", None)


def _one_place(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _percent(now: int, before: int) -> str:
    return f"{(now - before) / before:+.1%}" if before else "-"
