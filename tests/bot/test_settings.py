"""Settings: all that is wrong is said at once, by name and shape, and never by value."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot import settings
from bot.settings import SettingsWrong

ROOT = Path(__file__).parents[2]
GOOD = {
    "slack_bot_token": "xoxb-fake",
    "slack_signing_secret": "fake",
    "sdp_url": "https://sdpondemand.manageengine.com/app/itdesk/",
    "sdp_accounts_url": "https://accounts.zoho.com",
    "sdp_client_id": "1000.FAKE",
    "sdp_client_secret": "fake",
    "sdp_refresh_token": "1000.fake",
}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of the machine, no .env."""
    monkeypatch.chdir(tmp_path)
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_good_settings_are_taken_and_addresses_lose_their_last_slash() -> None:
    assert settings.load(**GOOD).sdp_url == "https://sdpondemand.manageengine.com/app/itdesk"


def test_the_address_of_the_api_is_taken_for_its_portal() -> None:
    url = f"{GOOD['sdp_url']}api/v3"
    assert settings.load(**{**GOOD, "sdp_url": url}).sdp_url == "https://sdpondemand.manageengine.com/app/itdesk"


def test_everything_missing_is_named_at_once_with_what_it_should_look_like() -> None:
    with pytest.raises(SettingsWrong) as wrong:
        settings.load()
    said = str(wrong.value)
    for name in ("SLACK_BOT_TOKEN", "SDP_URL", "SDP_CLIENT_ID", "SDP_CLIENT_SECRET", "SDP_REFRESH_TOKEN"):
        assert f"{name} is missing: it should be" in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sdp_url", "sdpondemand.manageengine.com"),
        ("sdp_url", "https://sdpondemand.manageengine.com"),
        ("sdp_url", "https://sdpondemand.manageengine.com/app/itdesk/ui/releases"),
        ("sdp_url", "http://sdp.example.com/app/itdesk"),
        ("sdp_accounts_url", "http://accounts.zoho.com"),
        ("sdp_accounts_url", "https://accounts.zoho.com/oauth/v2/token"),
        ("slack_bot_token", "xapp-fake"),
        ("slack_bot_token", "xoxb-…"),
        ("slack_app_token", "xoxb-fake"),
        ("slack_api_url", "https://slack.com"),
        ("approvals_channel", "#release-approvals"),
        ("redis_url", "http://localhost"),
        ("port", "http"),
        ("undo_seconds", "-1"),
        ("poll_seconds", "0"),
        ("sdp_act_as", "robot"),
        ("log_format", "xml"),
        ("remind_after", "soon"),
    ],
)
def test_a_wrong_value_is_named_and_not_repeated(name: str, value: str) -> None:
    with pytest.raises(SettingsWrong) as wrong:
        settings.load(**{**GOOD, name: value})
    assert re.match(rf"{name.upper()} is not usable: it should be ", str(wrong.value))
    assert value not in str(wrong.value).removeprefix(name.upper()).split(": it should be")[0]


def test_without_socket_mode_the_signing_secret_is_needed() -> None:
    with pytest.raises(SettingsWrong, match="SLACK_SIGNING_SECRET is missing"):
        settings.load(**{**GOOD, "slack_signing_secret": None})
    assert settings.load(**{**GOOD, "slack_signing_secret": None, "slack_app_token": "xapp-fake"}).socket_mode


def test_printing_settings_shows_no_secret() -> None:
    loaded = settings.load(**{**GOOD, "sdp_client_secret": "planted-secret"})
    assert isinstance(loaded.sdp_client_secret, SecretStr)
    assert "planted-secret" not in repr(loaded) + str(loaded)


def test_every_setting_stands_in_the_example_file() -> None:
    example = (ROOT / ".env.example").read_text()
    missing = [name for name in settings.Settings.model_fields if f"{name.upper()}=" not in example]
    assert missing == []


def test_the_command_says_what_is_wrong_and_ends(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "bot", "run"],
        check=False,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "SDP_URL": "nonsense"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert "SLACK_BOT_TOKEN is missing" in ended.stderr
    assert "SDP_URL is not usable" in ended.stderr
    assert "Traceback" not in ended.stderr
