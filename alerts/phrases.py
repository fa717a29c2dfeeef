"""The reasons of an alert: stored in English, read in Chinese as well.

Each is a pair of templates with the same slots, so that what the ledger holds can be told in either.
"""

from __future__ import annotations

import re
from functools import cache

PHRASES: dict[str, tuple[str, str]] = {
    "moved": ("moved {0} %", "价格变动 {0}%"),
    "rise": ("a rise gives room", "对方涨价，我方有空间"),
    "unavailable": ("not in stock there", "对方无货"),
    "cover": ("our stock covers {0} days", "我方库存可售 {0} 天"),
    "margin": ("our margin is {0} %", "我方毛利率 {0}%"),
    "sales": ("we sell {0} a day of it", "我方日均销售额 {0}"),
    "below_us": ("{0} % below our price of {1}", "比我方价格 {1} 低 {0}%"),
    "above_us": ("still {0} % above our price of {1}", "仍比我方价格 {1} 高 {0}%"),
    "unsure": ("match only {0} % sure", "匹配度仅 {0}%"),
    "seen_step": ("seen as step", "判定方式：单次变动"),
    "seen_drift": ("seen as drift", "判定方式：累计漂移"),
    "ours": (
        "meets {0} of our products so far, hardest {1}: {2} % to {3}",
        "已涉及我方 {0} 个商品，影响最大 {1}：{2}%，至 {3}",
    ),
    "same_share": ("everything was cut by the same share", "全部商品同幅下调"),
    "each_own": ("many products moved, each by its own amount", "大量商品同时变价，幅度各异"),
    "same_factor": ("everything rose by the same factor", "全部商品同倍上涨"),
    "beyond_belief": ("prices jumped beyond belief or changed currency", "价格异常跳变或币种改变"),
    "gone": ("prices are gone", "价格全部消失"),
}
# Kinds of promotion.
PROMOTIONS: dict[str, tuple[str, str]] = {
    "was_now": ("price struck through", "划线价"),
    "coupon": ("coupon", "优惠券"),
    "bundle": ("bundle", "组合装"),
    "threshold": ("spend and save", "满减"),
    "flash_sale": ("flash sale", "限时抢购"),
    "gift": ("gift", "赠品"),
    "member_price": ("member price", "会员价"),
    "inferred": ("dip that returned", "短期降价后恢复"),
    "other": ("other", "其他"),
}
_SLOT = re.compile(r"\\\{(\d)\\\}")


def say(name: str, *values: object) -> str:
    """A reason in English."""
    return PHRASES[name][0].format(*values)


def in_chinese(reason: str) -> str:
    """A reason in Chinese; one that is not ours stays as it is."""
    for pattern, chinese in _patterns():
        found = pattern.fullmatch(reason)
        if found is not None:
            return chinese.format(*found.groups())
    return reason


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(_SLOT.sub("(.+?)", re.escape(en))), zh) for en, zh in PHRASES.values()]
