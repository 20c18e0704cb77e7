"""A net under the whole suite: a test whose captured output contains a secret fails, whatever it was about.

The sandbox's secrets are planted where the bot has to handle them; Zoho's tokens are known by their shape.
"""

import re
from collections.abc import Generator
from typing import Any

import pytest

from sandbox.box import WEBHOOK_SECRET
from sandbox.sdp.accounts import CLIENT_SECRET, REFRESH_TOKEN

SECRETS = re.compile(
    "|".join(
        [
            re.escape(CLIENT_SECRET),
            re.escape(REFRESH_TOKEN),
            re.escape(WEBHOOK_SECRET),
            r"1000\.[0-9a-f]{32}\.[0-9a-f]{32}",
            r"xoxb-fake-\w{8}",
            r"xapp-1-fake-\w{8}",
            r"fake-signing-secret-\w{4}",
        ]
    )
)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    report = yield
    leaked = {found for _, text in report.sections for found in SECRETS.findall(text)}
    if leaked and report.passed:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} let a secret out: {sorted(leaked)}"
    return report
