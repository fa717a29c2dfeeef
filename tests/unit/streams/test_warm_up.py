"""After the warm-up nothing is compiled any more: the first message does not wait for it."""

from __future__ import annotations

import subprocess
import sys

# In a process of its own: in this one other tests may have compiled the rest already.
PROGRAM = """
import sys
from numba.core.registry import CPUDispatcher
from contracts.codec import encode
from contracts.observations import Observation, Promotion
from contracts.policy import DEFAULT
from streams.engine import Engine, warm_up
from streams.state import MarketState

def compiled():
    names = [name for name in sys.modules if name.startswith("streams.")]
    found = [value for name in names for value in vars(sys.modules[name]).values() if isinstance(value, CPUDispatcher)]
    return {dispatcher.__name__: dispatcher.signatures for dispatcher in found}

warm_up(DEFAULT.detection)
before = {name: list(signatures) for name, signatures in compiled().items()}
assert {"walk", "scan", "_find", "_mark", "_place_all"} <= {name for name, known in before.items() if known}, before
engine = Engine(DEFAULT.detection)
for hour in range(24 * 40):
    rows = [
        Observation("shop", f"p{n}", hour * 3_600_000, 1000 + hour % 7 * 90, "EUR", seller="s" * (n % 2),
                    list_price_minor=1200 if n % 3 else None, promotions=(Promotion("coupon"),) * (n % 2))
        for n in range(3 if hour < 100 else 2)
    ]
    engine.observe_message(encode(tuple(rows)))
    if hour % 300 == 0:
        engine = Engine(DEFAULT.detection, MarketState.from_bytes(engine.state.to_bytes(), DEFAULT.detection))
engine.observe(rows)
assert compiled() == before, {name: known for name, known in compiled().items() if known != before.get(name)}
"""


def test_messages_and_checkpoints_compile_nothing_after_the_warm_up() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=240, check=False)

    assert done.returncode == 0, done.stderr[-2000:]
