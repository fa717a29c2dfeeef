"""Every error of PriceRadar that a caller may want to tell apart.

A message is one line: what was wrong (", was ..."), where, and what to do.
Codes are stable: they label metrics and dead letters.
"""

from __future__ import annotations

from typing import ClassVar


class PriceRadarError(Exception):
    """Base of all our errors; the command line turns it into one line and exit status 1."""

    code: ClassVar[str] = "error"


class BadInputError(PriceRadarError, ValueError):
    """Raised for input that cannot be used as it is; exit status 2, or a dead letter."""

    code = "bad_input"


class UndecodableError(BadInputError):
    """Raised by the codec for bytes that are not the JSON the topic promises; dead letter."""

    code = "undecodable"


class UnknownCurrencyError(BadInputError):
    """Raised for a currency that ISO 4217 does not know."""

    code = "unknown_currency"


class BadPriceError(BadInputError):
    """Raised for a price that is null, zero, negative or not a number."""

    code = "bad_price"


class BadRowError(BadInputError):
    """Raised for a row of an import or a watchlist; carries its line number."""

    code = "bad_row"

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class BadPageError(BadInputError):
    """Raised by extraction when a page yields no trustworthy price; its code says why."""

    code = "bad_page"


class BlockedPageError(BadPageError):
    """Raised for a page that is a bot wall, a captcha or a queue instead of the product."""

    code = "blocked_page"


class NoPriceError(BadPageError):
    """Raised for a page on which no price could be trusted and which does not say sold out."""

    code = "no_price"


class OtherProductError(BadPageError):
    """Raised for an answer that is another product's page, or the shop's front page."""

    code = "other_product"


class UnreadablePageError(BadPageError):
    """Raised for bytes that are no page: empty, damaged, or larger than allowed."""

    code = "unreadable_page"


class BadPolicyError(BadInputError):
    """Raised for a policy file with an unknown key or a value out of range."""

    code = "bad_policy"


class BadRecordingError(BadInputError):
    """Raised for a recording that is missing, truncated or lacks a column."""

    code = "bad_recording"


class NotFoundError(BadInputError):
    """Raised when an id names nothing in the ledger."""

    code = "not_found"


class UnavailableError(PriceRadarError):
    """Raised when something we depend on (Kafka, database, registry) does not answer."""

    code = "unavailable"


class UnansweredError(UnavailableError):
    """Raised when something was asked and did not say in time whether it did it: it may have."""

    code = "unanswered"


class TamperedError(PriceRadarError):
    """Raised by verification when recomputed bytes differ from those recorded."""

    code = "tampered"


class NotAllowedError(PriceRadarError):
    """Raised when a person may not do this: wrong role, own proposal, expired evidence."""

    code = "not_allowed"
