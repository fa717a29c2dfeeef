"""Notices what the market does: market state and detectors, recorder, checkpoints, topics."""
