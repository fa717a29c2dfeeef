"""A policy is one frozen value: wrong keys and values are named, equal ones have equal versions."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import BadPolicyError
from contracts.policy import DEFAULT, SHIPPED, STEPS, Detection, Policy, Threshold, parse_policy

THRESHOLDS = (
    Threshold(move_bp=300, category="milk"),
    Threshold(move_bp=800, competitor="shop"),
    Threshold(move_bp=200, category="milk", competitor="shop"),
)


def test_what_a_file_leaves_out_keeps_its_default() -> None:
    assert parse_policy("", "default") == DEFAULT
    assert parse_policy("[detection]\nmove_bp = 300\n", "milk").detection == Detection(move_bp=300)


def test_a_policy_has_the_name_of_its_file_unless_it_names_itself() -> None:
    routes = '[[alerting.routes]]\nname = "team"\nchannels = ["chat"]\n'

    assert parse_policy(routes, "winter").name == "winter"  # not that of a route
    assert parse_policy(routes, 'the "cold" one').name == 'the "cold" one'
    assert parse_policy(f'name = "mine"\n{routes}', "winter").name == "mine"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[detection]\nmove_pb = 5\n", "move_pb"),
        ("[detections]\n", "detections"),
        ("[pricing]\ncap_bp = 301\n", "cap_bp"),
        ("[pricing]\ncap_bp = -1\n", "cap_bp"),
        ("[pricing]\nminimum_match_confidence = 1.5\n", "minimum_match_confidence"),
        ("[pricing]\ndefault_elasticity = 0.5\n", "default_elasticity"),
        ("[detection]\nmove_bp = 5.5\n", "move_bp"),
        ('[detection]\nprice_types = ["wholesale"]\n', "price_types"),
        ("[[detection.thresholds]]\ncategory = 'milk'\n", "move_bp"),
        ("not toml", "policy 'mine'"),
    ],
)
def test_a_wrong_key_or_value_is_named(text: str, named: str) -> None:
    with pytest.raises(BadPolicyError, match=re.escape(named)):
        parse_policy(text, "mine")


@pytest.mark.parametrize(
    ("category", "competitor", "move_bp"),
    [("milk", "shop", 200), ("milk", "other", 300), ("tea", "shop", 800), ("tea", "other", 500), ("", "", 500)],
)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_most_specific_threshold_counts_in_whatever_order(
    category: str, competitor: str, move_bp: int, order: tuple[int, ...]
) -> None:
    detection = Detection(thresholds=tuple(THRESHOLDS[i] for i in order))

    assert detection.move_threshold_bp(category, competitor) == move_bp


def test_a_version_is_the_name_and_a_hash() -> None:
    assert re.fullmatch(r"default@[0-9a-f]{12}", DEFAULT.version)
    assert len({policy.version for policy in SHIPPED.values()}) == len(SHIPPED)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_versions_are_equal_exactly_where_policies_are(a: int, b: int) -> None:
    one, other = Policy(detection=Detection(move_bp=a)), Policy(detection=Detection(move_bp=b))

    assert (one.version == other.version) == (one == other)


def test_a_version_survives_writing_the_policy_down() -> None:
    text = msgspec.toml.encode(STEPS).decode()

    assert parse_policy(text, "steps") == STEPS
    assert parse_policy(text, "steps").version == STEPS.version


def test_the_shipped_steps_policy_is_the_bare_rule() -> None:
    assert (STEPS.detection.drift, STEPS.detection.quarantine, STEPS.detection.move_bp) == (False, False, 500)


def test_no_policy_can_allow_more_than_three_per_cent() -> None:
    with pytest.raises(BadPolicyError):
        parse_policy("[pricing]\ncap_bp = 500\n", "bold")
