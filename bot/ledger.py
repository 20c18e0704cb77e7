"""The ledger: every attempt, refused and failed ones too, each entry chained to the one before.

An entry's hash is an HMAC, with a key that is not in Redis, over its number, time, kind, a seal of its details and the
hash before it. So whoever can write to Redis still cannot change, remove, insert or cut off an entry without `verify`
finding it; the head is sealed the same way, and is anchored once a day outside (`bot.archive`, and a message in Slack).

The chain holds a salted seal of the details instead of the details: personal data can be erased, salt and all, and
the chain still stands. What was erased is said by an entry of its own; details that are missing without one are found.

Writing an event twice writes it once. Old entries move to files; `entries` reads both.
"""

import asyncio
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel

from bot.archive import Anchor, Archive
from bot.models import LedgerEvent
from bot.store.ledger import Head, LedgerLog

ERASED = "erased"
"""The entry that says whose details were taken out, and of which entries."""


class Entry(BaseModel):
    """One line of the ledger; `number` counts from 1. `details` and `salt` are None once they were erased."""

    number: int
    event: str
    at: datetime
    what: str
    details: dict[str, str] | None
    salt: str | None
    seal: str
    key: str
    previous: str
    hash: str


class Verdict(NamedTuple):
    """What a check of the whole chain found: how many entries are sound, and the first trouble if any."""

    sound: int
    trouble: str | None


class Workspace(Protocol):
    """The Slack workspace that entries are about."""

    @property
    def id(self) -> str: ...

    @property
    def url(self) -> str: ...


class Home(Protocol):
    """Knows the workspace; the ledger is written whether or not Slack can be asked just now."""

    @property
    def known_workspace(self) -> Workspace | None: ...


class Ledger:
    """Writes and reads the chain. `keys`: the first seals, any of them checks.

    Every entry gets the workspace's id (`team`), and one that names a message (`place`: channel and ts) its address.
    """

    def __init__(self, log: LedgerLog, archive: Archive, keys: Sequence[bytes], home: Home | None = None) -> None:
        self._home = home
        self._log = log
        self._archive = archive
        self._keys = {_key_id(key): key for key in keys}
        self._sealing = _key_id(keys[0])
        self._writing = asyncio.Lock()
        self._head: Head | None = None

    async def write(self, event: LedgerEvent) -> None:
        """Append; goes on until it is in, whoever else writes meanwhile."""
        async with self._writing:
            while True:
                head = self._head or await self._log.head()
                entry = self._entry(event, head)
                fresh = Head(entry["hash"], entry["number"], self._mac(entry["hash"], entry["number"]))
                written = await self._log.append(event.id, _dump(entry), after=head, head=fresh)
                self._head = fresh if written == "added" else None
                if written != "moved":
                    return

    async def entries(self) -> AsyncIterator[Entry]:
        """Every entry, oldest first, files included."""
        async for text in self._lines():
            yield Entry.model_validate_json(text)

    async def head(self) -> Head:
        """The last link."""
        return await self._log.head()

    async def verify(self) -> Verdict:
        """Walk the chain from its beginning to its head, and look at every anchor on the way."""
        anchors = {anchor.number: anchor for anchor in self._archive.anchors()}
        bare: set[int] = set()
        previous, count = "", 0
        async for text in self._lines():
            entry = json.loads(text)
            if (trouble := self._trouble(entry, previous, count + 1, anchors)) is not None:
                return Verdict(count, trouble)
            bare |= {entry["number"]} if entry["details"] is None else set()
            bare -= _erased_by(entry)
            previous, count = entry["hash"], count + 1
        return Verdict(count, await self._trouble_at_the_end(previous, count, anchors, bare))

    def _trouble(self, entry: dict[str, Any], previous: str, number: int, anchors: Mapping[int, Anchor]) -> str | None:
        if entry["previous"] != previous or entry["number"] != number:
            return f"entry {number} does not follow the one before it: something was removed or inserted"
        key = self._keys.get(entry["key"])
        if key is None:
            return f"entry {number} was sealed with a key this bot no longer has; put it at the end of TOKEN_KEYS"
        if not hmac.compare_digest(entry["hash"], _hash(key, entry)):
            return f"entry {number} was changed after it was written"
        if entry["details"] is not None and entry["seal"] != _seal(entry["salt"], entry["details"]):
            return f"the details of entry {number} were changed after it was written"
        anchor = anchors.get(number)
        if anchor is not None and anchor.hash != entry["hash"]:
            return f"entry {number} is not the one that was anchored on {anchor.at:%Y-%m-%d}"
        return None

    async def _trouble_at_the_end(
        self, previous: str, count: int, anchors: Mapping[int, Anchor], bare: set[int]
    ) -> str | None:
        head = await self._log.head()
        if (head.hash, head.number) != (previous, count):
            return f"the ledger should have {head.number} entries and ends after {count}"
        if count and not self._is_sealed(head):
            return f"the end of the ledger was moved to entry {count}: what followed it was cut off"
        if anchors and max(anchors) > count:
            return f"the ledger had {max(anchors)} entries when it was anchored last and ends after {count}"
        if bare:
            return f"the details of entry {min(bare)} are gone, and no entry says that they were erased"
        return None

    async def erase(self, known_as: Collection[str], event: LedgerEvent) -> int:
        """Take the details of every entry that speaks of somebody out for good; answers of how many.

        `known_as` are their ids, addresses and names (see `mentions`). `event` says by whom and why; its details get
        the numbers.
        """
        return await self._erase(lambda entry: mentions(entry.details or {}, known_as), event)

    async def expire(self, before: datetime, event: LedgerEvent) -> int:
        """The same for everything older than a moment."""
        return await self._erase(lambda entry: entry.at < before and entry.what != ERASED, event)

    async def _erase(self, fits: Callable[[Entry], bool], event: LedgerEvent) -> int:
        numbers = [one.number async for one in self.entries() if one.details and fits(one)]
        if numbers:
            listed = {"person": "erased", "entries": " ".join(map(str, numbers))}
            await self.write(LedgerEvent(event.id, event.at, ERASED, {**event.details, **listed}))
        left = set(numbers)
        while left:  # a worker may move some to a file between the two
            await self._log.rewrite(left, _bare)
            self._archive.rewrite(left, _bare)
            left = {one.number async for one in self.entries() if one.details and one.number in left}
        return len(numbers)

    async def move_old(self, keep: int) -> int:
        """Move all but the newest `keep` entries to a file; answers how many. Cut anywhere, it is done again."""
        return await self._log.hand_over(keep, self._archive.store)

    async def _lines(self) -> AsyncIterator[str]:
        """Every entry once, though a cut-off move leaves some both in a file and in Redis."""
        last = 0
        for text in self._archive.lines():
            last = int(json.loads(text)["number"])
            yield text
        async for text in self._log.entries():
            if not last or int(json.loads(text)["number"]) > last:
                yield text

    def _entry(self, event: LedgerEvent, head: Head) -> dict[str, Any]:
        details, salt = {**event.details, **self._surroundings(event)}, secrets.token_hex(8)
        body: dict[str, Any] = {
            "number": head.number + 1,
            "event": event.id,
            "at": event.at.isoformat(),
            "what": event.what,
            "details": details,
            "salt": salt,
            "seal": _seal(salt, details),
            "key": self._sealing,
            "previous": head.hash,
        }
        return {**body, "hash": _hash(self._keys[self._sealing], body)}

    def _surroundings(self, event: LedgerEvent) -> dict[str, str]:
        workspace = self._home.known_workspace if self._home else None
        if workspace is None:
            return {}
        channel, _, ts = event.details.get("place", "").partition("/")
        link = f"{workspace.url}/archives/{channel}/p{ts.replace('.', '')}" if ts else ""
        return {"team": workspace.id, **({"message": link} if link else {})}

    def _mac(self, hash_: str, number: int) -> str:
        return _mac(self._keys[self._sealing], f"head|{number}|{hash_}")

    def _is_sealed(self, head: Head) -> bool:
        text = f"head|{head.number}|{head.hash}"
        return any(hmac.compare_digest(head.mac, _mac(key, text)) for key in self._keys.values())


def _hash(key: bytes, entry: Mapping[str, Any]) -> str:
    chained = [entry[name] for name in ("number", "event", "at", "what", "seal", "key", "previous")]
    return _mac(key, json.dumps(chained, ensure_ascii=False))


def _seal(salt: str, details: Mapping[str, str]) -> str:
    return _mac(salt.encode(), json.dumps(details, sort_keys=True, ensure_ascii=False))


def _mac(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), "sha256").hexdigest()


def _key_id(key: bytes) -> str:
    """Tells keys apart and gives nothing away."""
    return hashlib.sha256(b"ledger key id" + key).hexdigest()[:8]


def _bare(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "details": None, "salt": None}


def _erased_by(entry: Mapping[str, Any]) -> set[int]:
    """The entries whose details this one says were erased."""
    if entry["what"] != ERASED or entry["details"] is None:
        return set()
    return {int(number) for number in entry["details"].get("entries", "").split()}


def mentions(details: Mapping[str, str], known_as: Collection[str]) -> bool:
    """Whether the details speak of somebody: as a whole value, or inside a sentence such as a refusal's.

    A name of one word counts only as a whole value: inside a sentence it may be anything.
    """
    return any(word == value or _stands_in(word, value) for value in details.values() for word in known_as)


def _stands_in(word: str, sentence: str) -> bool:
    if word.isalpha() or word not in sentence:
        return False
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", sentence) is not None


def _dump(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry, ensure_ascii=False)
