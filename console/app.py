"""The console's ASGI app: whether it lives, its metrics, and the REST API that reads the ledger."""

from __future__ import annotations

import time
from typing import Annotated, Any

import msgspec
from fastapi import Depends, FastAPI, HTTPException, Query, Response
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest

from ledger.store import Ledger

PENDING = Gauge("priceradar_approvals_pending", "Proposals that wait for people to sign them")

Limit = Annotated[int, Query(ge=1, le=500)]
BASIC = HTTPBasic(realm="PriceRadar", auto_error=False)


def create_app(ledger: Ledger, *, demo_login: bool = False) -> FastAPI:
    """The app over an open ledger. Reads ask for a name and a password, except in the demo."""
    app = FastAPI(title="PriceRadar", version="1", docs_url=None, redoc_url=None)

    def signed_in(person: Annotated[HTTPBasicCredentials | None, Depends(BASIC)]) -> str:
        if person is None and demo_login:
            return "viewer"
        role = ledger.sign_in(person.username, person.password) if person is not None else None
        if role is None:
            raise HTTPException(401, "wrong name or password", {"WWW-Authenticate": 'Basic realm="PriceRadar"'})
        return role

    @app.get("/healthz")
    def healthz() -> dict[str, Any]:
        """Alive, and the ledger answers."""
        return {"ok": True, "first_run": not ledger.has_users(), "at": time.time_ns() // 1_000_000}

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        PENDING.set(ledger.proposal_counts().get("pending", 0))
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/api/v1/alerts", dependencies=[Depends(signed_in)])
    def alerts(open_only: bool = False, severity: str | None = None, limit: Limit = 100) -> Any:
        """Alerts, the latest first."""
        return msgspec.to_builtins(ledger.alerts(open_only=open_only, severity=severity, limit=limit))

    @app.get("/api/v1/proposals", dependencies=[Depends(signed_in)])
    def proposals(status: str | None = None, limit: Limit = 100) -> Any:
        """Proposals with where they stand, the latest first."""
        found = ledger.proposals(status=status, limit=limit)
        return [{"status": status, "proposal": msgspec.to_builtins(proposal)} for proposal, status in found]

    return app
