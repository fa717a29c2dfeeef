"""Promotions a page shows: was/now, thresholds (满减), bundles, coupons, flash sales, gifts, member prices."""

from __future__ import annotations

import re

from contracts.observations import Promotion, PromotionKind
from crawlers.extract.flags import Flag
from crawlers.extract.walk import Walked

MOST = 8
_KINDS: tuple[tuple[PromotionKind, re.Pattern[str]], ...] = (
    ("threshold", re.compile(r"满\s?\d+(?:元)?\s?[减减送返]\s?\d*|每满\d+减\d+|spend [£$€]?\s?\d+[^.]{0,20}(?:save|get)|[£$€]\d+ off (?:when|orders)", re.IGNORECASE)),
    ("bundle", re.compile(r"\b\d\s?(?:for|für|pour|por|per)\s?(?:the price of\s)?(?:\d|[£$€]\s?\d)|买[一二三\d]+[送赠]|buy \d,? get \d|第[二2]件|\d件\d折|3x2|2x1|multi-?buy", re.IGNORECASE)),
    ("coupon", re.compile(r"优惠券|领券|券后|coupon|voucher|gutschein(?:code)?|promo ?code|code promo|cupón|cupom|クーポン|купон|промокод", re.IGNORECASE)),
    ("flash_sale", re.compile(r"限时|秒杀|闪购|flash sale|lightning deal|deal of the day|blitzangebot|vente flash|タイムセール|ends in|black ?(?:friday|week)|oferta flash", re.IGNORECASE)),
    ("gift", re.compile(r"赠品|送.{0,6}(?:礼|赠)|free gift|gratis dazu|cadeau offert|gratisgeschenk", re.IGNORECASE)),
    ("member_price", re.compile(r"会员价|会员专享|member(?:s'?)? price|mitgliederpreis|club ?price|会員価格|with (?:club)?card", re.IGNORECASE)),
)  # fmt: skip


def from_text(walked: Walked, was_minor: int | None) -> tuple[Promotion, ...]:
    """Promotions named near the product, each kind once, in reading order; was/now first where a list price is shown."""
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
