"""Words of many languages, found in texts whatever their case.

What `re.IGNORECASE` finds, several times as quick: the expression looks at the text in lower case. Where that
is not the same (Turkish dotless i, Greek, accents apart from their letters) IGNORECASE itself decides.
"""

from __future__ import annotations

import re

# Characters whose lower case is longer, depends on what follows, or is not the only one that equals them.
_IRREGULAR = re.compile(
    "[\u00b5\u0130\u0131\u017f\u0300-\u03ff\u1c80-\u1cff\u1e00-\u1fff\ufb00-\ufeff\U00010000-\U0010ffff]"
)


class Words:
    """Alternatives, as an expression. What is found has the place of the text, but lies in its lower case."""

    def __init__(self, *alternatives: str) -> None:
        self.expression = "|".join(alternatives)
        self._any_case = re.compile(self.expression, re.IGNORECASE)
        self._lower = re.compile(_lowered(self.expression))

    def search(self, text: str) -> re.Match[str] | None:
        """The first of the words in a text."""
        if _IRREGULAR.search(text) is None:
            return self._lower.search(text.lower())
        return self._any_case.search(text)


def _lowered(expression: str) -> str:
    """An expression for texts in lower case; to IGNORECASE a dotless i is an i."""
    lower = re.sub(r"\\.|[^\\]+", lambda part: part[0] if part[0][0] == "\\" else part[0].lower(), expression)
    return lower.replace("\u0131", "[i\u0131]")
