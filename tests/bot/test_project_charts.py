"""The bars of a timesheet as a picture."""

import struct
from datetime import timedelta
from decimal import Decimal

import pytest

from bot import charts
from bot.models import DisplayId, Project, TimesheetRow, sdp_id
from bot.timesheets import Timesheet


def sheet_of(people: int) -> Timesheet:
    names = ['Zoë "Q" <b>', "José {x}", "李雷", "=1+1"]
    rows = [
        TimesheetRow(None, names[number % 4], timedelta(hours=number), Decimal(1), None, Decimal(1))
        for number in range(people)
    ]
    return Timesheet.of(Project(id=sdp_id("1"), title="Bars", display_id=DisplayId("PJT-1", "1")), rows)


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


async def test_more_people_make_a_taller_picture_up_to_twenty_bars() -> None:
    if not charts.available():
        pytest.skip("vl-convert (the extra `charts`) is not installed here")
    heights = []
    for people in (3, 20, 90):
        png = await charts.draw(sheet_of(people))
        assert png is not None
        heights.append(size_of(png)[1])
    assert heights[0] < heights[1] == heights[2]
