"""What the bot counts and measures, for Prometheus. `/metrics` (`bot.web`) prints it; docs/runbook.md says what to do.

Counters and times are this process's own: Prometheus adds them up. Gauges about what all processes share (the queue,
who waits, the budget) are read from Redis when somebody asks (`bot.watch`), so every process shows the same.
prometheus-client's registry is one a process, and so is this module.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from time import perf_counter

from prometheus_client import Counter, Gauge, Histogram

from bot.models import DecisionState

QUICK = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3)
"""Seconds; Slack waits three for an acknowledgement."""
SLOW = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)

GESTURES = Histogram("sdp_bot_gesture_seconds", "From Slack's delivery to its answer.", ["status"], buckets=QUICK)
DECISIONS = Counter("sdp_bot_decisions_total", "Decisions that came into a state.", ["state"])
for _state in DecisionState:
    DECISIONS.labels(_state)  # a counter that appears with its first event has no increase to alert on
REFUSALS = Counter("sdp_bot_refusals_total", "Decisions that a rule of the bot's refused.", ["rule"])
STAGES = Histogram("sdp_bot_decision_seconds", "A decision's time in one stage.", ["stage"], buckets=SLOW)
SDP_CALLS = Histogram("sdp_bot_sdp_call_seconds", "Calls to SDP.", ["kind", "outcome"], buckets=SLOW)
SLACK_CALLS = Histogram("sdp_bot_slack_call_seconds", "Calls to Slack's API.", ["method", "outcome"], buckets=SLOW)
JOBS = Histogram("sdp_bot_job_seconds", "Runs of jobs.", ["job", "outcome"], buckets=SLOW)

PENDING = Gauge("sdp_bot_pending_approvals", "Approvals that wait for somebody.")
PENDING_AGE = Gauge("sdp_bot_pending_oldest_seconds", "For how long the longest waiting approval has been asked for.")
OPEN = Gauge("sdp_bot_open_decisions", "Decisions that are not settled.")
QUEUE = Gauge("sdp_bot_queue_jobs", "Jobs by what they wait for.", ["state"])
QUEUE_AGE = Gauge("sdp_bot_queue_oldest_seconds", "How late the oldest due job is.")
CARD_DRIFT = Gauge("sdp_bot_card_drift_seconds", "How late the oldest update of a card is.")
BUDGET_LEFT = Gauge("sdp_bot_sdp_budget_left_calls", "Calls to SDP that could be made at once.")
SOCKET_AGE = Gauge("sdp_bot_socket_age_seconds", "Age of the socket to Slack; 0: it is down, or HTTP is spoken.")
REDIS_UP = Gauge("sdp_bot_redis_up", "Whether Redis could be asked for the gauges.")


def decision_moved(state: str, rule: str, *, asked: datetime, sent: datetime | None, now: datetime) -> None:
    """A decision is in another state; `asked` is the click, `sent` when SDP was about to be told."""
    DECISIONS.labels(state).inc()
    if rule:
        REFUSALS.labels(rule).inc()
    if state == "sending":
        STAGES.labels("click to sending").observe((now - asked).total_seconds())
    elif sent is not None and state == "confirmed":
        STAGES.labels("sending to confirmed").observe((now - sent).total_seconds())


def card_shown(settled: datetime, now: datetime) -> None:
    """A card shows a settled decision for the first time."""
    STAGES.labels("settled to card").observe((now - settled).total_seconds())


def sdp_called(kind: str, outcome: str, seconds: float) -> None:
    SDP_CALLS.labels(kind, outcome).observe(seconds)


@contextmanager
def slack_call(method: str) -> Iterator[None]:
    """Measures one call; its outcome is `ok` or the name of what it raised."""
    with _measured(SLACK_CALLS, method):
        yield


@contextmanager
def job_run(name: str) -> Iterator[None]:
    """Measures one run of a job."""
    with _measured(JOBS, name):
        yield


@contextmanager
def _measured(what: Histogram, name: str) -> Iterator[None]:
    began, outcome = perf_counter(), "ok"
    try:
        yield
    except BaseException as error:
        outcome = type(error).__name__
        raise
    finally:
        what.labels(name, outcome).observe(perf_counter() - began)
