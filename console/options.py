"""What may be said about a console when it is started."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from console.oidc import Oidc
from contracts.policy import DEFAULT, SHIPPED, Policy


@dataclass(frozen=True, kw_only=True)
class Options:
    """How one console is served.

    Attributes:
        demo_login: people choose a role instead of giving a password.
        secret: what sessions are signed with; without one they end with the process.
        policy: the rules in force until people put a version into force here.
        policies: those that ship, to be looked at and compared with.
        fixed_policy: where the settings say the policy is read from; then it is in force, and only it.
        data: folder of this installation, where reports of backtests are looked for.
        setup_code: lets the first visitor become the administrator of an empty ledger.
        oidc: a server people may sign in with, too.
        address: where people reach the console; https there makes its cookies go no other way.
    """

    demo_login: bool = False
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    policy: Policy = DEFAULT
    policies: Sequence[Policy] = tuple(SHIPPED.values())
    fixed_policy: str = ""
    data: Path | None = None
    setup_code: str = field(default="", repr=False)
    oidc: Oidc | None = None
    address: str = ""

    @property
    def is_https(self) -> bool:
        """Whether people reach it over https alone."""
        return self.address.startswith("https://")
