"""What flows through PriceRadar: events, facts, decisions, money, ids, topics, codec, policy.

A leaf: imports nothing of ours. Every value is frozen; amounts are integers of minor
units with an ISO 4217 code; times are integers of milliseconds since the Unix epoch, UTC.
"""
