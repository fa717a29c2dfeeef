"""The words of an explanation, in English and Chinese."""

from __future__ import annotations

PHRASES: dict[str, dict[str, str]] = {
    "en": {
        "markdown": "Lower {sku} from {current} to {proposed} ({percent}). Decided {when}, {id}.",
        "restore": "Bring {sku} back from {current} to {proposed} ({percent}). Decided {when}, {id}.",
        "blocked": "Leave {sku} at {current}: {reason}. Decided {when}, {id}.",
        "competitor": (
            "Why: {competitor} went from {before} to {now} ({percent}), seen {when}, match {confidence};"
            " {seen} competitors known, the lowest at {lowest}."
        ),
        "stock": (
            "Stock: {on_hand} on hand, {inbound} inbound, read {age} min earlier;"
            " {daily} sold a day, {cover} days of cover."
        ),
        "elasticity": "Elasticity {value} (80 %: {lower} to {upper}).",
        "low30": (
            "Note: below the lowest price of the last 30 days ({low});"
            " that is the base of any reduction announced later."
        ),
        "guards": "Guards, in order:",
        "step_passed": "  {guard}: {after}, unchanged{note}",
        "step_changed": "  {guard}: {before} -> {after}{note}",
        "step_blocked": "  {guard}: stopped, {reason}",
        "worth": "Expected: {units} units, profit {gain} against leaving it. At stake {stake}; signs: {tier}.",
        "record": "Policy {policy}, record {hash}.",
        "auto": "nobody, released by policy",
        "marketing_director": "marketing director",
        "finance_director": "marketing director, countersigned by the finance director",
        "general_manager": "marketing director, finance director and general manager",
    },
    "zh": {
        "markdown": "建议将 {sku} 从 {current} 降至 {proposed}（{percent}）。决策时间 {when}，编号 {id}。",
        "restore": "建议将 {sku} 从 {current} 恢复至 {proposed}（{percent}）。决策时间 {when}，编号 {id}。",
        "blocked": "{sku} 维持 {current}：{reason}。决策时间 {when}，编号 {id}。",
        "competitor": (
            "原因：{competitor} 由 {before} 调至 {now}（{percent}），采集于 {when}，匹配度 {confidence}；"
            "已知竞品 {seen} 个，最低 {lowest}。"
        ),
        "stock": "库存：现有 {on_hand}，在途 {inbound}，{age} 分钟前读取；日均销量 {daily}，可售 {cover} 天。",
        "elasticity": "价格弹性 {value}（80% 区间 {lower} 至 {upper}）。",
        "low30": "提示：低于近 30 天最低价（{low}），今后公布的降价幅度须以此为基准。",
        "guards": "逐项校验：",
        "step_passed": "  {guard}：{after}，未调整{note}",
        "step_changed": "  {guard}：{before} → {after}{note}",
        "step_blocked": "  {guard}：停止，{reason}",
        "worth": "预计销量 {units} 件，较维持原价利润变化 {gain}。涉及金额 {stake}；审批人：{tier}。",
        "record": "策略 {policy}，记录 {hash}。",
        "auto": "无需审批，按策略自动放行",
        "marketing_director": "营销总监",
        "finance_director": "营销总监，财务总监会签",
        "general_manager": "营销总监、财务总监、总经理",
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
