"""Acts of the audit chain as people read them; the chain itself, its CSV and the API keep them as they are."""

from __future__ import annotations

from typing import Any

import msgspec

from console.phrases import LANGUAGES, phrase
from console.zone import local

ACTS: dict[str, tuple[str, str]] = {
    "acknowledge": ("acknowledged", "确认告警"),
    "assign": ("assigned", "指派告警"),
    "snooze": ("snoozed", "暂缓告警"),
    "false_positive": ("called wrong", "判为误报"),
    "propose": ("proposed", "生成建议"),
    "approve": ("approved", "批准"),
    "approve_itself": ("approved by the policy", "策略自动批准"),
    "reject": ("rejected", "驳回"),
    "decide": ("decided", "形成决策"),
    "withhold": ("held back", "拦截建议"),
    "hold": ("decision held back", "拦截决策"),
    "publish": ("published", "下发决策"),
    "expire": ("expired", "建议过期"),
    "escalate": ("escalated", "升级审批"),
    "undo": ("undone", "撤销决策"),
    "delegate": ("role handed over", "授权代签"),
    "revoke_delegation": ("hand-over ended", "终止授权"),
    "judge_match": ("match judged", "判定匹配"),
    "add_policy": ("policy written", "新建策略"),
    "activate_policy": ("policy put into force", "启用策略"),
    "add_user": ("person added", "添加用户"),
    "change_user": ("person changed", "修改用户"),
    "make_token": ("key made", "生成密钥"),
    "revoke_token": ("key revoked", "吊销密钥"),
    "sign_in": ("signed in", "登录"),
    "sign_in_refused": ("refused to sign in", "登录被拒"),
    "sign_out": ("signed out", "退出"),
    "adopt_proposals": ("earlier proposals taken into the chain", "历史建议入链"),
    "adopt_decisions": ("earlier decisions taken into the chain", "历史决策入链"),
}
# What is for machines: hashes, and what the page says already.
UNTOLD = ("hash", "delegation_id", "by", "revoked_at")
MOST_LETTERS = 200


def act_name(action: str, lang: str) -> str:
    """What was done, in the reader's language."""
    found = ACTS.get(action)
    return action.replace("_", " ") if found is None else found[LANGUAGES.index(lang) if lang in LANGUAGES else 0]


def told(detail: str, lang: str) -> str:
    """The detail of an act in words: `role: finance director · reason: too early`."""
    try:
        found = msgspec.json.decode(detail, type=dict[str, Any])
    except msgspec.MsgspecError:
        return detail[:MOST_LETTERS]
    parts = [
        f"{phrase(lang, key).lower()}: {_value(key, value, lang)}" for key, value in found.items() if _worth(key, value)
    ]
    return " · ".join(parts)[:MOST_LETTERS]


def _worth(key: str, value: Any) -> bool:
    return key not in UNTOLD and value not in ("", None)


def _value(key: str, value: Any, lang: str) -> str:
    if isinstance(value, list | dict):
        return str(len(value))
    if isinstance(value, int) and (key.endswith("_at") or key == "until"):
        return f"{local(value):%Y-%m-%d %H:%M}" if value else "–"
    if key == "role":
        return phrase(lang, str(value))
    return str(value)
