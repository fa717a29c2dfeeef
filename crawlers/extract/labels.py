"""Words beside an amount that say what it is: an instalment, a threshold, a saving, what it was before."""

from __future__ import annotations

import re

from crawlers.extract.words import Words

INSTALMENT = Words(
    r"(?:/|per|a|pro|al|par|por|no)\s*(?:mo\b|mth\b|month|monat|mois|mes\b|mese|mês|maand|måned|месяц|měs)|"
    r"monthly|install?ment|instal?ments|"
    r"\brate[ns]?\b|分期|每期|×\s*\d+\s*期|x\s*\d+\s*(?:期|vezes|mensualidades)|\d+\s*x\s+(?:de\s+)?(?:R\$|€|\$)|cuotas|"
    r"splátk|рассрочк|finanz|leasing|klarna|afterpay|"
    r"\bx\s*de\b|sem juros|com juros|/mo\b|/mnd\b|/mois",
)
SHIPPING = Words(
    r"shipping|delivery|deliver\b|versand|lieferung|livraison|envío|envio|frete|spedizion|consegna|postage|"
    r"доставк|dostaw|doprav|包邮|运费|送料|"
    r"freight|frakt|orders? (?:over|above)|mindestbestell|orders of|spend|porto\b|bezorg",
)
SAVING = Words(
    r"\bsave\b|saving|\boff\b|rabatt|sparen|gespart|économi|remise|descuento|ahorr|sconto|risparm|скидк|zľav|slev|"
    r"优惠券|立减|省|coupon|voucher|"
    r"gutschein|cash\s?back|满\s?\d+|gift card|geschenkkarte|bonus|points|desconto|economi[zs]|popust|popusta",
)
UNIT = re.compile(
    r"(?:/|\bper\b|\bpro\b|\bje\b|\bal\b|\bpar\b|=)\s*(?:1|100|10)?\s*(?:kg|g|ml|cl|l|lb|oz|m2|m²|m|stück|stk|"
    r"pcs?|unit|piece|100g|quart|fl\.?\s?oz|count|litre|liter|kilo)\b"
    r"|(?:1|100)\s*(?:kg|g|ml|l)\s*=|元?/\s*(?:斤|千克|克|毫升)|/\s*(?:кг|шт)",
    re.IGNORECASE,
)
WAS = Words(
    r"\bwas\b|\bbefore\b|list price|\brrp\b|msrp|\buvp\b|statt|vorher|bisher|ancien|au lieu|prix conseillé|antes|"
    r"precio anterior|prima|anziché|было|старая|"
    r"原价|市场价|划线价|定価|通常価格|původn|bylo|běžná|regular price|typical price|normal price|compare at|førpris|"
    r"\bfør\b|\bförr\b|tidigare|voorheen|adviesprijs|\bavant\b|wcześniej|\bdříve\b|"
    r"ord\.? ?pris|tidligere|redna cena|\bde:|\bpvp\b|retail",
)
FROM_TO = re.compile(r"\bde:? *\| *por\b", re.IGNORECASE)  # "de R$ 1.999,00 por", the amount left out
MEMBER = Words(
    r"member|mitglied|club|会员|vip|plus\s*价|loyalty|klubb|with card|mit karte|carte|socio|sócio",
)
SUBSCRIBED = re.compile(
    r"(?:subscri\w+|auto-?ship|auto-?delivery|(?:spar-?)?abo\b|abonn?e\w+|定期(?:便|购))[^$€£¥]{0,24}$", re.IGNORECASE
)
COUPON_PRICE = Words(r"券后|after coupon|with coupon|mit gutschein|avec le code|with code|mit code")
FROM = re.compile(
    r"(?:\bfrom\b|\bab\b|\bà partir\b|\bdesde\b|\ba partir\b|\bda\b|\bfra\b|\bfrån\b|\bvanaf\b|\bod\b|\bот\b|"
    r"起)\s*[:：]?\s*$",
    re.IGNORECASE,
)
USED = Words(
    r"\bused\b|pre-owned|refurbished|gebraucht|d'occasion|occasion|usato|segunda mano|renewed|二手",
)
NEW = re.compile(r"\bnew\b|\bneu\b|\bneufs?\b|\bnuovi?\b|\bnuevos?\b|全新", re.IGNORECASE)
DIGIT = re.compile(r"\d")
LETTERS = re.compile(r"[^\W\d_]{2}")
SURCHARGE = re.compile(r"[(\s][+\-−]$|^[+\-−]$")  # "(-40.00 €)" beside an option
PERCENT = re.compile(r"(?<![\d.,])(\d{1,2})\s?%")
OPTIONS = re.compile(r"\d+\s+(?:options?|offers?|new|neu|neuf|angebote|sellers)\b", re.IGNORECASE)
NOW = re.compile(
    r"\bnow\b|one-time purchase|einmalkauf|\bjetzt\b|\bnur\b|sale price|our price|"
    r"售价|现价|到手|促销价|特价|税込|価格|\bpreis\b|\bprice\b|\bprix\b|"
    r"\bprezz[oi]\b|\bprecios?\b|\bcena\b|цена|\bpreise\b|\bprices\b|\bpris\b|\bpreço\b|\bhinta\b|\bprijs\b",
    re.IGNORECASE,
)
FREE = Words(  # "free shipping" above a price says nothing about it; "free shipping over" does
    r"(?:free|gratis|kostenlos\w*|kostenfrei\w*|gratuit\w*|bezpłatn\w*|zdarma|包邮|送料無料)"
    r"(?!.*(?:over|above|from|ab|über|dès|desde|partir|od|från|fra|vanaf|满|[:：])\s*$)",
)
NUMBERED = re.compile(r"^.*\d[\d.,]*(?:\s?%)?", re.DOTALL)
SHIPPING_AFTER = re.compile(
    r"\s{0,2}(?:for )?(?:shipping|delivery|postage|p&p|versand|lieferung|porto|(?:de )?livraison|frais de port|"
    r"(?:de )?envío|(?:de )?envio|frete|spedizione|frakt|fragt|bezorg|dostaw|doprav|运费|送料)",
    re.IGNORECASE,
)
SAVING_AFTER = re.compile(
    r"\s{0,2}(?:off\b|rabatt|gespart|saved?\b(?! )|savings|cash\s?back|coupon|voucher|gutschein|gift card|"
    r"(?:de |di )?(?:remise|réduction|descuento|sconto|desconto|korting|ahorro|risparmio)|d['’]économie|"
    r"优惠券|скидк|slev|popust|discount|cheaper|günstiger|bonus|points)",
    re.IGNORECASE,
)
_TAX = r"(?:tax(?:es)?|vat|gst|btw|iva|tva|mwst|ust|moms|mva|alv|dph|ddv|pdv|kdv)"
_RATE = r"\b\.?(?: of)?(?: \d\d? ?%)? ?(?:all )?"
GROSS = re.compile(  # remarks that go with the price a consumer pays
    rf"\b{_TAX}\.? (?:included|inclu[ií]d[oa]?|incluse?|dahil)\b|"
    rf"\b(?:inc|incl|inkl|inclusive|includes|including|in){_RATE}{_TAX}\b\.?|"
    r"\bttc\b|\bs dph\b|\bz ddv\b|\bbrutto\b|[(（]?税込み?[)）]?|含税|[aà] vista|no pix|\beach\b|\bpro stück\b",
    re.IGNORECASE,
)
NET = re.compile(  # and those of the price before tax
    r"\b(?:ex|excl|exkl|exc|excluding|exclusive|plus|zzgl|before|without|ohne|bez|brez|sin|senza|hors|sans)"
    rf"{_RATE}{_TAX}\b|\+ ?{_TAX}\b|\bht\b|\bnett?o\b|税抜|税別|本体|不含税|未税",
    re.IGNORECASE,
)
