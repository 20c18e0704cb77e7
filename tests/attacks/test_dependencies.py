"""What is installed from elsewhere: pinned, hashed, from no address of its own, and no version known to be open.

This works without a network: the table holds published advisories and the first version without the hole. Whoever
learns of a new one adds a row; a lock below it fails.
"""

import re
from pathlib import Path

import pytest
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")

MENDED_IN = {
    "aiohttp": ("3.12.14", "CVE-2025-53643: smuggled trailers"),
    "cryptography": ("44.0.1", "CVE-2024-12797: raw public keys"),
    "certifi": ("2024.7.4", "CVE-2024-39689: distrusted roots"),
    "h11": ("0.16.0", "CVE-2025-43859: smuggled chunks"),
    "idna": ("3.7", "CVE-2024-3651: quadratic time"),
    "jinja2": ("3.1.6", "CVE-2025-27516: out of the sandbox"),
    "python-multipart": ("0.0.18", "CVE-2024-53981: endless boundaries"),
    "starlette": ("0.49.1", "CVE-2025-62727: quadratic ranges"),
    "h2": ("4.3.0", "CVE-2025-57804: smuggled headers"),
    "urllib3": ("2.5.0", "CVE-2025-50181: redirects"),
}
"""Package → the first version without the hole, and what it was."""

_PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", re.IGNORECASE | re.MULTILINE)


def pinned(lock: str) -> dict[str, Version]:
    text = (ROOT / lock).read_text()
    return {name.lower().replace("_", "-"): Version(version) for name, version in _PINNED.findall(text)}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_and_hashed(lock: str) -> None:
    entries = [one for one in re.split(r"\n(?=\S)", (ROOT / lock).read_text()) if one.strip() and one[0] != "#"]
    assert entries
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "--index" not in text


@pytest.mark.parametrize("lock", LOCKS)
def test_no_pinned_version_is_known_to_be_open(lock: str) -> None:
    versions = pinned(lock)
    open_ = [
        f"{name} {versions[name]} is open ({why}); {least} is not"
        for name, (least, why) in MENDED_IN.items()
        if name in versions and versions[name] < Version(least)
    ]
    assert open_ == []


def test_what_runs_is_what_is_tested() -> None:
    run, dev = pinned("requirements.lock"), pinned("requirements-dev.lock")
    assert run.items() <= dev.items()
