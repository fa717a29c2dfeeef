"""The recording format: Parquet columns of observations, one file per partition and offset range.

A recording is one Parquet file, or a folder with
`price.observations.v1/partition=P/<first offset>-<last offset>.parquet`. Prices are int64
minor units, `observed_at` is timestamp[ms, UTC], names are dictionary-encoded.
"""

from __future__ import annotations

import pyarrow as pa

_NAME = pa.dictionary(pa.int32(), pa.string())

OBSERVATION_SCHEMA = pa.schema(
    [
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("row", pa.int32(), nullable=False),
        pa.field("observed_at", pa.timestamp("ms", tz="UTC"), nullable=False),
        pa.field("competitor", _NAME, nullable=False),
        pa.field("product_id", _NAME, nullable=False),
        pa.field("seller", _NAME, nullable=False),
        pa.field("price_type", _NAME, nullable=False),
        pa.field("price_minor", pa.int64()),
        pa.field("currency", _NAME, nullable=False),
        pa.field("availability", _NAME, nullable=False),
        pa.field("list_price_minor", pa.int64()),
        pa.field("sku", _NAME, nullable=False),
        pa.field("match_confidence", pa.float64(), nullable=False),
        pa.field("category", _NAME, nullable=False),
        pa.field("name", _NAME, nullable=False),
        pa.field("url", _NAME, nullable=False),
        pa.field("evidence", pa.string(), nullable=False),
        pa.field("source", _NAME, nullable=False),
        pa.field("promotions", pa.string()),  # JSON array of Promotion, null where there is none
    ]
)
