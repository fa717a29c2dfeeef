"""Candidates from visible text: amounts near the product's title, weighed by what stands around them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from contracts.observations import PriceType
from crawlers.extract.flags import Flag
from crawlers.extract.model import Candidate
from crawlers.extract.numbers import Price, find_prices, parse_price
from crawlers.extract.walk import Run, Walked

_INSTALMENT = re.compile(
    r"(?:/|per|a|pro|al|par|por|no)\s*(?:mo\b|mth\b|month|monat|mois|mes\b|mese|mês|maand|måned|месяц|měs)|"
    r"monthly|install?ment|instal?ments|"
    r"\brate[ns]?\b|分期|每期|×\s*\d+\s*期|x\s*\d+\s*(?:期|vezes|mensualidades)|\d+\s*x\s+(?:de\s+)?(?:R\$|€|\$)|cuotas|"
    r"splátk|рассрочк|finanz|leasing|klarna|afterpay|"
    r"\bx\s*de\b|sem juros|com juros|/mo\b|/mnd\b|/mois",
    re.IGNORECASE,
)
_SHIPPING = re.compile(
    r"shipping|delivery|deliver\b|versand|lieferung|livraison|envío|envio|frete|spedizion|consegna|postage|"
    r"доставк|dostaw|doprav|包邮|运费|送料|"
    r"freight|frakt|orders? (?:over|above)|mindestbestell|orders of|spend|porto\b|bezorg",
    re.IGNORECASE,
)
_SAVING = re.compile(
    r"\bsave\b|saving|\boff\b|rabatt|sparen|gespart|économi|remise|descuento|ahorr|sconto|risparm|скидк|zľav|slev|"
    r"优惠券|立减|省|coupon|voucher|"
    r"gutschein|cash\s?back|满\s?\d+|gift card|geschenkkarte|bonus|points|desconto|economi[zs]|popust|popusta",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"(?:/|\bper\b|\bpro\b|\bje\b|\bal\b|\bpar\b|=)\s*(?:1|100|10)?\s*(?:kg|g|ml|cl|l|lb|oz|m2|m²|m|stück|stk|"
    r"pcs?|unit|piece|100g|quart|fl\.?\s?oz|count|litre|liter|kilo)\b"
    r"|(?:1|100)\s*(?:kg|g|ml|l)\s*=|元?/\s*(?:斤|千克|克|毫升)|/\s*(?:кг|шт)",
    re.IGNORECASE,
)
_WAS = re.compile(
    r"\bwas\b|\bbefore\b|list price|\brrp\b|msrp|\buvp\b|statt|vorher|bisher|ancien|au lieu|prix conseillé|antes|"
    r"precio anterior|prima|anziché|было|старая|"
    r"原价|市场价|划线价|定価|通常価格|původn|bylo|běžná|regular price|typical price|normal price|compare at|førpris|"
    r"ord\.? ?pris|tidligere|redna cena|\bde:|\bpvp\b|retail",
    re.IGNORECASE,
)
_MEMBER = re.compile(
    r"member|mitglied|club|会员|vip|plus\s*价|loyalty|klubb|with card|mit karte|carte|socio|sócio",
    re.IGNORECASE,
)
_COUPON_PRICE = re.compile(
    r"券后|after coupon|with coupon|mit gutschein|avec le code|with code|mit code", re.IGNORECASE
)
_FROM = re.compile(
    r"(?:\bfrom\b|\bab\b|\bà partir\b|\bdesde\b|\ba partir\b|\bda\b|\bfra\b|\bfrån\b|\bvanaf\b|\bod\b|\bот\b|"
    r"起)\s*[:：]?\s*$",
    re.IGNORECASE,
)
_USED = re.compile(
    r"\bused\b|pre-owned|refurbished|gebraucht|d'occasion|occasion|usato|segunda mano|renewed|二手", re.IGNORECASE
)
_NEW = re.compile(r"\bnew\b|\bneu\b|\bneufs?\b|\bnuovi?\b|\bnuevos?\b|全新", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_SURCHARGE = re.compile(r"[(\s][+\-−]$|^[+\-−]$")  # "(-40.00 €)" beside an option
_MINUS_PERCENT = re.compile(r"^[\s(]{0,3}[-−–]\s?\d{1,2}\s?%")  # "€ 18,00 -5 %": what it was
_OPTIONS = re.compile(r"\d+\s+(?:options?|offers?|new|neu|neuf|angebote|sellers)\b", re.IGNORECASE)
_NOW = re.compile(
    r"\bnow\b|\bjetzt\b|\bnur\b|sale price|our price|售价|现价|到手|促销价|特价|税込|価格|\bpreis\b|\bprice\b|\bprix\b|"
    r"\bprezzo\b|\bprecio\b|\bcena\b|цена",
    re.IGNORECASE,
)


PAIR = 12  # a was price and the price it was stand within so many runs


class Reading(msgspec.Struct, frozen=True):
    """One amount read from text with its role: a price, a list price, or neither."""

    candidate: Candidate
    is_list: bool
    order: int


def readings(walked: Walked, local: str, page_currency: str) -> Iterator[Reading]:
    """Amounts in the page's text that may be the product's price or its list price, in reading order."""
    yield from _settled(list(_raw(walked, local, page_currency)))


def _settled(found: list[Reading]) -> Iterator[Reading]:
    """A "was" price without a lower price beside it is no was price, whatever its element is called."""
    for one in found:
        lower = any(
            abs(other.order - one.order) <= PAIR and other.candidate.amount < one.candidate.amount
            for other in found
            if not other.is_list and other.candidate.weight > 0.3
        )
        yield one if not one.is_list or lower else Reading(one.candidate, False, one.order)


def _raw(walked: Walked, local: str, page_currency: str) -> Iterator[Reading]:
    title = walked.title_at or 0
    previous = ""
    for run in walked.runs:
        if run.flags & Flag.HIDDEN or _DIGIT.search(run.text) is None:
            previous = "" if run.flags & Flag.HIDDEN else run.text
            continue
        found = list(_of_run(run, previous, title, local, page_currency))
        yield from found
        previous = "" if found else run.text  # a line with a price of its own is no label of the next


def _of_run(run: Run, previous: str, title: int, local: str, page_currency: str) -> Iterator[Reading]:
    priced = bool(run.flags & Flag.PRICE)
    if len(run.text) > 220 and not priced:
        return
    found = list(find_prices(run.text, local))
    if not found and priced and len(run.text) <= 24 and (bare := parse_price(run.text)) and bare.amount:
        found = [bare]
    label = previous if len(previous) <= 40 else ""
    last_end = 0
    for number, price in enumerate(found[:4]):
        until = found[number + 1].start if number + 1 < len(found) else price.end + 24
        before, after = run.text[last_end : price.start], run.text[price.end : min(until, price.end + 24)]
        last_end = price.end
        own = number or _LETTERS.search(before)  # a run with a label of its own needs none from the line above
        yield _weigh(run, price, (before if own else f"{label} {before}")[-60:], after, title, number, page_currency)


def _weigh(run: Run, price: Price, before: str, after: str, title: int, number: int, page_currency: str) -> Reading:
    around = f"{before} {after}"
    weight = (
        0.25 + 0.35 * bool(run.flags & Flag.PRICE) + 0.15 * bool(run.flags & Flag.NOW) + 0.1 * bool(_NOW.search(before))
    )
    distance = run.order - title
    weight += max(0.0, 0.25 - distance / 200) if distance >= 0 else -0.1
    weight -= (
        0.15 * (not price.symbol)
        + 0.05 * number
        + 0.2 * bool(_FROM.search(before))
        + 0.3 * bool(_OPTIONS.search(before))
    )
    if page_currency and price.currency and price.currency != page_currency:
        weight -= 0.2
    for flag, factor in (
        (Flag.OTHER, 0.2),
        (Flag.BODY, 0.4),
        (Flag.UNIT, 0.5),
        (Flag.SHIPPING, 0.1),
        (Flag.COUPON, 0.3),
        (Flag.INSTALMENT, 0.3),
    ):
        weight *= factor if run.flags & flag else 1.0
    for pattern, text, factor in (
        (_SHIPPING, around, 0.1),
        (_SAVING, around, 0.1),
        (_UNIT, after[:14], 0.15),
        (_SURCHARGE, before[-3:], 0.1),
    ):
        weight *= factor if pattern.search(text) else 1.0
    is_list = bool(run.flags & Flag.OLD) or bool(_WAS.search(before[-28:])) or bool(_MINUS_PERCENT.search(after))
    candidate = Candidate(
        amount=price.amount,
        source="text",
        weight=max(weight, 0.0) if price.amount > 0 else 0.0,
        where=f"text[{run.order}] {run.text[:60]}",
        currency=price.currency,
        price_type=_price_type(run, before, after),
    )
    return Reading(candidate, is_list, run.order)


def _price_type(run: Run, before: str, after: str) -> PriceType:
    if _INSTALMENT.search(after[:20]) or _INSTALMENT.search(before[-30:]):
        return "instalment"
    if run.flags & Flag.MEMBER or _MEMBER.search(before[-20:]):
        return "member"
    if _COUPON_PRICE.search(before[-20:]):
        return "coupon"
    return "used" if _USED.search(before[-30:]) and not _NEW.search(before[-30:]) else "regular"
