"""Promotions a page shows: was/now, thresholds (满减), bundles, coupons, flash sales, gifts, member prices."""

from __future__ import annotations

import re

from contracts.observations import Promotion, PromotionKind
from crawlers.extract.flags import Flag
from crawlers.extract.walk import Walked

MOST = 8


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)


_KINDS: tuple[tuple[PromotionKind, re.Pattern[str]], ...] = (
    (
        "threshold",
        _words(
            r"满\s?\d+(?:元)?\s?[减减送返]\s?\d*",
            r"每满\d+减\d+",
            r"spend [£$€]?\s?\d+[^.]{0,20}(?:save|get)",
            r"[£$€]\d+ off (?:when|orders)",
        ),
    ),
    (
        "bundle",
        _words(
            r"\b\d\s?(?:for|für|pour|por|per)\s?(?:the price of\s)?(?:\d|[£$€]\s?\d)",
            r"买[一二三\d]+[送赠]",
            r"buy \d,? get \d",
            r"第[二2]件",
            r"\d件\d折",
            r"3x2",
            r"2x1",
            r"multi-?buy",
        ),
    ),
    (
        "coupon",
        _words(
            r"优惠券",
            r"领券",
            r"券后",
            r"coupon",
            r"voucher",
            r"gutschein(?:code)?",
            r"promo ?code",
            r"code promo",
            r"cupón",
            r"cupom",
            r"クーポン",
            r"купон",
            r"промокод",
        ),
    ),
    (
        "flash_sale",
        _words(
            r"限时",
            r"秒杀",
            r"闪购",
            r"flash sale",
            r"lightning deal",
            r"deal of the day",
            r"blitzangebot",
            r"vente flash",
            r"タイムセール",
            r"ends in",
            r"black ?(?:friday|week)",
            r"oferta flash",
        ),
    ),
    ("gift", _words(r"赠品", r"送.{0,6}(?:礼|赠)", r"free gift", r"gratis dazu", r"cadeau offert", r"gratisgeschenk")),
    (
        "member_price",
        _words(
            r"会员价",
            r"会员专享",
            r"member(?:s'?)? price",
            r"mitgliederpreis",
            r"club ?price",
            r"会員価格",
            r"with (?:club)?card",
        ),
    ),
)


def from_text(walked: Walked, was_minor: int | None) -> tuple[Promotion, ...]:
    """Promotions named near the product, each kind once; was/now first where a list price is shown."""
    found: dict[PromotionKind, Promotion] = {}
    if was_minor is not None:
        found["was_now"] = Promotion("was_now", was_minor=was_minor)
    title = walked.title_at or 0
    for run in walked.runs:
        if run.order < title or run.order > title + 60 or len(run.text) > 120 or len(found) >= MOST:
            continue
        if run.flags & (Flag.OTHER | Flag.HIDDEN | Flag.BODY):
            continue
        for kind, pattern in _KINDS:
            if kind not in found and pattern.search(run.text):
                found[kind] = Promotion(kind, text=run.text[:120])
    return tuple(found.values())
