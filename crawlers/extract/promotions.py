"""Promotions a page shows: was/now, thresholds (满减), bundles, coupons, flash sales, gifts, member prices."""

from __future__ import annotations

import re

from contracts.observations import Promotion, PromotionKind
from crawlers.extract.flags import Flag
from crawlers.extract.walk import Walked
from crawlers.extract.words import Words

MOST = 8


_TAKE = r"\b(?:buy|any|kauf\w*|nimm|prends?|achete[zr]|leve|lleva|prendi|köp|kjøp|køb|kup)"
_PAY = r"(?:save|pay|zahl|sparen|paye[zr]|pague|paga|betala?|zapłać)"
_SECOND = r"(?:\b2(?:nd|ème|e|ª|º)(?!\w)|\bsecond\b|deuxième|segunda|\bzweite\w*)"
_LESS = r"(?:\b\d{1,2} ?%|half price|\bfree\b|moitié|gratis|offert|mitad)"

_KINDS: tuple[tuple[PromotionKind, Words], ...] = (
    (
        "threshold",
        Words(
            r"满\s?\d+(?:元|件)?\s?[减送返赠打享]\s?\d*",
            r"spend [£$€]?\s?\d+[^.]{0,20}(?:save|get)",
            r"[£$€]\d+ off (?:when|orders)",
            r"ab \d+ ?€ (?:einkaufswert|bestellwert)[^.]{0,20}(?:rabatt|geschenk|sparen)",
            r"dès \d+ ?€ d['’]achats?",
            r"(?:\d+円|\d+点)以上[^.]{0,12}(?:off|引き|値引)",
        ),
    ),
    (
        "bundle",
        Words(
            r"\b\d\s?(?:for|für|pour|por|per)\s?(?:the price of\s)?(?:\d|[£$€]\s?\d)",
            r"买[一二三\d]+[送赠免]",
            r"buy (?:\d|one|two|three),? get (?:\d|one|two|another|the)",
            r"\bbogo\b",
            r"第[二2三3]件",
            r"[\d一二三]件[\d.一二三四五六七八九]+折",
            r"\b(?:2x1|3x2|4x3|5x4)\b(?! ?(?:k?g|[cm]?l|[cm]?m)\b)",
            r"multi-?buy",
            r"mix (?:&|and) match",
            rf"{_TAKE} \d+[^.]{{0,18}}{_PAY}",
            r"\d+ (?:achetée?s?|gekauft|comprad[ao]s)[^.]{0,4}\d+ (?:offerte?s?|gratis|geschenkt)",
            rf"{_LESS}[^.]{{0,14}}{_SECOND}",
            rf"{_SECOND}[^.,]{{0,16}}{_LESS}",
            r"\d+点(?:で|以上)[^.]{0,8}(?:off|円|引き)",
            r"まとめ買い",
        ),
    ),
    (
        "coupon",
        Words(
            r"优惠券",
            r"领券",
            r"券后",
            r"coupon",
            r"voucher",
            r"gutschein(?:code)?",
            r"promo ?code",
            r"code promo",
            r"(?:with|use|using|enter) (?:the )?code\b",
            r"mit (?:dem )?code\b",
            r"avec le code\b",
            r"con (?:el |il )?(?:código|codice)\b",
            r"kortingscode",
            r"rabattkod",
            r"rabatkode",
            r"buono sconto",
            r"bon de réduction",
            r"kupon",
            r"立减券",
            r"cupón",
            r"cupom",
            r"クーポン",
            r"купон",
            r"промокод",
        ),
    ),
    (
        "flash_sale",
        Words(
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
            r"oferta (?:flash|relámpago|relâmpago)",
            r"(?:today|this weekend) only",
            r"nur (?:heute|bis)",
            r"nur für kurze zeit",
            r"limited[- ]time (?:offer|deal)",
            r"期間限定",
            r"聚划算",
        ),
    ),
    (
        "gift",
        Words(
            r"赠品",
            r"(?:加赠|随单赠|下单[即送]?赠|满\s?\d+赠)",
            r"送.{0,6}(?:礼|赠)",
            r"free gift",
            r"gratis dazu",
            r"gratis-?(?:geschenk|zugabe|artikel)",
            r"cadeau offert",
            r"regalo gratis",
            r"omaggio",
            r"プレゼント付き",
        ),
    ),
    (
        "member_price",
        Words(
            r"会员价",
            r"会员专享",
            r"member(?:s'?)? price",
            r"mitglieder-?preis",
            r"prix (?:membre|adhérent|club)",
            r"precio (?:socio|club)",
            r"preço (?:de )?(?:sócio|membro|clube)",
            r"medlemspris",
            r"vip ?价",
            r"plus(?:会员)?价",
            r"club ?price",
            r"会員価格",
            r"with (?:club)?card",
        ),
    ),
)


_NOT_OF_THIS = re.compile(  # what a shop promises every visitor says nothing about the product
    r"newsletter|first order|new customers?|erstbestellung|neukunden|première commande|primera compra|新人|首单|"
    r"sign up",
    re.IGNORECASE,
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
            if kind not in found and pattern.search(run.text) and not _NOT_OF_THIS.search(run.text):
                found[kind] = Promotion(kind, text=run.text[:120])
    return tuple(found.values())
