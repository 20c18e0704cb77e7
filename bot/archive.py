"""The ledger's files in `DATA_DIR/ledger`: entries that have left Redis, and where the chain's end was each day.

Files are written beside and renamed into place, so that there is never half of one; a file's name says which entries
are in it. Nothing here is secret, and all of it is personal data: the folder is its owner's alone.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

ANCHORS = "anchors.jsonl"


class Anchor(BaseModel):
    """Where the chain's end was at a moment."""

    at: datetime
    number: int
    hash: str


class Archive:
    """Reads, writes and rewrites the files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def store(self, first: int, last: int, lines: Iterable[str]) -> None:
        """Keep entries `first` to `last` in a file of their own; doing it again writes the same."""
        self._replace(self._folder / f"entries-{first:09}-{last:09}.jsonl", lines)

    def lines(self) -> Iterator[str]:
        """Every entry in the files, oldest first, each once."""
        last = 0
        for path in self._files():
            for line in _lines_of(path):
                number = int(json.loads(line)["number"])
                if number > last:
                    last = number
                    yield line

    def rewrite(self, numbers: Iterable[int], change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Put `change` of these entries in their place."""
        wanted = set(numbers)
        for path in self._files():
            entries = [json.loads(line) for line in _lines_of(path)]
            if any(entry["number"] in wanted for entry in entries):
                changed = (change(entry) if entry["number"] in wanted else entry for entry in entries)
                self._replace(path, (json.dumps(entry, ensure_ascii=False) for entry in changed))

    def anchor(self, anchor: Anchor) -> None:
        """Note where the chain's end is."""
        kept = [one.model_dump_json() for one in self.anchors() if one.number != anchor.number]
        self._replace(self._folder / ANCHORS, [*kept, anchor.model_dump_json()])

    def anchors(self) -> list[Anchor]:
        """Every anchor, oldest first."""
        path = self._folder / ANCHORS
        return [Anchor.model_validate_json(line) for line in _lines_of(path)] if path.exists() else []

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("entries-*.jsonl"))

    def _replace(self, path: Path, lines: Iterable[str]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                Path(name).unlink()


def _lines_of(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield line.rstrip("\n")
