"""Sees: looks at shops politely and turns what they answer into observations.

run         a crawl (`job`) put together; `settings` for Scrapy, `shops` (page objects and sources), `metrics`
spiders     when and what is asked for, and what becomes of each answer
scheduling  which watched page is worth a visit next, and what was learned over a restart
fetch       how it is asked for: robots.txt, back-off, addresses of the open internet only, files, browser
pages       one watched page: watchlist, visit, observation, whether it is still the same product
sources     many products at once: feeds, JSON interfaces, listings, sitemaps, and what they discover
extract     the bytes of a page, and the offer on it: pure
matching    which product of ours a competitor's product is: pure
storage     what is kept between visits: page memory, conditional requests, snapshots
messaging   to Kafka (batches, outbox, spool) and from it (pages that somebody asks for now)
"""
