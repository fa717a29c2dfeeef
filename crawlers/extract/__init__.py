"""Bytes of a product page in, the offer on it out, or a BadPageError that says why not.

    offer = extract(body, url="https://shop.example/p/1")
    offer.price_minor, offer.currency, offer.availability

Pure: no network, no clock. Never believes an instalment, a shipping threshold, a unit
price, a coupon's value or another product's price; says Unknown where the page is silent.
"""

from crawlers.extract.model import Evidence, Extraction
from crawlers.extract.overrides import Shops
from crawlers.extract.page import extract

__all__ = ["Evidence", "Extraction", "Shops", "extract"]
