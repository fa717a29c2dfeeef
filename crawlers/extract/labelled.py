"""Who sells and which variant is chosen, where the page only says so in words beside a label."""

from __future__ import annotations

import re

from crawlers.extract.flags import Flag
from crawlers.extract.identity import Found
from crawlers.extract.model import Evidence
from crawlers.extract.walk import Walked

NEAR = 80  # runs after the title in which the product's own seller and variant stand
SURE = 0.7
_SELLER = re.compile(
    r"\b(?:sold by|verkauf(?: und versand)? durch|vendu(?: et expédié)? par|vendido(?: e entregue)? por|"
    r"venduto(?: e spedito)? da|verkoop door|verkocht door|säljs av|sælges af|selges av)\b\s*[:：]?\s*|"
    r"(?:\b(?:seller|verkäufer|vendeur|vendedor|venditore|verkoper|säljare|myyjä|sprzedawca|prodejce|predajca|eladó|"
    r"продавец|satıcı)|店铺|卖家|商家|販売元|出品者|판매자)\s*[:：]\s*",
    re.IGNORECASE,
)
_SELLER_END = re.compile(
    r"\s+(?:and|und|et|y|e|en|och|og|i|a)\s+(?:shipped|dispatched|fulfilled|versand|expédi|enviado|entregue|sped)|"
    r"[.,;|(（]|\s{2,}|\s\d",
    re.IGNORECASE,
)
_VARIANT = re.compile(
    r"^(?:selected )?(?:colou?r|size|farbe|größe|couleur|taille|pointure|colore|taglia|talla|tamanho|cor|kleur|"
    r"maat|färg|storlek|farge|størrelse|väri|koko|kolor|rozmiar|barva|velikost|цвет|размер|renk|beden|颜色|尺码|尺寸|规格|款式|カラー|"
    r"サイズ|색상|사이즈|storage|capacity|speicher)\s*[:：]\s*(\S.{0,39})$",
    re.IGNORECASE,
)
_CHOOSE = re.compile(r"select|choose|wähl|choisi|elegir|elige|scegli|kies|välj|请选择|選択|guide|chart", re.IGNORECASE)


def seller(walked: Walked) -> Found:
    """The seller named near the title ("sold by ..."); None where none is."""
    lines = _near(walked)
    for (order, text), (_, below) in zip(lines, [*lines[1:], (0, "")], strict=False):
        label = _SELLER.search(text)
        if label is None:
            continue
        rest = text[label.end() :] or below  # the name may be a link, in a line of its own
        end = _SELLER_END.search(rest)
        name = rest[: end.start() if end else None].strip(" :：")
        if 2 <= len(name) <= 60:
            return name, SURE, Evidence("seller", "text", f"text[{order}]", f"{text} {below}"[:80])
    return None


def variant(walked: Walked) -> Found:
    """The variant a page shows as chosen ("Colour: Navy, Size: M"); None where it names none."""
    chosen: list[str] = []
    places: list[int] = []
    for order, text in _near(walked):
        found = _VARIANT.match(text) if len(text) <= 60 else None
        if found and not _CHOOSE.search(text) and found.group(1) not in chosen:
            chosen.append(found.group(1).strip())
            places.append(order)
    if not chosen:
        return None
    value = ", ".join(chosen[:3])
    return value, SURE, Evidence("variant", "text", f"text[{places[0]}]", value[:80])


def _near(walked: Walked) -> list[tuple[int, str]]:
    title = walked.title_at or 0
    away = Flag.OTHER | Flag.HIDDEN | Flag.BODY
    return [
        (run.order, run.text)
        for run in walked.runs[title : title + NEAR]
        if not run.flags & away and len(run.text) <= 160
    ]
