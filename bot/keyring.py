"""The keys that seal what the bot keeps: tokens at rest, the links people open, the ledger's chain.

TOKEN_KEYS are Fernet keys, newest first: the first one seals, any of them opens. Without them the embedded state gets
a key file beside its data (`token.key`, mode 0600). A shared Redis has no such place, so there only access tokens are
sealed, with a key derived from the client secret: they live an hour and every process can make the same key. Nobody
can connect an account then, because a refresh token must outlive the client secret.

Other keys are derived (HKDF, RFC 5869), one for each purpose, so that no key ever serves two.
"""

import base64
import contextlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.errors import BotError

KEY_FILE = "token.key"


class KeysWrong(BotError):
    """A key is not one; the text says which and how to make one. Never the key itself."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """`tokens` seals and opens; `source` says where the keys are from."""

    source: Literal["settings", "file", "derived"]
    _keys: tuple[bytes, ...]

    @property
    def tokens(self) -> MultiFernet:
        return MultiFernet([Fernet(key) for key in self._keys])

    @property
    def may_link(self) -> bool:
        """Whether refresh tokens of people may be kept."""
        return self.source != "derived"

    def derived(self, purpose: str) -> tuple[bytes, ...]:
        """32 bytes for a purpose from each key; the first makes, any of them checks."""
        return tuple(_derive(key, purpose) for key in self._keys)


def keyring(given: Sequence[str], data_dir: Path, *, shared: bool, client_secret: str) -> Keyring:
    """The keys of this bot. `shared`: the state is in a Redis of its own, maybe on other machines. Raises KeysWrong."""
    if given:
        return Keyring("settings", tuple(_checked(key, number) for number, key in enumerate(given, start=1)))
    if shared:
        seed = client_secret.encode()
        return Keyring("derived", (base64.urlsafe_b64encode(_derive(seed, "access tokens")),))
    return Keyring("file", (_key_file(data_dir),))


def new_key() -> str:
    """A fresh key for TOKEN_KEYS."""
    return Fernet.generate_key().decode()


def _checked(key: str, number: int) -> bytes:
    try:
        Fernet(key)
    except (ValueError, TypeError):
        raise KeysWrong(
            f"TOKEN_KEYS: key {number} is not usable. `sdp-bot keys new` makes one: 44 characters, ending in =."
        ) from None
    return key.encode()


def _derive(key: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=f"sdp-bot {purpose}".encode()).derive(key)


def _key_file(folder: Path) -> bytes:
    """Made once, readable by its owner only; linked into place, so that nobody ever reads half of it."""
    path = folder / KEY_FILE
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_bytes(Fernet.generate_key())
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    if path.stat().st_mode & 0o077:
        raise KeysWrong(f"{path} can be read by others. Run: chmod 600 {path}")
    return path.read_bytes().strip()
