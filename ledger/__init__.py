"""Remembers: alerts, proposals, approvals, decisions, price history, users, and an audit chain."""
