"""Availability from visible words: only near the product, never from silence."""

from __future__ import annotations

import re

from contracts.observations import Availability
from crawlers.extract.flags import Flag
from crawlers.extract.walk import Run, Walked
from crawlers.extract.words import Words

NEAR = 120  # runs after the title that belong to the product
_OUT = Words(
    r"out[ -]of[ -]stock|sold[ -]?out|currently unavailable|temporarily unavailable|no longer available|"
    r"\b0 in stock\b|isn.?t in stock|not (?:currently )?available|isn.t available|^unavailable\b|"
    r"\b(?:is|are|item|product|now) unavailable\b|no (?:featured offers|tickets) available|"
    r"tickets unavailable|\bdiscontinued\b|"
    r"(?:do(?:n.t| not)) currently have any|currently have any tickets|"
    r"not in stock|no longer in stock|notify me when|nicht auf lager|nicht (?:mehr )?(?:lieferbar|verfügbar|"
    r"vorrätig|lagernd)|nicht (?:an lager|zur verfügung)|ausverkauft|vergriffen|"
    r"derzeit nicht|actuellement indisponible|indisponible|rupture|épuisé|(?:n'est|plus|pas|non) disponible\b|"
    r"agotado|sin stock|no disponible|"
    r"esgotado|indispon[ií]vel|não (?:disponível|estamos a aceitar)|esaurito|"
    r"non disponibile|niet (?:op voorraad|leverbaar|beschikbaar)|uitverkocht|slutsåld|ikke på lager|udsolgt|"
    r"ej i lager|utsolgt|nie ?dostępny|brak (?:w magazynie|na stanie)|"
    r"vyprodáno|není skladem|vypredané|nije dostupno|ni na zalogi|нет в наличии|распродан|немає в наявності|缺货|售罄|"
    r"已售[完罄]|^已售$|无货|下架|补货中|"
    r"品切れ|在庫切れ|在庫なし|売り切れ|품절|tükendi|stokta yok|mevcut değil|stok (?:\w+ ini )?(?:habis|kosong)|"
    r"tidak (?:tersedia|dijual)|"
    r"(?:momentálně|dočasně) ne|nedostupn[ýáé]|není (?:dostupn|k dispozici)|nie je (?:na sklade|skladom|dostupn)|"
    r"nincs (?:raktáron|készleten)|elfogyott|nem (?:elérhető|rendelhető)|stoc epuizat|indisponibil|"
    r"(?:loppu|ei) varasto|loppuunmyyty|tilapäisesti loppu|εξαντλ|μη διαθέσιμ|δεν είναι διαθέσιμ|"
    r"няма в наличност|изчерпан|закончил(?:ся|ось|ась)|снят с (?:продажи|производства)|"
    r"немає в наявності|закінчи(?:вся|лось)|"
    r"tillfälligt slut|slut i lager|slutsåld|ikke tilgængelig|ikke tilgjengelig|prodotto terminato|non in stock|"
    r"fora de estoque|produto esgotado|sem estoque|สินค้าหมด|hết hàng|غير متوفر|نفد|نفذ|אזל|"
    r"nije na (?:zalihi|stanju|lageru)|nema na (?:zalihi|stanju|lageru)|rasprodano|ni na voljo|razprodano|"
    r"išparduota|neturime|nėra sandėlyje|nav (?:pieejams|noliktavā)|izpārdots|läbi müüdud|\botsas\b|uppselt",
)
# A wish to be told, or a date to come: sold out, but only where nothing on the page can be bought.
_LATER = Words(
    r"notify (?:me|when)|(?:let me know|mail me|message) (?:when|if)|back in stock|as soon as stock|awaiting stock|"
    r"when this (?:item )?(?:arrives|is available)|more on order|coming soon|benachrichtig|nachricht bei|"
    r"avise-me|avísame|avvisami|prévenez-moi|m'avertir|meld mij|powiadom|értesít|"
    r"bald wieder|in kürze|binnenkort|dostępne wkrótce|أخبرني عندما",
)
_IN = Words(
    r"\bin stock\b|add to (?:shopping |my )?(?:cart|bag|basket|trolley)|available to order|available now|"
    r"ready to ship|ships within|buy (?:it )?now|auf lager|sofort (?:lieferbar|verfügbar)|"
    r"lieferbar|in den (?:warenkorb|einkaufswagen)|"
    r"en stock|ajouter au panier|añadir a|en existencia|aggiungi al carrello|disponibile|in magazzino|adicionar|"
    r"comprar|em estoque|in winkelwagen|"
    r"op voorraad|lägg i|i lager|på lager|legg i|tilføj til|do koszyka|dostępny|skladem|do košíku|do košíka|"
    r"na sklade|na zalogi|u košaricu|dodaj|v košarico|dobavljivo|naroči|naruči|dostupno|"
    r"в наличии|в корзину|купить|加入购物车|立即购买|"
    r"有货|现货|カートに入れる|在庫あり|장바구니|sepete ekle|reserve|\bbuy\b|tickets",
)
_OF_MEDIA = re.compile(r"\b(?:image|photo|picture|video|list|review|preview)s? ", re.IGNORECASE)


def of_words(text: str) -> Availability:
    """What a text known to speak of stock says; Unknown where it says neither."""
    if _OUT.search(text) or _LATER.search(text):
        return "OutOfStock"
    return "InStock" if _IN.search(text) else "Unknown"


def _of_a_choice(run: Run) -> bool:
    """Whether a run is one size or colour among others, sold out while others may not be."""
    return run.tag in ("li", "label", "option") and not run.flags & Flag.STOCK


def from_text(walked: Walked) -> tuple[Availability, str]:
    """Availability by the words near the title and the words they are; Unknown where there are none."""
    title = walked.title_at if walked.title_at is not None else 0
    positive = later = ""
    for run in walked.runs[max(0, title - 20) : title + NEAR + 1]:
        if run.flags & (Flag.OTHER | Flag.HIDDEN | Flag.BODY) or len(run.text) > 160:
            continue
        if not (run.flags & (Flag.STOCK | Flag.BUY) or run.tag == "button" or len(run.text) < 60):
            continue
        if _OUT.search(run.text) and not _OF_MEDIA.search(run.text):
            if not positive and not _of_a_choice(run):
                return "OutOfStock", run.text[:80]
            later = later or run.text[:80]
        elif not later and _LATER.search(run.text):
            later = run.text[:80]
        elif not positive and _IN.search(run.text):
            positive = run.text[:80]
    if positive:
        return "InStock", positive
    return ("OutOfStock", later) if later else ("Unknown", "")
