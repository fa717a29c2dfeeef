"""Whether an answer is a bot wall, a captcha, a waiting room or an error instead of a product page."""

from __future__ import annotations

import re

BLOCK_STATUSES = frozenset({401, 403, 405, 407, 418, 429, 430, 503, 509, 520, 521, 529, 999})
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{0,300})", re.IGNORECASE)
_BLOCK_TITLE = re.compile(
    r"robot check|are you (?:a )?(?:human|robot)|access (?:to this page has been )?denied|captcha|just a moment|"
    r"attention required|pardon our interruption|"
    r"security check|request (?:blocked|unsuccessful)|bot (?:check|detection)|please verify|human verification|"
    r"unusual traffic|forbidden|too many requests|"
    r"安全验证|验证码|访问(?:受限|被拒绝)|请完成验证|滑动验证|"
    r"queue-it|waiting room|service unavailable|zugriff verweigert|accès refusé|"
    r"acceso denegado",
    re.IGNORECASE,
)
_BLOCK_BODY = re.compile(
    r"unusual traffic from your|verify (?:that )?you are (?:a )?human|not a robot|enter the characters you see|"
    r"px-captcha|cf-challenge|cf-browser-verification|"
    r"g-recaptcha|h-captcha|hcaptcha\.com/1|captcha-delivery|_incapsula_resource|distil_r_captcha|geo\.captcha|"
    r"请完成验证|请拖动滑块|访问过于频繁|"
    r"enable javascript and cookies to continue|ddos protection by|checking your browser before",
    re.IGNORECASE,
)
SMALL = 60_000  # real product pages are larger, or hold a price; walls are small


def reason(text: str, status: int = 200) -> str:
    """Why this is a block page, in a few words; "" where it is none."""
    if status in BLOCK_STATUSES:
        return f"HTTP status {status}"
    title = _TITLE.search(text[:100_000])
    if title and (found := _BLOCK_TITLE.search(title.group(1))):
        return f"its title says {found.group()!r}"
    if (
        len(text) < SMALL
        and (found := _BLOCK_BODY.search(text))
        and not re.search(r"application/ld\+json|itemprop=.price", text)
    ):
        return f"it says {found.group()!r}"
    return ""
