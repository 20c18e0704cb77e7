"""The ledger: a chain nobody can bend unnoticed, that forgets people without breaking, and moves out of Redis."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.archive import Anchor, Archive
from bot.ledger import Ledger
from bot.models import LedgerEvent
from bot.store import LedgerLog, Store

KEY, OTHER = b"k" * 32, b"o" * 32
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def event(number: int, person: str = "U0ARJUN", **details: str) -> LedgerEvent:
    return LedgerEvent(f"event-{number}", NOW + timedelta(minutes=number), "asked", {"person": person, **details})


class Book:
    """A ledger of five entries, and hands that can reach into Redis and into the files."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.archive = Archive(folder)
        self.ledger = self.read_with(KEY)

    def read_with(self, *keys: bytes) -> Ledger:
        return Ledger(LedgerLog(self.store), self.archive, keys)

    async def fill(self, count: int = 5) -> None:
        for number in range(1, count + 1):
            await self.ledger.write(event(number, comment=f"comment {number}"))

    async def lines(self) -> list[dict[str, Any]]:
        raw = await self.store.redis.lrange(self.store.keys.ledger, 0, -1)
        return [json.loads(line) for line in raw]

    async def put(self, index: int, entry: dict[str, Any]) -> None:
        await self.store.redis.lset(self.store.keys.ledger, index, json.dumps(entry, ensure_ascii=False))

    async def trouble(self) -> str:
        found = (await self.read_with(KEY).verify()).trouble
        assert found is not None, "nothing was noticed"
        return found


@pytest.fixture
async def book(store: Store, tmp_path: Path) -> Book:
    book = Book(store, tmp_path / "ledger")
    await book.fill()
    return book


async def test_a_ledger_nobody_touched_is_sound(book: Book) -> None:
    assert await book.ledger.verify() == (5, None)


async def test_an_empty_ledger_is_sound(store: Store, tmp_path: Path) -> None:
    assert await Book(store, tmp_path).ledger.verify() == (0, None)


async def test_an_event_written_twice_is_there_once(book: Book) -> None:
    await book.ledger.write(event(3))
    assert await book.ledger.verify() == (5, None)


@pytest.mark.parametrize("field", ["at", "what", "event"])
async def test_a_changed_field_is_found(book: Book, field: str) -> None:
    entry = (await book.lines())[2]
    await book.put(2, {**entry, field: "2020-01-01T00:00:00+00:00"})
    assert await book.trouble() == "entry 3 was changed after it was written"


async def test_changed_details_are_found(book: Book) -> None:
    entry = (await book.lines())[2]
    await book.put(2, {**entry, "details": {**entry["details"], "person": "U0MARA"}})
    assert await book.trouble() == "the details of entry 3 were changed after it was written"


async def test_details_taken_out_without_a_word_are_found(book: Book) -> None:
    entry = (await book.lines())[2]
    await book.put(2, {**entry, "details": None, "salt": None})
    assert "details of entry 3 are gone" in await book.trouble()


async def test_a_removed_entry_is_found(book: Book) -> None:
    entries = await book.lines()
    await book.store.redis.lrem(book.store.keys.ledger, 1, json.dumps(entries[2], ensure_ascii=False))
    assert "entry 3 does not follow" in await book.trouble()


async def test_an_inserted_entry_is_found(book: Book) -> None:
    forged = (await book.lines())[2]
    await book.store.redis.linsert(
        book.store.keys.ledger, "BEFORE", json.dumps((await book.lines())[3], ensure_ascii=False), json.dumps(forged)
    )
    assert "entry 4 does not follow" in await book.trouble()


async def test_a_whole_chain_forged_without_the_key_is_found(book: Book) -> None:
    """Somebody who owns Redis writes a consistent ledger of their own, with a key of their own."""
    await book.store.redis.flushall()
    forger = book.read_with(OTHER)
    await forger.write(event(1))
    assert "a key this bot no longer has" in await book.trouble()
    entry = (await book.lines())[0]
    own = next(iter(book.read_with(KEY)._keys))
    await book.put(0, {**entry, "key": own})
    assert "was changed" in await book.trouble()


async def test_a_cut_off_end_is_found_even_with_the_head_put_back(book: Book) -> None:
    entries = await book.lines()
    await book.store.redis.rpop(book.store.keys.ledger)
    assert "should have 5 entries and ends after 4" in await book.trouble()
    await book.store.redis.hset(book.store.keys.ledger_head, mapping={"hash": entries[3]["hash"], "seq": 4})
    assert "what followed it was cut off" in await book.trouble()


async def test_a_ledger_put_back_to_yesterday_is_found_by_its_anchor(book: Book) -> None:
    keys = book.store.keys
    entries, head = await book.store.redis.lrange(keys.ledger, 0, -1), await book.store.redis.hgetall(keys.ledger_head)
    await book.ledger.write(event(6))
    now = await book.ledger.head()
    book.archive.anchor(Anchor(at=NOW, number=now.number, hash=now.hash))
    await book.store.redis.delete(keys.ledger)
    await book.store.redis.rpush(keys.ledger, *entries)
    await book.store.redis.hset(keys.ledger_head, mapping=head)
    assert "had 6 entries when it was anchored last" in await book.trouble()


async def test_an_anchor_of_another_chain_is_found(book: Book) -> None:
    book.archive.anchor(Anchor(at=NOW, number=3, hash="0" * 64))
    assert await book.trouble() == "entry 3 is not the one that was anchored on 2026-11-20"


async def test_a_new_key_goes_on_and_the_old_one_still_proves(book: Book) -> None:
    await book.read_with(OTHER, KEY).write(event(6))
    assert await book.read_with(OTHER, KEY).verify() == (6, None)
    verdict = await book.read_with(OTHER).verify()
    assert verdict.trouble == "entry 1 was sealed with a key this bot no longer has; put it at the end of TOKEN_KEYS"


async def test_somebody_erased_leaves_a_whole_chain(book: Book) -> None:
    await book.ledger.write(event(6, person="U0MARA", comment="hers"))
    assert await book.ledger.erase({"U0ARJUN"}, LedgerEvent("erasing", NOW, "erased", {"by": "cli"})) == 5
    assert await book.ledger.verify() == (7, None)
    text = "".join([entry.model_dump_json() async for entry in book.ledger.entries()])
    assert "U0ARJUN" not in text
    assert "comment 3" not in text
    assert "hers" in text


@pytest.mark.parametrize(
    ("said", "speaks_of_her"),
    [
        ("This decision is Mara Lindqvist's, so nothing was sent.", True),
        ("U0MARA", True),
        ("linked mara@example.com", True),
        ("Mara", True),
        ("Tamara Lindqvistson", False),
        ("Marathon: ask Mara in person", False),
        ("tamara@example.com", False),
    ],
)
async def test_who_is_erased_is_known_by_name_also_inside_a_sentence(
    book: Book, said: str, speaks_of_her: bool
) -> None:
    await book.ledger.write(event(6, person="U0TESS", note=said))
    known_as = {"U0MARA", "Mara Lindqvist", "Mara", "mara@example.com"}
    erased = await book.ledger.erase(known_as, LedgerEvent("erasing", NOW, "erased", {"by": "cli"}))
    assert erased == int(speaks_of_her)


async def test_what_is_too_old_loses_its_details_and_keeps_its_place(book: Book) -> None:
    """The first three entries are from before 09:03:30."""
    moment = NOW + timedelta(minutes=3, seconds=30)
    assert await book.ledger.expire(moment, LedgerEvent("expiring", NOW, "erased", {"by": "cli"})) == 3
    assert await book.ledger.verify() == (6, None)
    kept = [entry.number async for entry in book.ledger.entries() if entry.details]
    assert kept == [4, 5, 6]


async def test_old_entries_move_to_files_and_are_read_from_there(book: Book) -> None:
    assert await book.ledger.move_old(keep=2) == 3
    assert len(await book.lines()) == 2
    assert [entry.number async for entry in book.ledger.entries()] == [1, 2, 3, 4, 5]
    assert await book.ledger.verify() == (5, None)
    await book.ledger.write(event(6))
    assert await book.ledger.move_old(keep=1) == 2
    assert await book.ledger.verify() == (6, None)


async def test_a_move_cut_off_before_redis_let_go_counts_nothing_twice(book: Book) -> None:
    lines = await book.store.redis.lrange(book.store.keys.ledger, 0, 2)
    book.archive.store(1, 3, lines)
    assert await book.ledger.verify() == (5, None)
    assert await book.ledger.move_old(keep=2) == 3
    assert await book.ledger.verify() == (5, None)


async def test_a_file_somebody_changed_is_found(book: Book) -> None:
    await book.ledger.move_old(keep=0)
    path = next(book.archive._folder.glob("entries-*"))
    path.write_text(path.read_text().replace("comment 2", "comment 9"))
    assert await book.trouble() == "the details of entry 2 were changed after it was written"


async def test_a_lost_file_is_found(book: Book) -> None:
    await book.ledger.move_old(keep=2)
    next(book.archive._folder.glob("entries-*")).unlink()
    assert "entry 1 does not follow" in await book.trouble()


async def test_somebody_in_the_files_is_erased_there_too(book: Book) -> None:
    await book.ledger.move_old(keep=2)
    await book.ledger.erase({"U0ARJUN"}, LedgerEvent("erasing", NOW, "erased", {}))
    assert await book.ledger.verify() == (6, None)
    assert "U0ARJUN" not in "".join(book.archive.lines())


@pytest.mark.parametrize("seed", range(10))
async def test_somebody_is_erased_while_a_worker_moves_entries_to_a_file(book: Book, seed: int) -> None:
    """Two processes: moving shifts the places in Redis, and what it moves is on its way to a file."""
    await book.fill(40)
    erase = book.ledger.erase({"U0ARJUN"}, LedgerEvent("erasing", NOW, "erased", {}))

    async def move() -> None:
        for _ in range(seed):
            await asyncio.sleep(0)
        for keep in (30, 20, 10, 3):
            await book.read_with(KEY).move_old(keep)

    await asyncio.gather(erase, move())
    sound = await book.read_with(KEY).verify()
    assert sound == (41, None)
    assert "U0ARJUN" not in "".join([*book.archive.lines(), *map(str, await book.lines())])


async def test_many_writers_make_one_chain(book: Book) -> None:
    writers = [book.read_with(KEY) for _ in range(4)]
    await asyncio.gather(*(writers[number % 4].write(event(100 + number)) for number in range(60)))
    assert await book.ledger.verify() == (65, None)


async def test_files_and_folder_are_their_owners_alone(book: Book) -> None:
    await book.ledger.move_old(keep=0)
    for path in (book.archive._folder, *book.archive._folder.iterdir()):
        assert path.stat().st_mode & 0o077 == 0
