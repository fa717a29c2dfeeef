"""What people call the settings of a policy, English and Chinese."""

from __future__ import annotations

NAMES: dict[str, tuple[str, str]] = {
    "detection.move_bp": ("A move is more than (basis points)", "价格变动阈值（基点）"),
    "detection.drift": ("Notice slow drift", "检测缓慢漂移"),
    "detection.quarantine": ("Hold back implausible prices", "异常价格先隔离"),
    "detection.quarantine_factor": ("Implausible beyond this factor", "异常倍数"),
    "detection.confirmation_bp": ("A second look agrees within (basis points)", "复核一致范围（基点）"),
    "detection.availability_confirmations": ("Pages in a row that say out of stock", "缺货连续确认次数"),
    "detection.novel_after_days": ("A promotion is novel after (days)", "促销视为新形式的间隔（天）"),
    "detection.crawl_window_minutes": ("Window of one crawl (minutes)", "采集窗口（分钟）"),
    "detection.promotion_days": ("A dip that returns within is a promotion (days)", "促销最长时长（天）"),
    "detection.delist_after_days": ("Gone when unseen for (days)", "判定下架天数"),
    "detection.mass_minimum": ("A mass move has at least (products)", "大规模调价最少商品数"),
    "detection.mass_share_percent": ("and this share of those seen (%)", "大规模调价占比（%）"),
    "detection.mass_window_hours": ("within (hours)", "大规模调价窗口（小时）"),
    "detection.price_types": ("Price types that raise moves", "触发变动的价格类型"),
    "detection.thresholds": ("Thresholds by category and competitor", "按品类和对手的阈值"),
    "pricing.cap_bp": ("Markdown cap (basis points)", "降价上限（基点）"),
    "pricing.cap_window_days": ("Cap counts within (days)", "上限窗口（天）"),
    "pricing.target_cover_days": ("Stock is sufficient above (days of cover)", "目标可售天数"),
    "pricing.minimum_margin_bp": ("Minimum margin on cost (basis points)", "最低毛利（基点）"),
    "pricing.rounding_minor": ("Prices are multiples of (minor units)", "价格取整单位（分）"),
    "pricing.stock_max_age_minutes": ("Stock figures at most this old (minutes)", "库存数据最长时效（分钟）"),
    "pricing.competitor_max_age_minutes": ("Competitor's price at most this old (minutes)", "对手价格最长时效（分钟）"),
    "pricing.minimum_match_confidence": ("Minimum match confidence (0 to 1)", "最低匹配度（0–1）"),
    "pricing.cooldown_hours": ("Cooldown between changes (hours)", "调价冷却（小时）"),
    "pricing.price_war_reactions": ("A price war after so many answers", "价格战判定次数"),
    "pricing.max_skus_per_hour": ("Products changed an hour, at most", "每小时最多调价商品数"),
    "pricing.max_margin_per_hour_minor": ("Margin spent an hour, at most (minor units)", "每小时毛利预算（分）"),
    "pricing.default_elasticity": ("Elasticity where none is known", "默认价格弹性"),
    "pricing.horizon_days": ("Profit counts over (days)", "收益计算期（天）"),
    "pricing.surplus_value_bp": ("Worth of surplus stock, of its cost (basis points)", "超额库存残值（基点）"),
    "pricing.kill_switch": ("Kill switch: propose nothing", "紧急停止：不再提出建议"),
    "pricing.standing_cap_bp": ("Cap of markdowns that follow one another (basis points)", "连续降价总上限（基点）"),
    "pricing.dearer_bp": (
        "No threat when still dearer by more than (basis points)",
        "竞品高于本方多少不构成威胁（基点）",
    ),
    "pricing.maximum_loss_bp": (
        "Loss at the bad end, of the gain, at most (basis points)",
        "不利情形最大损失占预期收益（基点）",
    ),
    "pricing.max_changes_in_28_days": ("Changes of a product in 28 days, at most", "单品 28 天内最多调价次数"),
    "pricing.review_markdown_days": (
        "Propose to end a markdown that no cut asked for in (days; 0 never)",
        "降价多少天无新触发则建议恢复（天，0 为不复查）",
    ),
    "pricing.seasons": ("Seasons: what is sold then, of the usual", "季节：旺淡季销量系数"),
    "pricing.holidays": ("Holidays: dates, and currencies they hold for", "节假日：日期及适用币种"),
    "pricing.markets": ("Markets: lowest price before a reduction", "市场：降价前最低价规则"),
    "pricing.elasticities": ("Elasticity by category, with its interval", "品类价格弹性及区间"),
    "approval.auto_below_minor": ("Approved without people below (minor units)", "自动批准金额上限（分）"),
    "approval.marketing_director_up_to_minor": (
        "Marketing director signs up to (minor units)",
        "营销总监审批上限（分）",
    ),
    "approval.finance_director_up_to_minor": ("Finance director signs up to (minor units)", "财务总监审批上限（分）"),
    "approval.escalate_after_hours": ("Escalates without an answer after (hours)", "未答复升级时间（小时）"),
    "approval.expire_after_hours": ("Evidence is stale after (hours)", "证据失效时间（小时）"),
    "approval.auto_max_change_bp": (
        "Approved without people: change at most (basis points)",
        "自动批准最大降幅（基点）",
    ),
    "approval.auto_max_per_day": ("Approved without people: times a day at most", "自动批准每日上限（次）"),
    "approval.tiers": ("Other steps of approval", "自定义审批级别"),
    "approval.delegation_max_days": ("A role is handed over for at most (days)", "授权最长天数"),
    "alerting.yellow_bp": ("Yellow from (basis points)", "黄色告警阈值（基点）"),
    "alerting.red_bp": ("Red from (basis points)", "红色告警阈值（基点）"),
    "alerting.update_bp": ("Tell again when deeper by (basis points)", "再次通知的加深幅度（基点）"),
    "alerting.rearm_bp": ("An episode ends within (basis points)", "告警复位范围（基点）"),
    "alerting.campaign_hours": ("Part of a campaign within (hours)", "活动归并时长（小时）"),
    "alerting.flap_days": ("Out of stock again is the same alert within (days)", "再次缺货并入同一告警（天）"),
    "alerting.ample_cover_days": ("Stock is large above (days of cover)", "库存充裕可售天数"),
    "alerting.thin_margin_bp": ("Margin is thin below (basis points)", "毛利偏低阈值（基点）"),
    "alerting.exposed_daily_minor": ("A large product sells a day (minor units)", "重点商品日销售额（分）"),
    "alerting.clearly_dearer_bp": ("No threat when still dearer by (basis points)", "对手明显更贵幅度（基点）"),
    "alerting.escalate_after_minutes": ("Red escalates after (minutes)", "红色告警升级时间（分钟）"),
    "alerting.quiet_from": ("Quiet hours from (22:00)", "免打扰开始（22:00）"),
    "alerting.quiet_until": ("Quiet hours until (07:00)", "免打扰结束（07:00）"),
    "alerting.red_breaks_quiet": ("Red breaks the quiet hours", "红色告警不受免打扰限制"),
    "alerting.merge_from": ("Messages merge from (number)", "合并通知的起始条数"),
    "alerting.timezone": ("Time zone", "时区"),
    "alerting.routes": ("Routes: who is told what", "通知路由"),
}


def name_of(key: str, lang: str) -> str:
    """What people call a setting; one without a name is its key in words."""
    found = NAMES.get(key)
    if found is None:
        return key.partition(".")[2].replace("_", " ")
    return found[lang == "zh"]
