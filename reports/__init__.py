"""Writes down: what competitors did in a week or a month, what we did, and what it brought."""
