"""From what a shop writes ("€", "kr.", "руб", "US$", "元") to ISO 4217, with the page's country as judge."""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import urlsplit

from babel.numbers import get_territory_currencies, list_currencies

SYMBOLS: dict[str, str] = {
    "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "£": "GBP", "gbp": "GBP", "¥": "", "￥": "", "元": "CNY",
    "人民币": "CNY", "rmb": "CNY", "cn¥": "CNY", "円": "JPY", "jp¥": "JPY", "nt$": "TWD", "hk$": "HKD", "us$": "USD",
    "au$": "AUD", "a$": "AUD", "ca$": "CAD", "c$": "CAD", "nz$": "NZD", "s$": "SGD", "r$": "BRL", "mx$": "MXN",
    "ar$": "ARS", "cl$": "CLP", "co$": "COP", "$u": "UYU", "$": "", "zł": "PLN", "zl": "PLN", "kč": "CZK",
    "₽": "RUB", "руб": "RUB", "руб.": "RUB", "рублей": "RUB", "р.": "", "р": "", "₴": "UAH", "грн": "UAH",
    "грн.": "UAH", "лв": "BGN", "лв.": "BGN", "дин": "RSD", "дин.": "RSD", "kr": "", "kr.": "", "₹": "INR", "rs": "INR",
    "rs.": "INR", "₩": "KRW", "원": "KRW", "₫": "VND", "đ": "VND", "฿": "THB", "₱": "PHP", "₺": "TRY", "tl": "TRY",
    "₪": "ILS", "₦": "NGN", "₸": "KZT", "₮": "MNT", "₾": "GEL", "₼": "AZN", "֏": "AMD", "ft": "HUF", "lei": "RON",
    "kn": "HRK", "fr.": "CHF", "sfr": "CHF", "sfr.": "CHF", "chf": "CHF", "rp": "IDR", "rm": "MYR", "kd": "KWD",
    "br": "BYN", "бел.руб": "BYN", "ден": "MKD", "¢": "",
}  # fmt: skip
AMBIGUOUS = {"$": "dollar", "¥": "yen", "￥": "yen", "kr": "krone", "kr.": "krone", "р.": "rouble", "р": "rouble"}
_FAMILY = {
    "dollar": ("USD", {"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU", "BRL"}),
    "yen": ("CNY", {"CNY", "JPY"}),
    "krone": ("SEK", {"SEK", "NOK", "DKK", "ISK"}),
    "rouble": ("RUB", {"RUB", "BYN"}),
}
_CODE = re.compile(r"^[A-Z]{3}$")
_COUNTRY_TLDS = {"uk": "GB", "eu": ""}
_SHARED_TLDS = {"io", "co", "ai", "me", "tv", "cc", "ly", "to", "gg", "fm", "im", "ws", "sh", "la"}
_LANGUAGE_TERRITORY = {
    "ja": "JP", "zh": "CN", "sv": "SE", "nb": "NO", "no": "NO", "nn": "NO", "da": "DK", "is": "IS", "ru": "RU",
    "be": "BY", "ko": "KR", "cs": "CZ", "pl": "PL", "hu": "HU",
}  # fmt: skip


def to_iso(raw: str, local: str = "") -> str:
    """ISO 4217 code of a symbol or code as written; "" where it is none. `local`: the country's currency."""
    text = raw.strip()
    if _CODE.match(text.upper()) and text.upper() in _known():
        return text.upper()
    key = text.lower()
    if key in AMBIGUOUS:
        default, family = _FAMILY[AMBIGUOUS[key]]
        return local if local in family else default
    return SYMBOLS.get(key, "")


@cache
def _known() -> frozenset[str]:
    return frozenset(list_currencies()) - {"XXX"}


def local_currency(url: str, language: str = "") -> str:
    """The currency of the page's country, from its host, path (`/gb/en/`) or `lang`; "" where unknown."""
    territory = _territory(url, language)
    found = get_territory_currencies(territory) if territory else []
    return str(found[-1]) if found else ""


def _territory(url: str, language: str) -> str:
    parts = urlsplit(url)
    tld = (parts.hostname or "").rpartition(".")[2].lower()
    if len(tld) == 2 and tld not in _SHARED_TLDS:
        return _COUNTRY_TLDS.get(tld, tld.upper())
    tag = re.match(r"^([a-z]{2,3})(?:[-_](?:[A-Za-z]{4}[-_])?([A-Za-z]{2}))?\b", language.strip())
    if tag and tag.group(2):
        return tag.group(2).upper()
    path = re.match(r"^/([a-z]{2})(?:[/_-]([a-z]{2}))?/", parts.path.lower())
    if path and (found := _path_territory(path)):
        return found
    return _LANGUAGE_TERRITORY.get(tag.group(1), "") if tag else ""


def _path_territory(path: re.Match[str]) -> str:
    for part in path.groups():
        code = "GB" if part == "uk" else (part or "").upper()
        if code and code != "EN" and get_territory_currencies(code):
            return code
    return ""
