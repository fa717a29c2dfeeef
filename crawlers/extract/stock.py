"""Availability from visible words: only near the product, never from silence."""

from __future__ import annotations

import re

from contracts.observations import Availability
from crawlers.extract.flags import Flag
from crawlers.extract.walk import Walked

NEAR = 120  # runs after the title that belong to the product
_OUT = re.compile(
    r"out[ -]of[ -]stock|sold[ -]?out|currently unavailable|temporarily unavailable|no longer available|"
    r"not available|isn.t available|unavailable\b|"
    r"not in stock|no longer in stock|notify me when|nicht auf lager|nicht (?:mehr )?(?:lieferbar|verfügbar|"
    r"vorrätig|lagernd)|ausverkauft|vergriffen|"
    r"derzeit nicht|actuellement indisponible|indisponible|rupture|épuisé|agotado|sin stock|no disponible|"
    r"esgotado|indispon[ií]vel|esaurito|"
    r"non disponibile|niet (?:op voorraad|leverbaar|beschikbaar)|uitverkocht|slutsåld|ikke på lager|udsolgt|"
    r"ej i lager|utsolgt|nie ?dostępny|brak w magazynie|"
    r"vyprodáno|není skladem|vypredané|nije dostupno|ni na zalogi|нет в наличии|распродан|немає в наявності|缺货|售罄|"
    r"已售完|无货|下架|补货中|"
    r"品切れ|在庫切れ|在庫なし|売り切れ|품절|tükendi|stokta yok|stok habis",
    re.IGNORECASE,
)
_IN = re.compile(
    r"\bin stock\b|add to (?:shopping |my )?(?:cart|bag|basket|trolley)|available to order|available now|"
    r"ready to ship|ships within|buy (?:it )?now|auf lager|sofort (?:lieferbar|verfügbar)|"
    r"lieferbar|in den (?:warenkorb|einkaufswagen)|"
    r"en stock|ajouter au panier|añadir a|en existencia|aggiungi al carrello|disponibile|in magazzino|adicionar|"
    r"comprar|em estoque|in winkelwagen|"
    r"op voorraad|lägg i|i lager|på lager|legg i|tilføj til|do koszyka|dostępny|skladem|do košíku|do košíka|"
    r"na sklade|na zalogi|u košaricu|dodaj|v košarico|dobavljivo|naroči|naruči|dostupno|"
    r"в наличии|в корзину|купить|加入购物车|立即购买|"
    r"有货|现货|カートに入れる|在庫あり|장바구니|sepete ekle|reserve|\bbuy\b|checkout|tickets",
    re.IGNORECASE,
)


class StockReading(tuple[Availability, str]):
    """Availability and the words it rests on."""

    __slots__ = ()


def from_text(walked: Walked) -> tuple[Availability, str]:
    """Availability by the words near the title and the words they are; Unknown where there are none."""
    title = walked.title_at if walked.title_at is not None else 0
    positive = ""
    for run in walked.runs:
        if (
            run.flags & (Flag.OTHER | Flag.HIDDEN | Flag.BODY)
            or not title - 20 <= run.order <= title + NEAR
            or len(run.text) > 160
        ):
            continue
        near = run.flags & (Flag.STOCK | Flag.BUY) or run.tag == "button" or len(run.text) < 60
        if near and _OUT.search(run.text):
            if not positive:
                return "OutOfStock", run.text[:80]
        elif near and not positive and _IN.search(run.text):
            positive = run.text[:80]
    return ("InStock", positive) if positive else ("Unknown", "")
