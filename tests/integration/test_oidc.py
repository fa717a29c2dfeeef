"""Signing in with another server: the whole way over HTTP, and what must not let anybody in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey

from console.app import create_app
from console.oidc import Oidc
from console.options import Options
from console.security import COOKIE
from contracts.errors import BadInputError
from ledger.store import Ledger
from runtime.settings import OidcSettings, load_settings
from tests.integration.oidc_server import CLIENT, SECRET, OidcServer, oidc_server

ADDRESS = "https://radar.example"


@pytest.fixture(scope="module")
def server() -> Iterator[OidcServer]:
    with oidc_server() as found:
        yield found


@pytest.fixture
def ledger(tmp_path: Path, server: OidcServer) -> Iterator[Ledger]:
    server.claims = {"sub": "1", "email": "ann@us.example", "email_verified": True, "groups": ["staff", "pricing-eu"]}
    server.changed, server.key, server.says_no = {}, server.known, False
    found = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    yield found
    found.close()


def browser(ledger: Ledger, server: OidcServer, **settings: Any) -> httpx.AsyncClient:
    roles = {"pricing-eu": "pricing", "bosses": "general_manager"}
    known = {"issuer": server.issuer, "client_id": CLIENT, "client_secret": SECRET, "roles": roles}
    oidc = Oidc(OidcSettings(**{**known, **settings}))
    app = create_app(ledger, Options(secret=b"secret", oidc=oidc, address=ADDRESS))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ADDRESS)


async def sign_in(console: httpx.AsyncClient, after: str = "/alerts?severity=red") -> httpx.Response:
    leave = await console.get("/login/sso", params={"next": after})
    assert leave.status_code == 302, leave.text
    assert parse_qs(urlsplit(leave.headers["location"]).query)["redirect_uri"] == [f"{ADDRESS}/login/sso/back"]
    async with httpx.AsyncClient() as elsewhere:
        back = await elsewhere.get(leave.headers["location"])
    return await console.get(back.headers["location"])


async def test_who_the_server_vouches_for_is_signed_in_with_the_role_of_their_group(
    ledger: Ledger, server: OidcServer
) -> None:
    async with browser(ledger, server) as console:
        assert "/login/sso?next=" in (await console.get("/login")).text
        back = await sign_in(console)

        assert (back.status_code, back.headers["location"]) == (303, "/alerts?severity=red")
        cookie = next(one for one in back.headers.get_list("set-cookie") if one.startswith(COOKIE))
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert (await console.get("/alerts")).status_code == 200
    assert ledger.role_of("ann@us.example") == "pricing"
    acts = [(row.actor, row.action) for row in ledger.audit_rows()]
    assert acts == [("ann@us.example", "sign_in"), ("sso", "add_user")]
    assert ledger.sign_in("ann@us.example", "") is None
    assert ledger.sign_in("ann@us.example", "nobody has this password") is None


async def test_a_role_follows_the_groups_and_a_disabled_person_stays_out(ledger: Ledger, server: OidcServer) -> None:
    async with browser(ledger, server) as console:
        await sign_in(console)
        server.claims["groups"] = "bosses"
        assert (await sign_in(console)).status_code == 303
        assert ledger.role_of("ann@us.example") == "general_manager"
        with ledger.writing() as connection:
            from ledger import users

            users.change(connection, "ann@us.example", 1, "root", disabled=True)
        assert (await console.get("/alerts")).status_code == 303  # at once, in the session there is, too
        refused = await sign_in(console)
        assert refused.status_code == 403
        assert "may not sign in here" in refused.text


async def test_without_a_group_of_ours_only_those_who_were_added_come_in(ledger: Ledger, server: OidcServer) -> None:
    del server.claims["groups"]
    async with browser(ledger, server) as console:
        assert (await sign_in(console)).status_code == 403
        assert ledger.role_of("ann@us.example") is None
        ledger.add_user("ann@us.example", "finance_director", None, 1)
        assert (await sign_in(console)).status_code == 303
        assert ledger.role_of("ann@us.example") == "finance_director"


async def test_a_name_that_has_a_password_here_is_not_lent(ledger: Ledger, server: OidcServer) -> None:
    ledger.add_user("root", "admin", "a long password", 1)
    server.claims["preferred_username"] = "root"
    async with browser(ledger, server, name_claim="preferred_username") as console:
        refused = await sign_in(console)
    assert refused.status_code == 403
    assert "has a password here" in refused.text
    assert ledger.role_of("root") == "admin"


async def test_names_may_come_from_tables(ledger: Ledger, server: OidcServer) -> None:
    server.claims["realm_access"] = {"roles": ["bosses"]}
    async with browser(ledger, server, roles_claim="realm_access.roles") as console:
        assert (await sign_in(console, "//evil.example")).headers["location"] == "/"
    assert ledger.role_of("ann@us.example") == "general_manager"


def spoil(**claims: Any) -> Callable[[OidcServer], None]:
    return lambda server: server.changed.update(claims)


def forged(server: OidcServer) -> None:
    server.key = RSAKey.generate_key(2048, {"kid": "k1"})


def refusing(server: OidcServer) -> None:
    server.says_no = True


@pytest.mark.parametrize(
    "wrong",
    [
        spoil(nonce="another"),
        spoil(aud="another client"),
        spoil(iss="http://127.0.0.1:1"),
        spoil(exp=int(time.time()) - 3_600),
        spoil(email_verified=False),
        spoil(email=""),
        spoil(email="demo-admin\x00"),
        forged,
        refusing,
    ],
    ids=["nonce", "audience", "issuer", "expired", "unverified", "nameless", "NUL", "forged", "refused"],
)
async def test_what_does_not_fit_lets_nobody_in(
    ledger: Ledger, server: OidcServer, wrong: Callable[[OidcServer], None]
) -> None:
    wrong(server)
    async with browser(ledger, server) as console:
        answer = await sign_in(console)
        assert answer.status_code == 403, answer.text
        assert COOKIE not in answer.headers.get("set-cookie", "")
        assert (await console.get("/alerts")).status_code == 303
    assert ledger.audit_rows() == []


async def test_an_answer_nobody_asked_for_or_that_came_before_is_refused(ledger: Ledger, server: OidcServer) -> None:
    async with browser(ledger, server) as console, httpx.AsyncClient() as elsewhere:
        assert (await console.get("/login/sso/back?code=x&state=y")).status_code == 403
        leave = await console.get("/login/sso")
        back = (await elsewhere.get(leave.headers["location"])).headers["location"]
        async with browser(ledger, server) as other:  # another browser has no such state
            assert (await other.get(back)).status_code == 403
        assert (await console.get(back)).status_code == 303
        assert (await console.get(back)).status_code == 403


async def test_without_the_server_the_console_says_so_and_passwords_go_on(ledger: Ledger, server: OidcServer) -> None:
    async with browser(ledger, server, issuer="http://127.0.0.1:9") as console:
        answer = await console.get("/login/sso")
        assert answer.status_code == 503
        assert "cannot be asked who you are" in answer.text
        assert (await console.get("/login")).status_code == 200
    app = create_app(ledger)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ADDRESS) as console:
        assert (await console.get("/login/sso")).status_code == 404
        assert "/login/sso" not in (await console.get("/login")).text


def test_the_settings_are_a_table_of_the_file_and_a_role_that_is_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PRICERADAR_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    text = '[oidc]\nissuer = "https://sso.example"\nclient_id = "us"\nroles = { board = "boss" }\n'
    (tmp_path / "priceradar.toml").write_text(text)

    oidc = load_settings().oidc
    assert oidc is not None
    with pytest.raises(BadInputError, match=r"must be one of viewer, .*, was 'boss'"):
        Oidc(oidc)
    (tmp_path / "priceradar.toml").write_text('[oidc]\nissuer = "sso.example"\nclient_id = "us"\n')
    with pytest.raises(BadInputError, match=r"setting oidc\.issuer"):
        load_settings()
