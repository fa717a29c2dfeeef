"""The HTML of the demo's shops: three kinds of markup, with the distractions real pages have."""

from __future__ import annotations

import json
from html import escape

from demo.samples import PRODUCTS, Product, product_id
from demo.schedule import SHOPS, Offer

BLOCKED = """<!doctype html><html><head><title>Robot Check</title></head><body>
<h1>请完成验证</h1><p>Unusual traffic from your network. Please verify you are a human.</p>
<form><img src="/captcha.png" alt="captcha"><input name="captcha"></form></body></html>"""


def yuan(minor: int, grouped: bool = True) -> str:
    """Fen as people write yuan: 129900 gives 1,299.00."""
    whole, fen = divmod(minor, 100)
    return f"{whole:,}.{fen:02d}" if grouped else f"{whole}.{fen:02d}"


def listing(shop: int) -> str:
    """The shop's list of products with links."""
    items = "".join(
        f'<li><a href="/p/{product_id(index)}">{escape(product.name)}</a></li>'
        for index, product in enumerate(PRODUCTS)
    )
    return _page(f"{SHOPS[shop]} 全部商品", "", f"<h1>全部商品</h1><ul>{items}</ul>")


def feed(base: str, offers: list[Offer], gtins: list[str]) -> str:
    """The shop's feed for Google Merchant: all its products as they are now."""
    items = "".join(
        f"<item><g:id>{product_id(index)}</g:id><title>{escape(product.name)}</title>"
        f"<link>{base}/p/{product_id(index)}</link><g:brand>{escape(product.brand)}</g:brand><g:gtin>{gtin}</g:gtin>"
        f"{_feed_price(offer)}<g:availability>{'in_stock' if offer.in_stock else 'out_of_stock'}</g:availability>"
        "</item>"
        for index, (product, offer, gtin) in enumerate(zip(PRODUCTS, offers, gtins, strict=True))
    )
    return (
        '<?xml version="1.0"?><rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>'
        f"<title>{base}</title>{items}</channel></rss>"
    )


def _feed_price(offer: Offer) -> str:
    now = f"{yuan(offer.price_minor, grouped=False)} CNY"
    if not offer.was_minor:
        return f"<g:price>{now}</g:price>"
    return f"<g:price>{yuan(offer.was_minor, grouped=False)} CNY</g:price><g:sale_price>{now}</g:sale_price>"


def product_page(shop: int, index: int, offer: Offer, url: str, gtin: str) -> str:
    """The page of one product at one shop."""
    product = PRODUCTS[index]
    head, main = (_json_ld, _microdata, _plain)[shop](index, product, offer, url, gtin)
    return _page(f"{product.name} - {SHOPS[shop]}", head, f"{main}{_others(shop, index)}")


def _page(title: str, head: str, main: str) -> str:
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title>{head}</head>'
        f'<body><header><a href="/">首页</a><p class="notice">全场满99元包邮</p></header><main>{main}</main>'
        f"<footer>客服 400-100-2000</footer></body></html>"
    )


def _others(shop: int, index: int) -> str:
    others = [(index + step) % len(PRODUCTS) for step in (1, 5)]
    cards = "".join(
        f'<div class="card"><a href="/p/{product_id(other)}">{escape(PRODUCTS[other].name)}</a>'
        f'<span class="price">¥{yuan(PRODUCTS[other].price_minor)}</span></div>'
        for other in others
    )
    return f'<section class="recommended"><h2>猜你喜欢</h2>{cards}</section>' if shop != 0 else ""


def _json_ld(index: int, product: Product, offer: Offer, url: str, gtin: str) -> tuple[str, str]:
    data = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": product.name,
        "sku": product_id(index),
        "gtin13": gtin,
        "brand": {"@type": "Brand", "name": product.brand},
        "offers": {
            "@type": "Offer",
            "url": url,
            "price": yuan(offer.price_minor, grouped=False),
            "priceCurrency": "CNY",
            "availability": f"https://schema.org/{'InStock' if offer.in_stock else 'OutOfStock'}",
        },
    }
    text = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")
    was = f'<del class="was">¥{yuan(offer.was_minor)}</del>' if offer.was_minor else ""
    promotion = f'<p class="promotion">{offer.promotion}</p>' if offer.promotion else ""
    body = (
        f'<h1>{escape(product.name)}</h1>{was}<strong class="price">¥{yuan(offer.price_minor)}</strong>{promotion}'
        f"<button{'' if offer.in_stock else ' disabled'}>{'加入购物车' if offer.in_stock else '缺货'}</button>"
    )
    return f'<script type="application/ld+json">{text}</script>', body


def _microdata(index: int, product: Product, offer: Offer, url: str, gtin: str) -> tuple[str, str]:
    stock = "InStock" if offer.in_stock else "OutOfStock"
    promotion = f'<p class="promo-tag">{offer.promotion}</p>' if offer.promotion else ""
    was = f"<s>原价 ¥{yuan(offer.was_minor)}</s>" if offer.was_minor else ""
    return "", (
        f'<div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">{escape(product.name)}</h1>'
        f'<meta itemprop="sku" content="{product_id(index)}"><meta itemprop="gtin13" content="{gtin}">'
        f'<link itemprop="url" href="{escape(url)}">'
        f'<div itemprop="offers" itemscope itemtype="https://schema.org/Offer">{was}'
        f'<meta itemprop="priceCurrency" content="CNY"><span itemprop="price" '
        f'content="{yuan(offer.price_minor, grouped=False)}">¥{yuan(offer.price_minor)}</span>'
        f'<link itemprop="availability" href="https://schema.org/{stock}"></div>{promotion}</div>'
    )


def _plain(index: int, product: Product, offer: Offer, url: str, gtin: str) -> tuple[str, str]:  # noqa: ARG001
    was = f'<p class="old">原价：<del>¥{yuan(offer.was_minor)}</del></p>' if offer.was_minor else ""
    promotion = f'<p class="act">{offer.promotion}</p>' if offer.promotion else ""
    button = "<button>立即购买</button>" if offer.in_stock else "<p class='stock'>暂时缺货</p>"
    return "", (
        f"<h1>{escape(product.name)}</h1><p>商品编号：{product_id(index)}</p>{was}"
        f'<p class="now">售价：<b>¥{yuan(offer.price_minor)}</b></p>'
        f'<p class="stages">分期 ¥{yuan(offer.price_minor // 12)} × 12 期</p>{promotion}{button}'
    )
