"""What the names of elements (class, id, test ids) say about the text inside them."""

from __future__ import annotations

import re
from functools import lru_cache


class Flag:
    """Roles of an element as bits, inherited by everything inside it; plain integers, an enum costs half the time."""

    NONE = 0
    PRICE = 1
    OLD = 2
    NOW = 4
    OTHER = 8  # other products, navigation, footer
    UNIT = 16
    SHIPPING = 32
    INSTALMENT = 64
    MEMBER = 128
    COUPON = 256
    STOCK = 512
    BUY = 1024
    PROMOTION = 2048
    CENTS = 4096
    HIDDEN = 8192
    TITLE = 16384
    REFERENCE = 65536
    BODY = 32768  # descriptions, reviews, questions


_B = r"(?:^|[\s_\-:./]|(?<=[a-z])(?=[A-Z]))"
# Roles that take a value away from the product; one that the title itself lies in says nothing.
AWAY = (
    Flag.OTHER
    | Flag.BODY
    | Flag.HIDDEN
    | Flag.SHIPPING
    | Flag.COUPON
    | Flag.MEMBER
    | Flag.INSTALMENT
    | Flag.UNIT
    | Flag.OLD
)
_PATTERNS: tuple[tuple[int, str], ...] = (
    (Flag.PRICE, r"price|preis|prix|prezzo|precio|preco|cena\b|pris\b|prijs|hinta|jiage|amount|cost\b|money"),
    (
        Flag.OLD,
        (
            r"price[-_]?(?:old|was|list|regular|strike|strikethrough|before|original|previous|compare|msrp|rrp|"
            r"retail|"
            r"base)"
            r"|(?:^|[-_\s])(?:old|was|before|original|previous|crossed|striked?|strike-?through|compare-?at|msrp|rrp|"
            r"uvp|pvp"
            r"|list[-_]?price|was[-_]?price|old[-_]?price|regular[-_]?price|high[-_]?price|stary|antes|"
            r"ancien|barre)"
            r"(?:$|[-_\s])|oldprice|wasprice|listprice|originalprice|price-?from-?old|text-?strike|line-?through"
        ),
    ),
    (
        Flag.NOW,
        (
            r"(?:current|sale|special|now|our|final|offer|actual|selling|buy-?box|deal|discounted|promo|main|"
            r"product)[-_ ]?price"
            r"|price[-_]?(?:current|sale|special|now|final|actual|main|new|value|to-?pay)|"
            r"new[-_]price"
        ),
    ),
    (
        Flag.OTHER,
        (
            r"related|recommend|similar|carousel|cross-?sell|up-?sell|accessor|recently|viewed|sponsored|"
            r"also[-_]?(?:like|bought|view)"
            r"|mini-?cart|(?:^|[-_\s])(?:footer|nav|navbar|navigation|menu|breadcrumb|sidebar|aside|header|cookie|"
            r"modal|popup|ads?|banner)"
            r"(?:$|[-_\s])|product-?(?:list|grid|tile|card|item)s?(?:$|[-_\s])|swiper|slick|swatch|bundle|frequently|"
            r"comparison|compare|suggest"
            r"|wishlist|basket|bestsell|top-?sell|other-?(?:sellers|products|offers)|more-?(?:from|products)|"
            r"complement|searchresult"
        ),
    ),
    (Flag.UNIT, r"unit[-_]?price|price[-_]?(?:per[-_]?)?unit|per[-_]?unit|base[-_]?price|grundpreis|ppu|priceper"),
    (
        Flag.SHIPPING,
        (r"shipping|delivery|versand|lieferung|livraison|envio|spedizione|freight|postage|dostawa|doprava"),
    ),
    (
        Flag.INSTALMENT,
        (
            r"install?ment|finance|financing|monthly|leasing|rates?-|klarna|afterpay|parcel[ae]|cuotas|credit|splatk|"
            r"raty"
        ),
    ),
    (Flag.MEMBER, r"member|loyalty|club|vip|plus-?price|card-?price"),
    (
        Flag.COUPON,
        r"coupon|voucher|gutschein|saving|you-?save|discount[-_]?(?:amount|value|percent|badge|label|rate)|save-",
    ),
    (Flag.STOCK, r"stock|availab|verfuegbar|disponib|inventory|sold-?out|delivery-?status|in-?store"),
    (
        Flag.BUY,
        (
            r"add[-_]?to[-_]?(?:cart|bag|basket)|addtocart|addtobasket|buy-?now|buybox|buy-?button|btn-?buy|"
            r"in-den-warenkorb"
        ),
    ),
    (
        Flag.PROMOTION,
        r"promo|flash-?sale|campaign|deal(?:s|$|[-_])|offer-?label|(?:^|[-_\s])sale(?:$|[-_\s])",
    ),
    (Flag.CENTS, r"cents|fraction|decimal|centimes|(?:price[-_]{1,2})?superscript"),
    (Flag.HIDDEN, r"(?:^|\s)(?:hidden|hide|d-none|is-hidden|display-none)(?:$|\s)"),
    (
        Flag.REFERENCE,
        (
            r"(?:^|[-_\s])sku|product[-_]?(?:reference|code|number|identifier)|article[-_]?(?:number|no)|"
            r"item[-_]?(?:number|no)|art-?nr|partnumber"
        ),
    ),
    (Flag.TITLE, r"product[-_]?(?:title|name)"),
    (Flag.BODY, r"description|review|question|comment|faq|rating|specification|bullets"),
)
_COMPILED = tuple((flag, re.compile(pattern, re.IGNORECASE)) for flag, pattern in _PATTERNS)


@lru_cache(maxsize=8192)
def of_names(names: str) -> int:
    """Flags of an element's class, id and test id, joined by spaces; long ones are cut."""
    found = Flag.NONE
    for flag, pattern in _COMPILED:
        if pattern.search(names):
            found |= flag
    return found
