"""A policy as a form: every setting with its name, its value as text, and back again. Nothing here knows the web."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from console.setting_names import name_of
from contracts.policy import Policy

GROUPS = ("detection", "pricing", "approval", "alerting")
CHOICES = ("true", "false")


class Field(msgspec.Struct, frozen=True):
    """One setting of a form."""

    key: str
    label: str
    value: str
    choices: tuple[str, ...] = ()
    number: bool = False
    listed: bool = False
    changed: bool = False
    wrong: bool = False


class Row(msgspec.Struct, frozen=True):
    """One setting as it is read; `theirs` is that of the policy it is compared with."""

    key: str
    label: str
    mine: str
    theirs: str = ""


def values_of(policy: Policy) -> dict[str, Any]:
    """Every setting by its path: detection.move_bp."""
    told: dict[str, dict[str, Any]] = json.loads(msgspec.json.encode(policy))
    return {f"{group}.{name}": value for group in GROUPS for name, value in told[group].items()}


def as_text(value: Any) -> str:
    """A value as it is typed into a form."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def readable(key: str, value: Any) -> str:
    """A value as people read it: basis points also in per cent, minor units also in whole ones."""
    if isinstance(value, bool) or not isinstance(value, int):
        return as_text(value) or "–"
    if key.endswith("_bp"):
        return f"{value} ({value / 100:g} %)"
    return f"{value:,} ({value / 100:,.2f})" if key.endswith("_minor") else f"{value:,}"


def fields(
    values: Mapping[str, Any], base: Mapping[str, Any], lang: str, wrong: frozenset[str] = frozenset()
) -> dict[str, list[Field]]:
    """The form of these values; marked is what differs from `base` and what is `wrong`."""
    found: dict[str, list[Field]] = {group: [] for group in GROUPS}
    for key, standard in base.items():
        text = as_text(values.get(key, standard))
        choices = CHOICES if isinstance(standard, bool) else ()
        number = isinstance(standard, int | float) and not choices
        marks = (number, isinstance(standard, list), text != as_text(standard), key in wrong)
        made = Field(key, name_of(key, lang), text, choices, *marks)
        found[key.partition(".")[0]].append(made)
    return found


def rows(mine: Mapping[str, Any], theirs: Mapping[str, Any] | None, lang: str) -> dict[str, list[Row]]:
    """Settings as they are read, or those only that differ from another policy's."""
    found: dict[str, list[Row]] = {}
    for key, value in mine.items():
        if theirs is None or theirs.get(key) != value:
            other = "" if theirs is None else readable(key, theirs.get(key))
            made = Row(key, name_of(key, lang), readable(key, value), other)
            found.setdefault(key.partition(".")[0], []).append(made)
    return found


def parse(name: str, form: Mapping[str, str], base: Policy) -> tuple[Policy | None, dict[str, str]]:
    """The policy of a form, or what is wrong with it by setting; what the form leaves out stays as in `base`."""
    values, wrong = values_of(base), {}
    for key, standard in values.items():
        if key in form:
            try:
                values[key] = _value(form[key].strip(), standard)
            except ValueError:
                wrong[key] = f"{key} must be {_kind(standard)}, was {form[key][:40]!r}"
    if wrong:
        return None, wrong
    told: dict[str, Any] = {"name": name, **{group: {} for group in GROUPS}}
    for key, value in values.items():
        group, _, setting = key.partition(".")
        told[group][setting] = value
    try:
        return msgspec.convert(told, Policy), {}
    except msgspec.ValidationError as error:
        return None, _located(str(error), values)


def _located(message: str, values: Mapping[str, Any]) -> dict[str, str]:
    """The setting a message of msgspec speaks of: "... - at `$.pricing.cap_bp`"."""
    what, _, where = message.partition(" - at `$.")
    path = where.rstrip("`")
    key = next((key for key in values if path.startswith(key)), path or "policy")
    return {key: f"{path or 'policy'}: {what}, was {as_text(values.get(key, ''))[:60]}"}


def _value(text: str, standard: Any) -> Any:
    if isinstance(standard, str):
        return text
    if isinstance(standard, float):
        return float(text)
    value = json.loads(text)  # numbers, true and false, and lists, as they are shown
    if type(value) is not type(standard):
        raise ValueError(text)
    return value


def _kind(standard: Any) -> str:
    kinds = {bool: "true or false", int: "a whole number", float: "a number", list: "a list as JSON"}
    return kinds.get(type(standard), "text")
