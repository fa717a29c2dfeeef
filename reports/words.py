"""The words of a brief, in English and Chinese."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "zh"]

WORDS: dict[str, tuple[str, str]] = {
    "title_week": ("Competitor brief", "竞品动态简报"),
    "title_month": ("Competitor report of the month", "竞品动态月报"),
    "from_to": ("{0} to {1}, {2}", "{0} 至 {1}，{2}"),
    "in_short": ("In short", "本期要点"),
    "short_moved": (
        "{0} competitors changed {1} prices by more than the threshold: {2} cuts, {3} rises.",
        "{0} 家竞品共 {1} 次超阈值调价：降价 {2} 次，涨价 {3} 次。",
    ),
    "short_still": (
        "No competitor changed a price by more than the threshold.",
        "本期没有竞品超阈值调价。",
    ),
    "short_most": (
        "{0} moved most: {1} products, cuts of {2} % in the median.",
        "{0} 动作最大：涉及 {1} 个商品，降幅中位数 {2}%。",
    ),
    "short_campaign": (
        "{0} moved {1} of {2} products at once on {3}, {4} % in the median.",
        "{0} 于 {3} 同时变动 {1}/{2} 个商品，中位数 {4}%。",
    ),
    "short_new": (
        "{0} promotions began, {1} of a kind new to their shop; {2} products are new.",
        "新增促销 {0} 个，其中 {1} 个为该店新玩法；新上架商品 {2} 个。",
    ),
    "short_position": (
        "Of {0} products that competitors sell as well we are cheapest in {1}, even in {2}, dearer in {3}{4}.",
        "与竞品重合的 {0} 个商品中，我方最低 {1} 个，持平 {2} 个，偏高 {3} 个{4}。",
    ),
    "short_position_before": (" (at the start {0}, {1}, {2})", "（期初为 {0}、{1}、{2}）"),
    "short_acts": ("We changed {0} prices.", "我方调价 {0} 次。"),
    "short_brought": (
        "Where sales are known ({0} of {1}), units went from {2} to {3} a day and profit changed by {4} a day.",
        "其中 {0}/{1} 次有销量数据：日均销量由 {2} 变为 {3}，日均利润变化 {4}。",
    ),
    "who_moved": ("Who moved, and by how much", "谁在调价，幅度多大"),
    "by_day": ("Moves a day", "每日调价次数"),
    "cuts": ("Cuts", "降价"),
    "rises": ("Rises", "涨价"),
    "shop": ("Competitor", "竞品"),
    "products": ("Products", "商品数"),
    "median_cut": ("Median cut", "降幅中位数"),
    "median_rise": ("Median rise", "涨幅中位数"),
    "deepest": ("Deepest cut", "最大降幅"),
    "largest_cuts": ("Largest cuts", "降价幅度最大"),
    "largest_rises": ("Largest rises", "涨价幅度最大"),
    "product": ("Product", "商品"),
    "before": ("Before", "原价"),
    "after": ("After", "现价"),
    "change": ("Change", "变动"),
    "ours": ("Our price", "我方价格"),
    "seen": ("Last seen", "采集时间"),
    "more": ("and {0} more", "另有 {0} 条"),
    "new": ("New products and promotions", "新品与促销"),
    "listed": ("New", "上新"),
    "delisted": ("Gone", "下架"),
    "promotions": ("Promotions", "促销"),
    "campaigns": ("Campaigns", "大促"),
    "campaign_line": ("{0} of {1} products, median {2} %: {3}", "{0}/{1} 个商品，中位数 {2}%：{3}"),
    "novel": ("New kinds of promotion", "新促销玩法"),
    "new_products": ("New products", "新上架商品"),
    "where": ("Our position", "我方价格位置"),
    "index": ("Competitor's price, ours is 100", "竞品价格指数（我方 = 100）"),
    "index_text": (
        "The median of a competitor's price over ours, over all products both sell: below 100 they are cheaper.",
        "双方共有商品的竞品价格与我方价格之比的中位数：低于 100 表示对方更便宜。",
    ),
    "at_start": ("At the start", "期初"),
    "at_end": ("At the end", "期末"),
    "cheapest": ("We are cheapest", "我方最低"),
    "even": ("Even", "持平"),
    "dearer": ("We are dearer", "我方偏高"),
    "farthest": ("Where we are dearer than the cheapest competitor", "我方价格偏高的商品"),
    "gap": ("Gap", "差距"),
    "cheapest_there": ("Cheapest there", "竞品最低价"),
    "what_we_did": ("What we did", "我方动作"),
    "proposals": ("Proposals", "调价建议"),
    "held_back": ("Held back by", "被拦截原因"),
    "at_stake": ("At stake", "涉及金额"),
    "changed": ("Prices we changed", "我方调价"),
    "none_decided": ("No price was changed.", "本期没有调价。"),
    "decided": ("Decided", "决策时间"),
    "signed": ("Signed by", "审批人"),
    "answer": ("After", "响应用时"),
    "against": ("Because of", "针对"),
    "brought": ("What it brought", "带来的结果"),
    "units_before": ("Units a day before", "调价前日均销量"),
    "units_after": ("Units a day after", "调价后日均销量"),
    "profit_a_day": ("Profit a day", "日均利润变化"),
    "expected": ("Expected", "预期"),
    "not_known": ("not known yet", "暂无数据"),
    "brought_text": (
        (
            "Units a day in the two weeks before the decision and from it until the next one, at most two weeks. "
            "Seasons and what else happened are in these figures too."
        ),
        "调价前两周与调价后至下次调价（最多两周）的日均销量对比；季节等其他因素未剔除。",
    ),
    "alerts": ("Alerts", "告警"),
    "alerts_line": (
        "{0} alerts ({1} red), {2} in the period before; {3} acknowledged, half of them within {4}.",
        "告警 {0} 条（红色 {1} 条），上期 {2} 条；已确认 {3} 条，半数在 {4} 内确认。",
    ),
    "precision_line": (
        "Of those people judged, {0} % were right{2}; called wrong: {1}.",
        "已判定告警的准确率 {0}%{2}，误报 {1} 条。",
    ),
    "precision_before": (" ({0} % in the period before)", "（上期 {0}%）"),
    "wrong_because": ("Called wrong because", "误报原因"),
    "precision_unknown": ("Nobody judged any of them yet.", "尚无人判定。"),
    "nothing": ("None.", "无。"),
    "unrecorded": (
        (
            "There is no recording of market events in {0}: moves, promotions and new products are missing. "
            "Run `priceradar worker recorder`, which `priceradar up` does."
        ),
        "{0} 中没有市场事件录制，缺少调价、促销和新品。请运行 `priceradar worker recorder`（`priceradar up` 自带）。",
    ),
    "foot": (
        "Moves are those the policy raises. Times in {0}. Made by PriceRadar.",
        "调价以策略阈值判定为准。时间均为 {0}。由 PriceRadar 生成。",
    ),
}
STATUS: dict[str, tuple[str, str]] = {
    "pending": ("waiting", "待审批"),
    "approved": ("approved", "已批准"),
    "rejected": ("rejected", "已驳回"),
    "expired": ("expired", "已过期"),
    "undone": ("undone", "已撤销"),
    "published": ("published", "已发布"),
    "blocked": ("blocked", "已拦截"),
}


def word(name: str, language: Language, *values: object) -> str:
    """A word or sentence of a brief."""
    return WORDS[name][language == "zh"].format(*values)


def named(table: dict[str, tuple[str, str]], name: str, language: Language) -> str:
    """A name out of such a table; an unknown one as it is."""
    return table[name][language == "zh"] if name in table else name.replace("_", " ")


def duration(ms: int, language: Language) -> str:
    """A length of time as people say it: 45 min, 3 h, 2 d."""
    for size, units in ((86_400_000, ("d", "天")), (3_600_000, ("h", "小时")), (60_000, ("min", "分钟"))):
        if ms >= 2 * size or size == 60_000:
            return f"{ms / size:.0f} {units[language == 'zh']}"
    raise AssertionError(ms)
