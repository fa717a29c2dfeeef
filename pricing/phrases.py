"""The words of an explanation, in English and Chinese."""

from __future__ import annotations

PHRASES: dict[str, dict[str, str]] = {
    "en": {
        "markdown": "Lower {sku} from {current} to {proposed} ({percent}).",
        "restore": "Bring {sku} back from {current} to {proposed} ({percent}).",
        "blocked": "Leave {sku} at {current}: {reason}.",
        "competitor": ("Why: {competitor} went from {before} to {now} ({percent}), seen {age}. {place} {match}."),
        "competitor_back": "Why: the cut that we answered is gone; {competitor} now asks {now}, seen {age}.",
        "competitor_then": "The last cut that counts was that of {competitor}, who now asks {now}, seen {age}.",
        "again": (
            "A second look at a cut that still stands: at first nothing was proposed because {reason};"
            " that has passed since."
        ),
        "stood": (
            "Why now: our markdown stands, and in the last {days} days no competitor has cut its price"
            " anew. It is not to stand for ever, so it is looked at without an event."
        ),
        "sold": (
            "Why now: {on_hand} are left at {daily} a day, no more than we need."
            " The stock that the markdown was to sell is sold, so it is looked at without an event."
        ),
        "unmatched": (
            "Why now: the product of {competitor} whose cut our markdown answers is not the same as ours,"
            " as people say, and no other cut stands."
        ),
        "below_us": "That is {gap} below us.",
        "above_us": "That is still {gap} above us.",
        "same_as_us": "That is what we ask.",
        "elsewhere": "It asks in another currency.",
        "sure": "We are {confidence} sure that it is the same product",
        "others": "Of {seen} competitors in stock the lowest asks {lowest}, the middle one {median}.",
        "stock": "Stock: {on_hand} on hand{inbound}, read {age}. At {daily} a day{range} that lasts {cover} days.",
        "inbound": " and {inbound} on the way",
        "range": " (80 %: {lower} to {upper})",
        "unsold": "Stock: {on_hand} on hand{inbound}, read {age}; no sales are known.",
        "season": "The season counts: {factor} of a usual day's sales in the days ahead.",
        "worth": (
            "What it brings: about {units} units over the days that count, and {gain} of profit"
            " against leaving the price{range}."
        ),
        "elasticity": "One percent off sells about {value} % more (80 %: {lower} to {upper}).",
        "not_lower": "Why not lower: {why}",
        "by_target": "more would cost more than it brings.",
        "by_cap": "the cap, counted from {start}, allows {lowest} and no less.",
        "by_standing": "with the markdown in force, which began at {start}, {lowest} is the end.",
        "by_rounding": "{after} is the next price on our grid.",
        "by_market": "the lowest price before ({low}, {market}) is kept.",
        "by_floor": "the hard floor is {floor}.",
        "standing": "The markdown in force began at {start} on {since}.",
        "low30": (
            "Keep in mind: it is below the lowest price of the last 30 days ({low}), by {less} a unit;"
            " that is the base of any reduction announced later."
        ),
        "low30_too": "It is also below the lowest price of the last 30 days ({low}), by {less} a unit.",
        "new_low": (
            "Keep in mind: a reduction announced before {until} counts from {proposed} then, not from {low}"
            " ({market}: the lowest price of {days} days): {less} a unit that it cannot show."
        ),
        "guards": "Check by check:",
        "step_passed": "  {guard}: {after}, unchanged{note}",
        "step_changed": "  {guard}: {before} -> {after}{note}",
        "step_blocked": "  {guard}: stopped, {reason}",
        "note_cap": "not below {amount}",
        "note_standing": "not below {amount}, counted from the first markdown in force",
        "note_floor": "floor {amount}",
        "note_step": "steps of {amount}",
        "note_gain": "gain {amount}",
        "signs": "At stake: {stake}. Signs: {tier}.",
        "record": "Decided {when}, {id}. Policy {policy}, rules {rules}, record {hash}.",
        "at_once": "just now",
        "minutes": "{count} min earlier",
        "hours": "{count} h earlier",
        "later": "{count} min later",
        "auto": "nobody, released by policy",
        "pricing": "pricing team",
        "marketing_director": "marketing director",
        "finance_director": "marketing director, countersigned by the finance director",
        "general_manager": "marketing director, finance director and general manager",
    },
    "zh": {
        "markdown": "建议将 {sku} 从 {current} 降至 {proposed}（{percent}）。",
        "restore": "建议将 {sku} 从 {current} 恢复至 {proposed}（{percent}）。",
        "blocked": "{sku} 维持 {current}：{reason}。",
        "competitor": "原因：{competitor} 由 {before} 调至 {now}（{percent}），{age}采集。{place}{match}。",
        "competitor_back": "原因：当初应对的降价已不存在，{competitor} 现价 {now}，{age}采集。",
        "competitor_then": "最近一次需要应对的降价来自 {competitor}，现价 {now}，{age}采集。",
        "again": "对仍然有效的降价再次评估：首次因“{reason}”未提出建议，现该原因已消除。",
        "stood": "为何现在：本方降价仍在执行，而 {days} 天内没有竞品再次降价。降价不应无限期持续，故主动复查。",
        "sold": (
            "为何现在：现有 {on_hand} 件，日均销量 {daily} 件，已不超出所需。降价所要消化的库存已售出，故主动复查。"
        ),
        "unmatched": "为何现在：本方降价所应对的 {competitor} 商品经人工判定并非同款，且没有其他降价仍然有效。",
        "below_us": "比我们低 {gap}。",
        "above_us": "仍比我们高 {gap}。",
        "same_as_us": "与我们同价。",
        "elsewhere": "其标价币种不同。",
        "sure": "同款把握 {confidence}",
        "others": "有货竞品共 {seen} 个，最低 {lowest}，中位 {median}。",
        "stock": "库存：现有 {on_hand} 件{inbound}，{age}读取；日均销量 {daily} 件{range}，可售 {cover} 天。",
        "inbound": "，在途 {inbound} 件",
        "range": "（80% 区间 {lower} 至 {upper}）",
        "unsold": "库存：现有 {on_hand} 件{inbound}，{age}读取；销量未知。",
        "season": "已计入季节因素：未来几天销量为平日的 {factor}。",
        "worth": "预期效果：计算期内约售 {units} 件，较维持原价利润变化 {gain}{range}。",
        "elasticity": "价格每降 1%，销量约增 {value}%（80% 区间 {lower} 至 {upper}）。",
        "not_lower": "为何不再低：{why}",
        "by_target": "再降得不偿失。",
        "by_cap": "窗口期上限自 {start} 起算，最低只能到 {lowest}。",
        "by_standing": "现有降价自 {start} 起，累计上限只能到 {lowest}。",
        "by_rounding": "{after} 是可用的下一个价位。",
        "by_market": "须保留此前最低价（{low}，{market}）。",
        "by_floor": "硬性底价为 {floor}。",
        "standing": "现有降价始于 {since}，原价 {start}。",
        "low30": "请注意：低于近 30 天最低价（{low}），每件低 {less}；今后公布的降价幅度须以此为基准。",
        "low30_too": "同时低于近 30 天最低价（{low}），每件低 {less}。",
        "new_low": (
            "请注意：{until} 之前若公布降价，须以 {proposed} 而非 {low} 为基准"
            "（{market}：此前 {days} 天最低价），每件少显示 {less} 的降幅。"
        ),
        "guards": "逐项校验：",
        "step_passed": "  {guard}：{after}，未调整{note}",
        "step_changed": "  {guard}：{before} → {after}{note}",
        "step_blocked": "  {guard}：停止，{reason}",
        "note_cap": "不低于 {amount}",
        "note_standing": "自首次降价起累计，不低于 {amount}",
        "note_floor": "底价 {amount}",
        "note_step": "价位间隔 {amount}",
        "note_gain": "收益 {amount}",
        "signs": "涉及金额 {stake}；审批人：{tier}。",
        "record": "决策时间 {when}，编号 {id}。策略 {policy}，规则 {rules}，记录 {hash}。",
        "at_once": "刚刚",
        "minutes": "{count} 分钟前",
        "hours": "{count} 小时前",
        "later": "{count} 分钟后",
        "auto": "无需审批，按策略自动放行",
        "pricing": "定价团队",
        "marketing_director": "营销总监",
        "finance_director": "营销总监，财务总监会签",
        "general_manager": "营销总监、财务总监、总经理",
    },
}

# What would change the answer, where somebody can do something about it.
NEXT: dict[str, dict[str, str]] = {
    "en": {
        "kill_switch": "Nothing goes out until the switch is off.",
        "low_match_confidence": "Judge the match, and this cut, while it is fresh, or the next one is answered.",
        "missing_cost": "Give it a cost, and this cut, while it is fresh, or the next one is answered.",
        "unknown_stock": (
            "Nothing is decided without a stock figure: look at the feed. With one, it is looked at again"
            " while the cut is fresh."
        ),
        "stale_stock": (
            "The figure may no longer be true, so nothing is decided on it: look at the feed. With a new one"
            " it is looked at again while the cut is fresh."
        ),
        "own_promotion": "It is looked at again after our promotion, while the cut is fresh, or with the next cut.",
        "cooldown": "It is looked at again after the pause, while the cut is fresh, or with the next cut.",
        "price_war": "The pause ends when the competitors have been quiet for a while.",
        "sku_budget": "It is looked at again when this hour's budget is free, while the cut is fresh.",
        "margin_budget": "It is looked at again when this hour's budget is free, while the cut is fresh.",
        "uncertain_gain": "A few weeks of sales at other prices would tell more.",
    },
    "zh": {
        "kill_switch": "关闭紧急停止后方可提出建议。",
        "low_match_confidence": "请先确认商品匹配：本次降价仍在时效内则再次评估，否则下次降价时处理。",
        "missing_cost": "补充成本后，本次降价仍在时效内则再次评估，否则下次降价时处理。",
        "unknown_stock": "没有库存数据不作决定，请检查数据源；收到数据后，降价仍在时效内则再次评估。",
        "stale_stock": "库存数据可能已失真，不据此作决定，请检查数据源；收到新数据后，降价仍在时效内则再次评估。",
        "own_promotion": "本方促销结束后，本次降价仍在时效内则再次评估，否则下次降价时处理。",
        "cooldown": "冷却期后，本次降价仍在时效内则再次评估，否则下次降价时处理。",
        "price_war": "竞品平静一段时间后恢复。",
        "sku_budget": "额度恢复后，本次降价仍在时效内则再次评估。",
        "margin_budget": "额度恢复后，本次降价仍在时效内则再次评估。",
        "uncertain_gain": "积累几周不同价格下的销量后会更有把握。",
    },
}

GUARDS: dict[str, dict[str, str]] = {
    "en": {
        "inputs": "inputs valid and fresh",
        "target": "target of highest expected profit",
        "cap": "cap of the window",
        "rounding": "rounding up",
        "market": "lowest price before, by the market's rule",
        "floor": "hard floors",
        "worth": "worth it and within the budget",
        "risk": "risk tier",
    },
    "zh": {
        "inputs": "输入有效且新鲜",
        "target": "期望利润最高的目标价",
        "cap": "窗口期降幅上限",
        "rounding": "向上取整",
        "market": "当地最低价规则",
        "floor": "硬性底价",
        "worth": "收益与预算",
        "risk": "风险等级",
    },
}

# What stops a proposal after it was made: at the last look (a word), or while it waits (what the audit chain says).
STOPPED_TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "expired": "its evidence is too old",
        "tampered": "it is not as it was made",
        "price_changed": "our price has changed since",
        "trigger_gone": "the competitor has taken its cut back, or has nothing left",
        "match_rejected": "its match was rejected: the competitor's product is not the same",
        "stale evidence": "its evidence is too old",
        "the competitor's cut is gone": "the competitor has taken its cut back, or has nothing left",
        "its match was rejected": "its match was rejected: the competitor's product is not the same",
        "a newer proposal took its place": "a newer proposal took its place",
    },
    "zh": {
        "expired": "依据已过期",
        "tampered": "记录与生成时不一致",
        "price_changed": "本方价格此后已变动",
        "trigger_gone": "竞品已恢复原价或已售罄",
        "match_rejected": "商品匹配已被否定，竞品并非同款",
        "stale evidence": "依据已过期",
        "the competitor's cut is gone": "竞品已恢复原价或已售罄",
        "its match was rejected": "商品匹配已被否定，竞品并非同款",
        "a newer proposal took its place": "已被更新的建议取代",
    },
}

REASON_TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "kill_switch": "the kill switch is on",
        "unknown_item": "our own price is not known",
        "currency_mismatch": "the competitor's price is in another currency",
        "not_regular_price": "the competitor's is not a regular price",
        "competitor_out_of_stock": "the competitor cannot deliver",
        "competitor_stale": "the competitor's price is too old",
        "competitor_dearer": "the competitor is still clearly dearer than we are",
        "low_match_confidence": "it is not certain that it is the same product",
        "missing_cost": "our cost is not known",
        "unknown_stock": "our stock is not known",
        "stale_stock": "our stock figure is too old",
        "own_promotion": "a promotion of ours is running",
        "cooldown": "the price was changed or proposed a short while ago",
        "price_war": "competitors keep answering our changes",
        "restless": "its price has been changed often enough in the last 28 days",
        "sku_budget": "enough products were changed this hour",
        "unknown_demand": "no sales are known",
        "insufficient_cover": "the stock is not more than we need",
        "no_gain": "a lower price is not expected to pay",
        "cap": "the cap of the window is used up",
        "rounding": "no price step lies between the cap and the current price",
        "market_rule": "the market's rule about the lowest price before forbids it",
        "floor": "the hard floor is not below the current price",
        "uncertain_gain": "at the bad end it would lose too much for what it is expected to gain",
        "margin_budget": "the margin budget of this hour is spent",
    },
    "zh": {
        "kill_switch": "紧急停止已开启",
        "unknown_item": "本方价格未知",
        "currency_mismatch": "竞品价格币种不同",
        "not_regular_price": "竞品价格不是常规售价",
        "competitor_out_of_stock": "竞品缺货",
        "competitor_stale": "竞品价格过期",
        "competitor_dearer": "竞品降价后仍明显高于本方",
        "low_match_confidence": "商品匹配度不足",
        "missing_cost": "成本未知",
        "unknown_stock": "库存未知",
        "stale_stock": "库存数据过期",
        "own_promotion": "本方促销进行中",
        "cooldown": "处于冷却期",
        "price_war": "竞品持续跟降，疑似价格战",
        "restless": "近 28 天调价已够频繁",
        "sku_budget": "本小时调价商品数已达上限",
        "unknown_demand": "销量未知",
        "insufficient_cover": "库存不充裕",
        "no_gain": "降价预期无收益",
        "cap": "窗口期降幅已用尽",
        "rounding": "上限与现价之间没有可用价位",
        "market_rule": "不符合当地关于此前最低价的规定",
        "floor": "硬性底价不低于现价",
        "uncertain_gain": "收益不确定，不利情形下的损失相对预期收益过大",
        "margin_budget": "本小时毛利预算已用尽",
    },
}
