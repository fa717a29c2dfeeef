"""Policies: versions and what differs, an edit with its mistakes shown, a backtest, and only then in force."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData

from console import settings_form
from console.desk import NO_NUL, Desk, Person, Reader, TheDesk, Writer, need, now_ms
from console.job import environment_of
from console.render import page, query
from contracts.errors import BadInputError, NotAllowedError, NotFoundError
from contracts.policy import Policy
from ledger import policies as kept
from ledger.policies import Version

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=2_000, pattern=NO_NUL)]
NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
MOST_FIELDS = 500


@router.get("/policies")
def policies(request: Request, person: Reader, desk: TheDesk, version: str = "", other: str = "") -> HTMLResponse:
    """Versions, the settings of one, or what differs between two."""
    active = desk.policy
    chosen = find(desk, version) if version else active
    against = find(desk, other) if other else None
    theirs = settings_form.values_of(against) if against else None
    groups = settings_form.rows(settings_form.values_of(chosen), theirs, person.lang)
    values: dict[str, Any] = {"groups": groups, "chosen": chosen.version, "active": active.version}
    values |= {"other": against.version if against else "", "versions": versions(desk)}
    values |= {"fixed": desk.options.fixed_policy}
    values |= {"backtest": desk.trials.beside(active.version, chosen.version), "running": desk.trials.job.running()}
    values |= {"recorded": desk.trials.recordings is not None, "failed": desk.trials.job.failed()}
    values |= {"may_draft": person.may("draft"), "may_activate": person.may("activate")}
    return page(request, "policies.html", person.lang, person=person, section="policies", **values)


def find(desk: Desk, version: str) -> Policy:
    """The policy of a version; NotFoundError."""
    with desk.ledger.reading() as connection:
        found = desk.policies.get(version) or kept.find(connection, version)
    if found is None:
        raise NotFoundError(f"no policy has the version {version[:80]!r}")
    return found


def versions(desk: Desk) -> list[Version]:
    """Every version there is: those people wrote, the newest first, then those that ship."""
    with desk.ledger.reading() as connection:
        found = kept.listed(connection)
    known = {one.version for one in found}
    shipped = [Version(name, "", 0, "", None, None) for name in desk.policies if name not in known]
    return [*found, *shipped]


@router.get("/policies/edit")
def edit(request: Request, person: Reader, desk: TheDesk, version: str = "") -> HTMLResponse:
    """A form with every setting of a version."""
    need(person, "draft")
    base = find(desk, version) if version else desk.policy
    return _form(request, person, base, settings_form.values_of(base), name=f"{base.name}-2"[:40])


def _form(
    request: Request,
    person: Person,
    base: Policy,
    values: dict[str, Any],
    *,
    name: str,
    note: str = "",
    wrong: dict[str, str] | None = None,
) -> HTMLResponse:
    errors = wrong or {}
    groups = settings_form.fields(values, settings_form.values_of(base), person.lang, frozenset(errors))
    told: dict[str, Any] = {"groups": groups, "base": base.version, "policy_name": name, "note": note}
    code = 400 if errors else 200
    return page(
        request,
        "policy_edit.html",
        person.lang,
        code,
        person=person,
        section="policies",
        errors=list(errors.values()),
        **told,
    )


async def _sent(request: Request) -> FormData:
    return await request.form(max_fields=MOST_FIELDS)


@router.post("/policies/save")
async def save(request: Request, person: Writer, desk: TheDesk, base: Text, policy_name: Text, note: Text = "") -> Any:
    """Keep an edit as a new version, or show what is wrong with it. It is not in force yet."""
    need(person, "draft")
    before = find(desk, base)
    form = {key: str(value) for key, value in (await _sent(request)).items()}
    made, wrong = settings_form.parse(policy_name, form, before)
    if not NAME.fullmatch(policy_name):
        wrong["name"] = f"name: letters, digits, - and _, at most 40, was {policy_name[:40]!r}"
    if made is None or wrong:
        return _form(request, person, before, form, name=policy_name, note=note, wrong=wrong)
    with desk.ledger.writing() as connection:
        version = kept.add(connection, made, person.name, note, now_ms())
    return RedirectResponse(f"/policies?{query(version=version, other=before.version)}", 303)


@router.post("/policies/backtest")
def try_it(person: Writer, desk: TheDesk, version: Text) -> Response:
    """Set a version beside the one in force, on everything that was recorded."""
    need(person, "draft")
    chosen, now = find(desk, version), now_ms()
    environment = environment_of(desk.ledger, desk.options.data)
    name = f"{re.sub('[^A-Za-z0-9_-]', '-', chosen.version)}-{now // 1000}"
    desk.trials.start(name, desk.policy.version, chosen.version, environment, now)
    return RedirectResponse(f"/policies?{query(version=version)}", 303)


@router.post("/policies/activate")
def activate(person: Writer, desk: TheDesk, version: Text) -> Response:
    """Put a version into force, once it was tried."""
    need(person, "activate")
    if desk.options.fixed_policy:
        raise NotAllowedError(f"this installation reads its policy from {desk.options.fixed_policy}: change it there")
    if not version:
        raise BadInputError("a version is put into force, was none")
    tried = desk.trials.beside(desk.policy.version, version) is not None
    with desk.ledger.writing() as connection:
        kept.activate(connection, version, person.name, tried, now_ms())
    desk.forget("policy")
    return RedirectResponse(f"/policies?{query(version=version)}", 303)
