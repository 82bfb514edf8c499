"""The only reader of the environment: every variable, secrets also from files, sample secrets refused, none printed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from playbooks.domain.links import LEAST_KEY
from playbooks.errors import ConfigError

MAX_SECRET_FILE = 64 * 1024
_SAMPLE_WORDS = ("change-me", "changeme", "your-token", "your-secret", "replace-me")


class Settings(BaseSettings):
    """What the environment says. Build it with `load`; secrets are `SecretStr`, so that nothing prints them."""

    model_config = SettingsConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, validate_by_name=True, case_sensitive=True
    )

    slack_bot_token: SecretStr | None = Field(None, alias="SLACK_BOT_TOKEN")
    """Bot token (`xoxb-…`)."""
    slack_app_token: SecretStr | None = Field(None, alias="SLACK_APP_TOKEN")
    """App-level token (`xapp-…`): Socket Mode when it is set, HTTP without it."""
    slack_signing_secret: SecretStr | None = Field(None, alias="SLACK_SIGNING_SECRET")
    """Verifies what Slack sends over HTTP."""
    slack_api_url: str = Field("https://slack.com/api/", alias="SLACK_API_URL")
    """Slack's Web API, or any stand-in; always ends in `/`."""
    database_url: SecretStr = Field(SecretStr("sqlite:///muster.db"), alias="MUSTER_DATABASE_URL")
    """SQLite or `postgresql+psycopg://…`; a secret, since it may carry a password."""
    config: Path = Field(Path("muster.yaml"), alias="MUSTER_CONFIG")
    host: str = Field("127.0.0.1", alias="MUSTER_HOST", min_length=1)
    port: Annotated[int, Field(ge=1, le=65535)] = Field(8080, alias="MUSTER_PORT")
    api_token: SecretStr | None = Field(None, alias="MUSTER_API_TOKEN")
    """Bearer token of the read API, which is off without it."""
    link_key: SecretStr | None = Field(None, alias="MUSTER_LINK_KEY")
    """Signs page links; see `link_keys`."""
    intake_token: SecretStr | None = Field(None, alias="MUSTER_INTAKE_TOKEN")
    """Default bearer token for alert sources."""
    public_url: str = Field("", alias="MUSTER_PUBLIC_URL", pattern=r"^(https?://\S+)?$")
    """Address under which people reach the pages, without `/` at its end; empty: no links are handed out."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", alias="MUSTER_LOG_LEVEL")

    _environment: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` passes on: it has already joined the environment, `.env` and the secret files."""
        return (init_settings,)

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, *, env_file: Path | None = Path(".env")) -> Settings:
        """Settings from the environment, then `.env`, each with `NAME_FILE` for secrets.

        Args:
            environ: the environment; the process's own where None. env_file: read where it exists, None for no file.
        Raises:
            ConfigError: a value cannot be used, a secret file cannot be read, or a secret is still a sample.
        """
        known = _dotenv(env_file) | dict(os.environ if environ is None else environ)
        given = {str(f.alias): known[str(f.alias)] for f in cls.model_fields.values() if known.get(str(f.alias))}
        for name in SECRET_NAMES:
            value = _secret(known, name)
            if value:
                given[name] = value
        try:
            settings = cls.model_validate(given)
        except ValidationError as error:
            raise _config_error(error) from None
        if any(len(key) < LEAST_KEY for key in settings.link_keys):
            raise ConfigError(
                f"A key in MUSTER_LINK_KEY is shorter than {LEAST_KEY} characters, and could be guessed.",
                "Make one with `openssl rand -hex 32`.",
            )
        settings._environment.update(known)
        return settings

    def secret(self, name: str) -> SecretStr | None:
        """A secret that configuration names (`secret_env`), also from `NAME_FILE`; None where unset."""
        value = _secret(self._environment, name)
        return SecretStr(value) if value else None

    @property
    def environment(self) -> Mapping[str, str]:
        """Environment, `.env` and secret files as one mapping, for variables that muster.yaml names. Never prints."""
        return _Environment(self._environment)

    @property
    def link_keys(self) -> tuple[str, ...]:
        """Keys for page links, newest first: the first one signs, all verify."""
        text = self.link_key.get_secret_value() if self.link_key else ""
        return tuple(key for part in text.split(",") if (key := part.strip()))

    @property
    def socket_mode(self) -> bool:
        """Whether Slack is reached by Socket Mode rather than HTTP."""
        return self.slack_app_token is not None

    @field_validator("slack_api_url")
    @classmethod
    def _ends_in_slash(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("must be an http or https address")
        return value.rstrip("/") + "/"

    @field_validator("public_url")
    @classmethod
    def _no_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value


class _Environment(Mapping[str, str]):
    """Variables by name; `NAME` is found through `NAME_FILE` too."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = known

    def __getitem__(self, name: str) -> str:
        value = _secret(self._known, name)
        if not value and name not in self._known:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def __repr__(self) -> str:
        return f"<environment of {len(self._known)} variables>"


SECRET_NAMES = (
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "MUSTER_DATABASE_URL",
    "MUSTER_API_TOKEN",
    "MUSTER_LINK_KEY",
    "MUSTER_INTAKE_TOKEN",
)
VARIABLES = tuple(str(field.alias) for field in Settings.model_fields.values())
"""Names of all variables, secrets without their `_FILE` twin."""


def _dotenv(env_file: Path | None) -> dict[str, str]:
    if env_file is None or not env_file.is_file():
        return {}
    try:
        source = DotEnvSettingsSource(Settings, env_file=env_file, env_file_encoding="utf-8", case_sensitive=True)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{env_file} cannot be read: {error}.") from None
    return {name: value for name, value in source.env_vars.items() if value is not None}


def _secret(known: Mapping[str, str], name: str) -> str:
    value, path = known.get(name, ""), known.get(f"{name}_FILE", "")
    if value and path:
        raise ConfigError(f"{name} and {name}_FILE are both set.", "Keep one of them.")
    if path:
        value = _read_secret(name, Path(path))
    low = value.lower()
    if any(word in low for word in _SAMPLE_WORDS):
        raise ConfigError(
            f"{name} is still the sample value of .env.example.", "Put your own there.", code="sample_secret"
        )
    return value


def _read_secret(name: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_SECRET_FILE + 1).decode()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is no text"
        raise ConfigError(f"The file that {name}_FILE names cannot be read: {why}.") from None
    value = text.strip()
    if not value or len(text) > MAX_SECRET_FILE:
        raise ConfigError(f"The file that {name}_FILE names is {'too large' if value else 'empty'}.")
    return value


def _config_error(error: ValidationError) -> ConfigError:
    """Names and reasons only: a value may be a secret in the wrong place."""
    found = [(str(e["loc"][0]), e["msg"].removeprefix("Value error, ")) for e in error.errors(include_input=False)]
    said = "; ".join(f"{name}: {why[:1].lower()}{why[1:]}" for name, why in found)
    return ConfigError(f"The environment cannot be used: {said}.", "See .env.example.")
