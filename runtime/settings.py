"""Settings of one installation: defaults, then priceradar.toml, then PRICERADAR_* variables."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from contracts.errors import BadInputError

CONFIG_VARIABLE = "PRICERADAR_CONFIG"
DEFAULT_CONFIG = Path("priceradar.toml")
SERVERS = re.compile(r"\s*[^\s,]+:\d+\s*(,\s*[^\s,]+:\d+\s*)*")
Port = Annotated[int, Field(ge=0, le=65535)]


class OidcSettings(BaseModel):
    """The table [oidc]: a server that vouches for people.

    Args:
        issuer: its address, without /.well-known/openid-configuration.
        name: what people call it.
        name_claim: which of its words is the person's name here.
        roles_claim: where it lists their groups; dots lead into tables: realm_access.roles.
        roles: our role of each group; the first that fits counts. People without any keep
            the role they were given here, and without that may not sign in.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: Annotated[str, Field(pattern=r"^https?://")]
    client_id: str
    client_secret: str = ""
    name: str = "SSO"
    scope: str = "openid email profile"
    name_claim: str = "email"
    roles_claim: str = "groups"
    roles: dict[str, str] = {}


class Settings(BaseSettings):
    """Everything an operator may set, not the pricing team (that is `contracts.policy`).

    Args:
        kafka: bootstrap servers `host:port,host:port`; empty starts our own Kafka.
        data: folder of our own Kafka, the SQLite ledger, recordings and page snapshots.
        ledger: SQLAlchemy URL; empty is SQLite in `data`.
        policy: a policy file, or the name of a shipped one.
        currency: where an import or a page states none.
        shops: TOML file of page objects: where single shops' pages hold a field.
        shop_per_minute: at most so many pages of one shop a minute; none: politeness alone.
        snapshot_days, snapshot_megabytes: pages kept as evidence are removed after so long, and the
            oldest of more.
        browser: Chromium's program, for shops whose pages are made by JavaScript; looked for where none is named.
        browser_sandbox: Chromium's own; off only where the machine cannot give it one (it is off for root).
        metrics_port: first port of /metrics; 0 picks free ones.
        alert_urls: apprise URLs every alert goes to.
        channels: named places routes may tell: an apprise URL, a bot's hook as
            `feishu+https://...#secret=S&lang=zh`, also dingtalk, wecom and slack, or mail as
            `smtp://user:password@host:587/?from=radar@us&to=ann@us,ben@us&lang=zh`.
        console_url: address of the console as people reach it, for links in messages.
        webhook: URL that gets each alert as JSON, signed with `webhook_secret`.
        decisions_webhook: URL that gets each decision and each escalation of a proposal as JSON,
            signed with `decisions_webhook_secret`.
        oidc: sign in to the console with another server; none: with a name and password only.
    """

    model_config = SettingsConfigDict(env_prefix="PRICERADAR_", extra="forbid", frozen=True)

    kafka: str = ""
    data: Path = Path("data")
    ledger: str = ""
    policy: str = "default"
    currency: str = "CNY"
    shops: Path | None = None
    snapshot_days: Annotated[int, Field(ge=1)] = 90
    snapshot_megabytes: Annotated[int, Field(ge=0)] = 2048
    shop_per_minute: Annotated[float, Field(gt=0)] | None = None
    browser: Path | None = None
    browser_sandbox: bool = True
    console_host: str = "127.0.0.1"
    console_port: Port = 8080
    metrics_host: str = "127.0.0.1"
    metrics_port: Port = 0
    alert_urls: tuple[str, ...] = ()
    channels: dict[str, str] = {}
    console_url: str = ""
    webhook: str = ""
    webhook_secret: str = ""
    decisions_webhook: str = ""
    decisions_webhook_secret: str = ""
    oidc: OidcSettings | None = None
    user_agent: str = "PriceRadar/0.1 (+https://example.org/priceradar; price research)"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"

    @field_validator("kafka")
    @classmethod
    def _servers(cls, kafka: str) -> str:
        if kafka and not SERVERS.fullmatch(kafka):
            raise ValueError("must be host:port, several with commas between")
        return kafka

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 pydantic calls by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        path = Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG)
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, path)

    @property
    def ledger_url(self) -> str:
        """SQLAlchemy URL of the ledger, SQLite in the data folder where none is set."""
        return self.ledger or f"sqlite:///{(self.data / 'ledger.sqlite').absolute()}"

    @property
    def recordings(self) -> Path:
        """Folder the recorder writes to."""
        return self.data / "recordings"


def load_settings(config: Path | None = None, **overrides: object) -> Settings:
    """Settings from `config` (or priceradar.toml here) and the environment; BadInputError."""
    if config is not None:
        if not config.is_file():
            raise BadInputError(f"configuration {config} does not exist; name a TOML file")
        os.environ[CONFIG_VARIABLE] = str(config.absolute())  # child processes read the same file
    elif (named := os.environ.get(CONFIG_VARIABLE)) and not Path(named).is_file():
        raise BadInputError(f"configuration {named} does not exist; correct {CONFIG_VARIABLE}")
    try:
        return Settings(**{key: value for key, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "settings"
        if first["type"] == "extra_forbidden":
            raise BadInputError(f"setting {where} is not known; correct its name, or remove it") from error
        said = first["msg"].removeprefix("Value error, ")
        raise BadInputError(f"setting {where}: {said}, was {str(first.get('input'))[:60]!r}") from error
    except SettingsError as error:
        raise BadInputError(f"{error}; lists and tables are JSON in PRICERADAR_* variables") from error
    except ValueError as error:
        raise BadInputError(f"configuration {os.environ.get(CONFIG_VARIABLE, DEFAULT_CONFIG)}: {error}") from error
