"""What our own systems would know in the demo: catalogue, stock, sales history, watchlist.

Twenty products in CNY, all made up. The first six have ample stock (about 60 days of
cover), so a competitor's cut on them ends in a markdown proposal; the others are short.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from contracts.facts import CatalogItem, Match, StockLevel, UnitsSold
from contracts.times import DAY_MS
from contracts.topics import CATALOG, SALES, STOCK, Topic

CURRENCY = "CNY"
ELASTICITY = -2.2  # of the demand the sales history is drawn from
AMPLE = 6  # the first products have stock to spare


class Product(NamedTuple):
    """One product of ours: prices and costs in fen (1/100 yuan), `daily` in units a day."""

    sku: str
    name: str
    category: str
    brand: str
    price_minor: int
    cost_minor: int
    daily: int


def _gtin(index: int) -> str:
    body = f"69012345{index:04d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


PRODUCTS: tuple[Product, ...] = (
    Product("OWN-001", "静音空气净化器 A300", "小家电", "清云", 129900, 82000, 9),
    Product("OWN-002", "智能电饭煲 4L", "小家电", "禾香", 39900, 24500, 22),
    Product("OWN-003", "人体工学椅 M2", "家居", "坐悦", 89900, 56000, 7),
    Product("OWN-004", "无线降噪耳机 Pro", "数码", "听澜", 69900, 41000, 18),
    Product("OWN-005", "电动牙刷 S5", "个护", "净齿", 19900, 9800, 40),
    Product("OWN-006", "保温杯 500ml", "家居", "温度", 8900, 3600, 65),
    Product("OWN-007", "机械键盘 87 键", "数码", "敲敲", 45900, 29000, 12),
    Product("OWN-008", "扫地机器人 X1", "小家电", "清云", 219900, 150000, 5),
    Product("OWN-009", "便携投影仪 mini", "数码", "光屿", 159900, 108000, 4),
    Product("OWN-010", "空气炸锅 5L", "小家电", "禾香", 32900, 20500, 25),
    Product("OWN-011", "羽绒被 200x230", "家居", "云眠", 59900, 35000, 8),
    Product("OWN-012", "护眼台灯", "家居", "温度", 16900, 8800, 20),
    Product("OWN-013", "运动手环 7", "数码", "跃动", 24900, 15000, 30),
    Product("OWN-014", "咖啡机 半自动", "小家电", "禾香", 99900, 66000, 6),
    Product("OWN-015", "吹风机 高速", "个护", "净齿", 34900, 21000, 15),
    Product("OWN-016", "行李箱 24 寸", "箱包", "远行", 42900, 25500, 9),
    Product("OWN-017", "移动电源 20000", "数码", "光屿", 14900, 8600, 50),
    Product("OWN-018", "料理锅 多功能", "小家电", "禾香", 27900, 17200, 14),
    Product("OWN-019", "双肩包 18L", "箱包", "远行", 18900, 9900, 17),
    Product("OWN-020", "瑜伽垫 8mm", "运动", "跃动", 9900, 4200, 28),
)


def catalogue(now_ms: int) -> list[CatalogItem]:
    """Our twenty items as of `now_ms`, with cost, fees, and a minimum advertised price on some."""
    return [
        CatalogItem(
            sku=product.sku,
            price_minor=product.price_minor,
            currency=CURRENCY,
            as_of=now_ms,
            cost_minor=product.cost_minor,
            fees_minor=product.price_minor * 3 // 100,
            map_minor=product.price_minor * 98 // 100 if index % 7 == 3 else None,
            name=product.name,
            category=product.category,
            brand=product.brand,
            gtin=_gtin(index),
        )
        for index, product in enumerate(PRODUCTS)
    ]


def stock(now_ms: int) -> list[StockLevel]:
    """Units on hand as of `now_ms`: 60 days of cover for the first six products, 6 for the others."""
    return [
        StockLevel(sku=product.sku, on_hand=product.daily * (60 if index < AMPLE else 6), as_of=now_ms)
        for index, product in enumerate(PRODUCTS)
    ]


def sales(now_ms: int, weeks: int = 26, seed: int = 7) -> list[UnitsSold]:
    """Units sold a day over the last `weeks` whole weeks, oldest first, with weekends and past price cuts."""
    chance = random.Random(seed)  # noqa: S311 sample data
    first = now_ms - now_ms % DAY_MS - weeks * 7 * DAY_MS
    return [_day(product, first + day * DAY_MS, chance) for day in range(weeks * 7) for product in PRODUCTS]


def _day(product: Product, start: int, chance: random.Random) -> UnitsSold:
    cut = chance.choice((0, 0, 0, 0, 0, 0, 5, 10))
    weekend = 1.35 if (start // DAY_MS + 4) % 7 in (0, 6) else 0.9  # the epoch was a Thursday
    demand = product.daily * weekend * (1 - cut / 100) ** ELASTICITY * chance.lognormvariate(0, 0.15)
    return UnitsSold(
        sku=product.sku,
        interval_start=start,
        interval_end=start + DAY_MS,
        units=float(round(demand)),
        price_minor=product.price_minor * (100 - cut) // 100,
        currency=CURRENCY,
        on_promotion=cut > 0,
    )


class WatchlistRow(msgspec.Struct, frozen=True):
    """A page to watch and the SKU of ours it is compared with."""

    competitor: str
    url: str
    sku: str
    product_id: str
    name: str
    category: str


def product_id(index: int) -> str:
    """The shops' id of a product: every shop lists the same twenty under its own prefix."""
    return f"{1000 + index}"


def watchlist(addresses: Mapping[str, str]) -> list[WatchlistRow]:
    """Rows for all pages of all shops; `addresses` is `Market.addresses` (shop name to base URL)."""
    return [
        WatchlistRow(shop, f"{base}/p/{product_id(index)}", item.sku, product_id(index), item.name, item.category)
        for shop, base in addresses.items()
        for index, item in enumerate(PRODUCTS)
    ]


def matches(addresses: Mapping[str, str], now_ms: int) -> list[Match]:
    """The watchlist as confirmed matches, for `catalog.matches.v1`."""
    return [
        Match(row.competitor, row.product_id, row.sku, now_ms, confidence=1.0, status="approved", url=row.url)
        for row in watchlist(addresses)
    ]


def facts(now_ms: int) -> Iterator[tuple[Topic, str, CatalogItem | StockLevel | UnitsSold]]:
    """Catalogue, stock and sales, each with its topic and key."""
    for topic, made in ((CATALOG, catalogue(now_ms)), (STOCK, stock(now_ms)), (SALES, sales(now_ms))):
        for fact in made:
            yield topic, fact.sku, fact


def write_watchlist(path: Path, addresses: Mapping[str, str]) -> Path:
    """Write the watchlist as the CSV that `priceradar crawl --watchlist` reads."""
    rows: Iterable[WatchlistRow] = watchlist(addresses)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(WatchlistRow.__struct_fields__)
        writer.writerows(msgspec.structs.astuple(row) for row in rows)
    return path


def write_sources(path: Path, addresses: Mapping[str, str]) -> Path:
    """Write a shops file with a feed, a sitemap and a listing: one of each, at one shop each."""
    said = (
        'kind = "feed"\nurl = "{}/feed.xml"',
        'kind = "sitemap"\nurl = "{}/sitemap.xml"\npages = "/p/*"',
        'kind = "listing"\nurl = "{}/"\npages = "/p/*"',
    )
    tables = [
        f'[[source]]\ncompetitor = "{shop}"\n{one.format(base)}\n'
        for one, (shop, base) in zip(said, addresses.items(), strict=True)
    ]
    path.write_text("\n".join(tables), encoding="utf-8")
    return path
