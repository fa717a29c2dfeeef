"""Signing in with the company's own server, by OpenID Connect: authorization code with PKCE and nonce."""

from __future__ import annotations

from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from fastapi import Request
from fastapi.responses import Response
from httpx2 import HTTPError
from joserfc.errors import JoseError

from contracts.errors import BadInputError, NotAllowedError, UnavailableError
from ledger.users import ROLES
from runtime.settings import OidcSettings

COOKIE = "priceradar_sso"  # what the answer must fit: state, nonce and verifier, for ten minutes
COOKIE_SECONDS = 600


class Oidc:
    """One server that vouches for people.

    Which person: the claim `name_claim`, by default the e-mail address, which the server must have
    verified. Which role: the first of `roles` that the claim `roles_claim` names, else the one the
    ledger has of them. BadInputError for a role that is none.
    """

    def __init__(self, settings: OidcSettings) -> None:
        unknown = sorted(set(settings.roles.values()) - set(ROLES))
        if unknown:
            raise BadInputError(f"a role in [oidc] must be one of {', '.join(ROLES)}, was {unknown[0]!r}")
        self.settings, self.name = settings, settings.name
        registry = OAuth()
        registry.register(
            name="sso",
            client_id=settings.client_id,
            client_secret=settings.client_secret or None,
            server_metadata_url=f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={"scope": settings.scope, "code_challenge_method": "S256", "timeout": 10.0},
        )
        self._client: Any = registry.create_client("sso")

    async def leave(self, request: Request, back: str) -> Response:
        """The way to the server, which sends people `back`; UnavailableError."""
        try:
            answer: Response = await self._client.authorize_redirect(request, back)
        except (HTTPError, AuthlibBaseError, RuntimeError, ValueError, KeyError) as error:
            raise UnavailableError(f"{self.name} cannot be asked who you are: {_said(error)}") from error
        return answer

    async def come_back(self, request: Request) -> tuple[str, str | None]:
        """Name and role of who comes back; NotAllowedError where nothing vouches for them, UnavailableError."""
        try:
            token = await self._client.authorize_access_token(request)
        except (AuthlibBaseError, JoseError) as error:
            raise NotAllowedError(f"{self.name} does not vouch for you: {_said(error)}") from error
        except (HTTPError, RuntimeError, ValueError, KeyError) as error:
            raise UnavailableError(f"{self.name} cannot be asked who you are: {_said(error)}") from error
        claims = token.get("userinfo")
        if not claims:
            raise NotAllowedError(f"{self.name} did not say who you are")
        return self._name(claims), self._role(claims)

    def _name(self, claims: dict[str, Any]) -> str:
        wanted = self.settings.name_claim
        name = claims.get(wanted)
        if not isinstance(name, str) or not name.strip() or len(name) > 100 or "\x00" in name:
            raise NotAllowedError(f"{self.name} does not say your {wanted}")
        if wanted == "email" and claims.get("email_verified") is not True:
            raise NotAllowedError(f"{self.name} has not verified your e-mail address")
        return name.strip()

    def _role(self, claims: dict[str, Any]) -> str | None:
        found: Any = claims
        for step in self.settings.roles_claim.split("."):
            found = found.get(step) if isinstance(found, dict) else None
        groups = [found] if isinstance(found, str) else found if isinstance(found, list) else []
        for group, role in self.settings.roles.items():
            if group in groups:
                return role
        return None


def _said(error: Exception) -> str:
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0][:200]
