"""How the demo's shops behave over time: pure, from a seed and the seconds since the start."""

from __future__ import annotations

import random
from typing import Literal, NamedTuple

from demo.samples import PRODUCTS

SHOPS = ("north-star", "harbour", "corner")  # JSON-LD, microdata, plain visible text
CREEP_SECONDS, CREEP_STEPS = 6, 9
WAVE_SECONDS = 40  # after the script, another few prices move this often

Kind = Literal["price", "was_now", "threshold", "end", "gone", "back", "glitch", "block"]


class Step(NamedTuple):
    """From `at` seconds on, product `product` of shop `shop` does `kind`; `bp` of the base price."""

    at: float
    shop: int
    product: int
    kind: Kind
    bp: int = 10_000


class Offer(NamedTuple):
    """What a page shows: amounts in fen; `odd` is the trouble that strikes one request only."""

    price_minor: int
    was_minor: int | None = None
    promotion: str = ""
    in_stock: bool = True
    odd: Literal["", "glitch", "block"] = ""


SCRIPT: tuple[Step, ...] = (
    Step(10, 0, 0, "price", 9_200),  # cuts of more than 5 % where our stock is ample
    Step(10, 0, 1, "price", 9_150),
    Step(11, 0, 2, "price", 9_300),
    Step(12, 1, 1, "price", 9_250),
    Step(13, 1, 3, "price", 9_100),
    Step(14, 2, 4, "price", 9_350),
    Step(14, 2, 5, "price", 9_000),
    Step(15, 0, 6, "price", 10_900),  # rises
    Step(17, 2, 13, "price", 10_700),
    *(Step(12 + CREEP_SECONDS * n, 1, 7, "price", 10_000 - 120 * n) for n in range(1, CREEP_STEPS)),
    Step(16, 0, 9, "was_now", 8_500),
    Step(20, 1, 10, "threshold"),
    Step(18, 2, 8, "gone"),
    Step(22, 2, 11, "glitch"),
    Step(24, 1, 12, "block"),
    Step(60, 2, 8, "back"),
    Step(70, 0, 0, "price", 10_000),  # the cut is taken back: a restore is due
    Step(75, 0, 9, "end"),
    Step(80, 1, 10, "end"),
)


class Schedule:
    """The offers of all shops at any moment; equal seeds give equal markets."""

    def __init__(self, seed: int = 1) -> None:
        self.seed = seed
        chance = random.Random(seed)  # noqa: S311 sample data
        self._base = [
            [product.price_minor * chance.randint(9_700, 10_400) // 1_000_000 * 100 for product in PRODUCTS]
            for _ in SHOPS
        ]

    def offer(self, shop: int, product: int, seconds: float) -> Offer:
        """What the page of a product (index into PRODUCTS) at a shop (index into SHOPS) shows."""
        base = self._base[shop][product]
        offer = Offer(base)
        for step in (*SCRIPT, *self._waves(seconds)):
            if step.at <= seconds and (step.shop, step.product) == (shop, product):
                offer = _apply(step, offer, base)
        return offer

    def _waves(self, seconds: float) -> list[Step]:
        steps = []
        for wave in range(1, int((seconds - 80) // WAVE_SECONDS) + 1):
            chance = random.Random(self.seed * 100_003 + wave)  # noqa: S311
            for _ in range(3):
                bp = 10_000 + chance.choice((-900, -700, -400, -200, 0, 200, 600, 800))
                steps.append(Step(80 + wave * WAVE_SECONDS, chance.randrange(3), chance.randrange(20), "price", bp))
        return steps


def _apply(step: Step, offer: Offer, base: int) -> Offer:
    price = base * step.bp // 10_000 // 10 * 10
    match step.kind:
        case "price":
            return offer._replace(price_minor=price)
        case "was_now":
            return offer._replace(price_minor=price, was_minor=base, promotion="限时特价")
        case "threshold":
            return offer._replace(promotion="满300减40")
        case "end":
            return Offer(base)
        case "gone" | "back":
            return offer._replace(in_stock=step.kind == "back")
        case _:
            return offer._replace(odd=step.kind)
