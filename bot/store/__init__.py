"""The door to Redis: every key this bot keeps, and the few atomic steps everything else is built on.

Only the Redis protocol is assumed; the server is the embedded Valkey or whatever `REDIS_URL` names, shared by any
number of processes. Each kind of record has a class here; keys are made in `keys`, scripts live in `scripts`.

A step that must not be cut in two is one Lua script: recording an intent and waking the job that works on it
happen together or not at all. Writes are never blindly repeated: a step that is asked twice answers the same.

Outages raise `redis.RedisError`. Of those, `AnswerLost` means that a write may have been carried out all the same.
"""

from bot.store.asks import Asks
from bot.store.brake import BrakeMark, Brakes
from bot.store.budget import RedisBudget
from bot.store.cards import CardCopy, Cards
from bot.store.connection import AnswerLost, Store, answered_within, connect
from bot.store.decisions import DELIVERY_KEPT, Decisions, Wake
from bot.store.digests import DigestRecord, Digests, DigestState, RunProgress, TeamDigest
from bot.store.health import Health
from bot.store.ledger import LedgerLog
from bot.store.links import Link, Links, Mapping, Ticket
from bot.store.memory import Memory
from bot.store.operations import Operations
from bot.store.overviews import OverviewText
from bot.store.pace import PostPace
from bot.store.preferences import PreferenceRecords
from bot.store.releases import Asked, Books, Known, Releases, Walk
from bot.store.tokens import RedisTokens

__all__ = [
    "DELIVERY_KEPT",
    "AnswerLost",
    "Asked",
    "Asks",
    "Books",
    "BrakeMark",
    "Brakes",
    "CardCopy",
    "Cards",
    "Decisions",
    "DigestRecord",
    "DigestState",
    "Digests",
    "Health",
    "Known",
    "LedgerLog",
    "Link",
    "Links",
    "Mapping",
    "Memory",
    "Operations",
    "OverviewText",
    "PostPace",
    "PreferenceRecords",
    "RedisBudget",
    "RedisTokens",
    "Releases",
    "RunProgress",
    "Store",
    "TeamDigest",
    "Ticket",
    "Wake",
    "Walk",
    "answered_within",
    "connect",
]
