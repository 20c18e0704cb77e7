"""What an administrator can set: environment variables, or a `.env` file in the working directory.

Read once, at the root (`bot.app`, `bot.cli`); everything below is handed the values it needs. A wrong or
missing value is named together with what it should look like, and all of them at once.
"""

import re
from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import BadInput, BotError
from bot.schedule import WORKING_DAYS, parse_days, parse_time


class SettingsWrong(BotError):
    """One or more settings are missing or unusable; the text has a line for each."""


THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


def _http_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not an http(s) address")
    return text.rstrip("/")


def _secure_url(text: str) -> str:
    """Tokens go there: https, or this machine, where the stand-ins are."""
    address = _http_url(text)
    if urlsplit(address).scheme != "https" and urlsplit(address).hostname not in THIS_MACHINE:
        raise ValueError("an address without https")
    return address


def _sdp_url(text: str) -> str:
    """With the portal, and without what people copy behind it."""
    address = _secure_url(text).removesuffix("/api/v3")
    if not re.fullmatch(r"/app/[^/]+", urlsplit(address).path):
        raise ValueError("an address without a portal")
    return address


def _accounts_url(text: str) -> str:
    address = _secure_url(text)
    if urlsplit(address).path:
        raise ValueError("more than the address of a server")
    return address


def _api_url(text: str) -> str:
    address = _http_url(text)
    if not address.endswith("/api"):
        raise ValueError("not the address of Slack's Web API")
    return address


def _redis_url(text: str) -> str:
    if urlsplit(text).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("not a redis://, rediss:// or unix:// address")
    return text


def _comma_separated(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


_RIGHT = re.compile(r"[UWS][A-Z0-9]{2,}|@[a-z0-9._-]+|[^@\s]+@[^@\s]+|members")


def _right(word: str) -> str:
    if not _RIGHT.fullmatch(word):
        raise ValueError("neither a person nor a user group")
    return word if word[:1] in "UWS" else word.lower()


def _time_of_day(value: Any) -> Any:
    return _as_people_write(parse_time, value)


def _days_of_week(value: Any) -> Any:
    return _as_people_write(parse_days, value)


def _as_people_write(parse: Callable[[str], Any], value: Any) -> Any:
    try:
        return parse(value) if isinstance(value, str) else value
    except BadInput as error:
        raise ValueError(str(error)) from None


def _starts_with(prefix: str) -> AfterValidator:
    """A token of the right kind: the wrong one is the commonest slip, and only Slack's refusal would tell it later."""

    def checked(token: SecretStr) -> SecretStr:
        if not token.get_secret_value().isascii() or not token.get_secret_value().startswith(prefix):
            raise ValueError("a token of another kind")
        return token

    return AfterValidator(checked)


HttpUrl = Annotated[str, AfterValidator(_http_url)]
RedisUrl = Annotated[str, AfterValidator(_redis_url)]

Holders = Annotated[tuple[Annotated[str, AfterValidator(_right)], ...], NoDecode, BeforeValidator(_comma_separated)]
"""People and user groups of Slack, as `bot.permissions.RightsLists` takes them."""

_HOLDERS = "people and user groups, separated by commas: U0123ABC, S0123ABC, @handle-of-a-group, person@example.com"

SHAPES = {
    "slack_bot_token": "the bot token of the Slack app, xoxb-…",
    "slack_signing_secret": "the signing secret from the Slack app's Basic Information page",
    "slack_app_token": "an app-level token with connections:write, xapp-… (Socket Mode), or unset for HTTP",
    "slack_api_url": "an address like https://slack.com/api/",
    "sdp_url": "the service address up to and including the portal, like https://sdpondemand.manageengine.com/app/itdesk",
    "sdp_accounts_url": "the accounts server of your data centre, like https://accounts.zoho.com",
    "sdp_client_id": "the client id from Zoho's API console, 1000.…",
    "sdp_client_secret": "the client secret from Zoho's API console",
    "sdp_refresh_token": "a refresh token of the service account, 1000.…",
    "sdp_act_as": "person or service",
    "sdp_calls_per_minute": "a whole number of calls from 1 to 6000",
    "sdp_answer_seconds": "a number of seconds from 1 to 120",
    "public_url": "the https address people and Slack reach this bot at",
    "redis_url": (
        "an address of one server like redis://host:6379/0, rediss://… or unix:///path, no cluster and no sentinel "
        "(our steps span several keys, and a failover loses what was acknowledged last); unset for the embedded Valkey"
    ),
    "poll_seconds": "a number of seconds from 1 to 86400",
    "undo_seconds": "a number of seconds from 0 (none) to 3600",
    "undo_seconds_high_risk": "a number of seconds from 0 to 3600",
    "self_approval": "warn or refuse",
    "remind_after": "working hours, rising, separated by commas, like 4,8,24; empty for no reminders",
    "batch_from": "a whole number from 1 to 100",
    "undo_stale_minutes": "a number of minutes from 1 to 1440",
    "unknown_minutes": "a number of minutes from 1 to 1440",
    "sdp_comment_max": "a whole number from 50 to 1000",
    "operators": _HOLDERS,
    "admins": _HOLDERS,
    "readers": f"members, or {_HOLDERS}",
    "allow_external": "true or false",
    "gestures_per_minute": "a whole number of clicks and commands of one person, from 1 to 1000000",
    "approvals_channel": "the id of a channel, C…: in Slack, the last line of the channel's details",
    "digest_time": "a time of day like 09:00 or 8.30am",
    "digest_days": "days of the week like mon-fri or daily",
    "digests_per_second": "messages a second from 0.1 to 50; Slack allows a workspace some hundreds a minute",
    "port": "a port from 0 to 65535",
    "metrics_port": "a port from 1 to 65535 for a worker's own /metrics, 0 for none",
    "log_format": "console or json",
}
"""What a value should look like, shown beside the name of a wrong one."""


class Settings(BaseSettings):
    """All settings, checked. Secrets are SecretStr, so that printing settings shows none."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True)

    slack_bot_token: Annotated[SecretStr, _starts_with("xoxb-")]
    slack_signing_secret: SecretStr | None = None
    slack_app_token: Annotated[SecretStr, _starts_with("xapp-")] | None = None
    slack_api_url: Annotated[str, AfterValidator(_api_url)] = "https://slack.com/api"

    sdp_url: Annotated[str, AfterValidator(_sdp_url)]
    sdp_accounts_url: Annotated[str, AfterValidator(_accounts_url)]
    sdp_client_id: str = Field(min_length=1)
    sdp_client_secret: SecretStr = Field(min_length=1)
    sdp_refresh_token: SecretStr = Field(min_length=1)
    sdp_act_as: Literal["person", "service"] = "person"
    sdp_calls_per_minute: int = Field(default=300, ge=1, le=6000)
    sdp_answer_seconds: float = Field(default=30, ge=1, le=120)
    sdp_webhook_secret: SecretStr | None = None
    sdp_comment_max: int = Field(default=250, ge=50, le=1000)

    public_url: HttpUrl | None = None
    redis_url: RedisUrl | None = None
    data_dir: Path = Path("data")
    token_keys: Annotated[list[SecretStr], NoDecode, BeforeValidator(_comma_separated)] = Field(default_factory=list)

    poll_seconds: float = Field(default=60, ge=1, le=86400)
    undo_seconds: float = Field(default=5, ge=0, le=3600)
    undo_seconds_high_risk: float = Field(default=10, ge=0, le=3600)
    self_approval: Literal["warn", "refuse"] = "warn"
    remind_after: Annotated[list[float], NoDecode, BeforeValidator(_comma_separated)] = [4, 8, 24]
    batch_from: int = Field(default=5, ge=1, le=100)
    undo_stale_minutes: float = Field(default=15, ge=1, le=1440)
    unknown_minutes: float = Field(default=30, ge=1, le=1440)
    approvals_channel: Annotated[str, Field(pattern=r"^[CG][A-Z0-9]+$")] | None = None

    operators: Holders = ()
    admins: Holders = ()
    readers: Holders = ("members",)
    allow_external: bool = False
    metrics_token: SecretStr | None = None
    metrics_port: int = Field(default=0, ge=0, le=65535)
    gestures_per_minute: int = Field(default=120, ge=1, le=1_000_000)

    digest_time: Annotated[time, BeforeValidator(_time_of_day)] = time(9, 0)
    digest_days: Annotated[frozenset[int], NoDecode, BeforeValidator(_days_of_week)] = WORKING_DAYS
    digests_per_second: float = Field(default=5, ge=0.1, le=50)

    host: str = "127.0.0.1"
    port: int = Field(default=3000, ge=0, le=65535)
    log_format: Literal["console", "json"] = "console"

    @property
    def socket_mode(self) -> bool:
        """Slack is spoken over Socket Mode; otherwise signed requests come to /slack/events."""
        return self.slack_app_token is not None


def load(**overrides: Any) -> Settings:
    """The settings of this process; raises SettingsWrong with a line for each wrong one."""
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        raise SettingsWrong(_explain(error)) from None
    if not settings.socket_mode and settings.slack_signing_secret is None:
        raise SettingsWrong(_line("slack_signing_secret", "is missing (needed without SLACK_APP_TOKEN)"))
    return settings


def _explain(error: ValidationError) -> str:
    """A line for each wrong setting; never its value, which may be a secret."""
    return "\n".join(
        _line(str(problem["loc"][0]), "is missing" if problem["type"] == "missing" else "is not usable")
        for problem in error.errors(include_input=False)
    )


def _line(name: str, what: str) -> str:
    shape = SHAPES.get(name)
    return f"{name.upper()} {what}" + (f": it should be {shape}." if shape else ".")
