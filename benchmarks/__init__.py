"""Throughput as ratios, measured side by side in one run on the same data: `make bench`."""
