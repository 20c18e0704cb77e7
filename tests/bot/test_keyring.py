"""The keys: from the settings, a file of one's own, or derived; and what each is good for."""

from pathlib import Path

import pytest

from bot.keyring import KEY_FILE, KeysWrong, keyring, new_key


def test_the_first_key_seals_and_any_opens(tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    sealed = keyring([old], tmp_path, shared=True, client_secret="fake").tokens.encrypt(b"x")
    both = keyring([new, old], tmp_path, shared=True, client_secret="fake")
    assert both.tokens.decrypt(sealed) == b"x"
    fresh = both.tokens.rotate(sealed)
    assert keyring([new], tmp_path, shared=True, client_secret="fake").tokens.decrypt(fresh) == b"x"


def test_embedded_state_gets_a_key_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    first = keyring([], tmp_path / "data", shared=False, client_secret="fake")
    path = tmp_path / "data" / KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    again = keyring([], tmp_path / "data", shared=False, client_secret="fake")
    assert again.tokens.decrypt(first.tokens.encrypt(b"x")) == b"x"
    assert first.may_link


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    keyring([], tmp_path, shared=False, client_secret="fake")
    (tmp_path / KEY_FILE).chmod(0o644)
    with pytest.raises(KeysWrong, match="chmod 600"):
        keyring([], tmp_path, shared=False, client_secret="fake")


def test_a_shared_redis_without_keys_seals_but_links_nobody(tmp_path: Path) -> None:
    derived = keyring([], tmp_path, shared=True, client_secret="fake")
    assert not derived.may_link
    assert not (tmp_path / KEY_FILE).exists()
    elsewhere = keyring([], tmp_path / "other machine", shared=True, client_secret="fake")
    assert elsewhere.tokens.decrypt(derived.tokens.encrypt(b"x")) == b"x"


def test_no_key_serves_two_purposes(tmp_path: Path) -> None:
    ring = keyring([new_key()], tmp_path, shared=True, client_secret="fake")
    assert ring.derived("links") != ring.derived("ledger")
    assert ring.derived("links") == ring.derived("links")


@pytest.mark.parametrize("bad", ["", "x", "é" * 44, "a" * 44])
def test_a_bad_key_is_named_by_its_place_and_never_shown(tmp_path: Path, bad: str) -> None:
    with pytest.raises(KeysWrong, match="key 2") as wrong:
        keyring([new_key(), bad], tmp_path, shared=True, client_secret="fake")
    assert not bad or bad not in str(wrong.value).replace("usable", "").replace("makes", "")
