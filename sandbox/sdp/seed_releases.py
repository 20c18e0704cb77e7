"""The releases of the demo, each with how far its approval has come."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sandbox.sdp.approvals import Plan, Verdict
from sandbox.sdp.releases import Release
from sandbox.sdp.world import SdpWorld


@dataclass(frozen=True)
class Story:
    """A release and what has been said about it.

    The planned window starts `days` from now at `hour` o'clock UTC (or in `in_hours` hours) and lasts `hours`.
    `said` are the decisions so far: who, what, comment – each on the first open approval of that person.
    """

    title: str
    levels: tuple[Plan, ...]
    fields: dict[str, Any]
    days: int = 3
    hour: int = 18
    hours: int = 2
    in_hours: int | None = None
    said: tuple[tuple[str, Verdict, str | None], ...] = ()
    requester: str = "mara"


def tell(world: SdpWorld, story: Story) -> Release:
    """Make the release and let its people say what they have said."""
    release = world.add_release(
        story.title, story.requester, story.levels, status="Approval Pending", **_window(world, story), **story.fields
    )
    for who, verdict, comments in story.said:
        mine = next(one for one in world.waiting(who) if one.level.release is release)
        world.decide(mine, verdict, by=who, comments=comments)
    return release


def _window(world: SdpWorld, story: Story) -> dict[str, Any]:
    now = world.now().replace(minute=0, second=0, microsecond=0)
    if story.in_hours is None:
        start = (now + timedelta(days=story.days)).replace(hour=story.hour)
    else:
        start = now + timedelta(hours=story.in_hours)
    return {"scheduled_start_time": start, "scheduled_end_time": start + timedelta(hours=story.hours)}


WAITING = Story(
    "Payment gateway 4.2",
    (Plan(["arjun"], "anyone", name="Service owner"),),
    {
        "stage": "Planning",
        "priority": "High",
        "risk": "Medium",
        "impact": "Affects Business",
        "urgency": "Normal",
        "release_type": "Minor",
        "services": ["Payments"],
        "assets": ["pay-app-01", "pay-app-02"],
        "description": (
            "<div>Moves card payments to gateway <b>4.2</b>.<ul><li>3-D Secure 2.3</li>"
            '<li>new <a href="https://docs.example.com/pay/4.2">settlement file</a></li></ul></div>'
        ),
        "plans": {
            "roll_out_plan": "<div>Blue/green: 5&nbsp;%, 25&nbsp;%, then all shops.</div>",
            "back_out_plan": "<div>Switch the load balancer back to 4.1, ten minutes.</div>",
        },
    },
    hours=3,
)

SECOND_OF_THREE = Story(
    "Core switch firmware 17.9",
    (
        Plan(["tess"], "anyone", name="Network owner"),
        Plan(["arjun", "tess", "wiremu"], "percent", percent=60, name="Change board"),
        Plan(["sam"], "anyone", name="Administrator"),
    ),
    {
        "stage": "Testing",
        "priority": "Medium",
        "risk": "Medium",
        "release_type": "Significant",
        "services": ["Core Network"],
        "assets": ["core-sw-01", "core-sw-02"],
        "description": "<p>Closes two advisories of the vendor. One switch at a time, traffic moves to the other.</p>",
        "plans": {"back_out_plan": "<p>The former image stays in the second slot.</p>"},
    },
    days=5,
    hour=22,
    hours=4,
    said=(("tess", "approve", "Tested on the lab pair."),),
)

EVERYONE = Story(
    "Single sign-on for the warehouse",
    (Plan(["arjun", "tess", "wiremu"], "everyone", name="Everyone concerned"),),
    {
        "stage": "UAT",
        "priority": "Normal",
        "risk": "Low",
        "release_type": "Standard",
        "services": ["Identity", "Warehouse"],
        "assets": ["idp-01"],
        "description": "<p>Handheld scanners sign in with the company account.</p>",
    },
    days=7,
    hour=6,
    said=(
        ("arjun", "approve", "Fine for us, payments are not touched."),
        ("tess", "approve", "Firewall rules are in place."),
    ),
)

HIGH_RISK_SOON = Story(
    "Emergency patch of the payment database",
    (Plan(["wiremu", "arjun"], "first_response", name="On duty"),),
    {
        "stage": "Deployment",
        "priority": "High",
        "risk": "High",
        "impact": "1. Urgent",
        "urgency": "Urgent",
        "release_type": "Major",
        "emergency": True,
        "services": ["Payments"],
        "assets": ["pay-db-01"],
        "description": "<p>The vendor calls it <em>exploited in the wild</em>. The primary restarts once.</p>",
        "plans": {"roll_out_plan": "<p>Standby first, fail over, then the former primary.</p>"},
    },
    in_hours=5,
    requester="sam",
)

APPROVED = Story(
    "Mail archive upgrade",
    (Plan(["wiremu"], "anyone"), Plan(["tess"], "anyone")),
    {
        "stage": "Development",
        "priority": "Low",
        "risk": "Low",
        "services": ["Email"],
        "assets": ["mail-01"],
        "description": "<p>From archive 8 to 9.</p>",
    },
    days=2,
    hour=20,
    said=(("wiremu", "approve", "Restore test passed."), ("tess", "approve", None)),
)

REJECTED = Story(
    "Remove the old VPN",
    (Plan(["tess", "wiremu"], "everyone"),),
    {
        "stage": "Planning",
        "priority": "Normal",
        "risk": "High",
        "services": ["Core Network", "Identity"],
        "description": "<p>Everybody uses the new client.</p>",
    },
    days=1,
    hour=12,
    said=(("tess", "reject", "43 people still sign in with the old one."),),
)

WITHOUT_EMAIL = Story(
    "Customer export for the auditors",
    (Plan(["ines"], "anyone", name="Data protection"),),
    {
        "stage": "Planning",
        "priority": "Normal",
        "risk": "Medium",
        "services": ["Corporate Website"],
        "description": "<p>Monthly export, names removed.</p>",
    },
    days=9,
    hour=8,
)

WILD_TITLE = Story(
    "Website <!channel> & *stars* `2.0` <https://example.com|click>",
    (Plan(["wiremu", "tess", "arjun"], "majority", name="Web board"),),
    {
        "stage": "UAT",
        "priority": "Medium",
        "risk": "Low",
        "services": ["Corporate Website"],
        "assets": ["web-01"],
        "description": '<script>alert("no")</script><p>5 &lt; 6 &amp; <!-- not shown --> <b>bold</b> @here</p>',
    },
    days=4,
    hour=7,
)

DEMO = (WAITING, SECOND_OF_THREE, EVERYONE, HIGH_RISK_SOON, APPROVED, REJECTED, WITHOUT_EMAIL, WILD_TITLE)
