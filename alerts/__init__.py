"""Tells: one alert a drop, loud as it deserves, to the right people, once."""
