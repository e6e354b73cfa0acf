import asyncio
import hashlib
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from guildhall.core.crypto import (
    PasswordHasher,
    SecretBox,
    SecretUnreadable,
    digest,
    hash_password,
    load_or_create_secret,
    needs_rehash,
    same,
    verify_password,
)
from guildhall.core.errors import Unavailable
from guildhall.settings import SettingsError

KEY = "a key of at least thirty-two characters"


def test_a_sealed_text_can_be_read_again_at_its_place_with_its_key() -> None:
    box = SecretBox(KEY, "oauth")
    for text in ("a token", "", "Zoë \N{PARTY POPPER}", "x" * 100_000):
        sealed = box.encrypt(text, place="row 1")
        assert re.fullmatch(r"g1\.[0-9a-f]{8}\.[A-Za-z0-9_-]+", sealed)
        assert len(text) < 5 or text not in sealed
        assert SecretBox(KEY, "oauth").decrypt(sealed, place="row 1") == text
    assert box.encrypt("a token", place="row 1") != box.encrypt("a token", place="row 1")


def test_a_sealed_text_is_refused_elsewhere_and_the_error_says_what_to_do() -> None:
    box = SecretBox(KEY, "oauth")
    sealed = box.encrypt("a token", place="row 1")
    flipped = sealed[:-5] + ("A" if sealed[-5] != "A" else "B") + sealed[-4:]
    with pytest.raises(SecretUnreadable, match=r"'oauth' at 'row 2'.*moved here from another row"):
        box.decrypt(sealed, place="row 2")
    for damaged in (flipped, sealed[:-1], sealed + "A", sealed + "AA"):
        with pytest.raises(SecretUnreadable, match="it was changed"):
            box.decrypt(damaged, place="row 1")
    with pytest.raises(SecretUnreadable, match=r"another SECRET_KEY \(key [0-9a-f]{8}, now [0-9a-f]{8}\); set the"):
        SecretBox("another key of thirty-two characters!", "oauth").decrypt(sealed, place="row 1")
    with pytest.raises(SecretUnreadable, match="another SECRET_KEY"):
        SecretBox(KEY, "totp").decrypt(sealed, place="row 1")
    for unknown in ("", "a token", sealed.replace("g1.", "g2."), "g1.0123abcd.short", sealed + "é"):
        with pytest.raises(SecretUnreadable, match="not in a form this version knows"):
            box.decrypt(unknown, place="row 1")


def test_no_error_shows_the_secret_or_the_key() -> None:
    box = SecretBox(KEY, "oauth")
    with pytest.raises(SecretUnreadable) as refusal:
        box.decrypt(box.encrypt("the very secret", place="a"), place="b")
    assert "very secret" not in str(refusal.value)
    assert KEY not in str(refusal.value)


def test_a_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    secret = load_or_create_secret(data, "secret-key")
    assert len(secret) >= 43
    assert load_or_create_secret(data, "secret-key") == secret
    assert load_or_create_secret(data, "other") != secret
    folder = data / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {(path.name, stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir()} == {
        ("secret-key", 0o600),
        ("other", 0o600),
    }


def test_an_empty_secret_or_a_name_that_is_a_path_is_refused(tmp_path: Path) -> None:
    load_or_create_secret(tmp_path, "secret-key")
    (tmp_path / "secrets" / "secret-key").write_text("\n")
    with pytest.raises(SettingsError, match="is empty; restore it"):
        load_or_create_secret(tmp_path, "secret-key")
    for name in ("../up", "", "a/b", ".hidden"):
        with pytest.raises(ValueError, match="no name for a secret"):
            load_or_create_secret(tmp_path, name)


def test_processes_that_start_together_get_the_same_secret(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from guildhall.core.crypto import load_or_create_secret;"
        "print('ready', flush=True); sys.stdin.readline();"
        "print(load_or_create_secret(Path(sys.argv[1]), 'secret-key'))"
    )
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for each in starters:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    secrets = {each.communicate("go\n", timeout=60)[0] for each in starters}
    assert len(secrets) == 1
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["secret-key"]


def test_a_token_is_recognised_by_its_digest_and_compared_whole() -> None:
    assert digest("chb_ut_abc") == hashlib.sha256(b"chb_ut_abc").hexdigest()
    assert same("Zoë", "Zoë")
    assert not same("Zoë", "Zoe")
    assert not same("a", "")
    assert not same("\ud800", "a")
    assert digest("\ud800")


def test_a_password_is_recognised_and_an_unknown_account_is_not() -> None:
    stored = hash_password("correct horse")
    assert stored.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert stored != hash_password("correct horse")
    assert verify_password(stored, "correct horse")
    assert not verify_password(stored, "correct horsf")
    assert not verify_password(stored, "\ud800")
    assert not verify_password(None, "correct horse")


def test_a_password_typed_on_another_system_is_the_same() -> None:
    assert verify_password(hash_password("Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}"), "Zoe\N{COMBINING DIAERESIS}")


def test_a_hash_of_other_parameters_is_still_valid_and_asks_to_be_replaced() -> None:
    old = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$"
    assert not needs_rehash(hash_password("x"))
    assert needs_rehash(old + "AAAAAAAAAAAAAAAAAAAAAA")
    assert not verify_password(old + "AAAAAAAAAAAAAAAAAAAAAA", "x")


async def test_hashing_leaves_the_loop_free_and_is_bounded() -> None:
    hasher = PasswordHasher(at_once=1, waiting=1)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    busy = asyncio.create_task(others())
    first = asyncio.create_task(hasher.hash("correct horse"))
    second = asyncio.create_task(hasher.verify(None, "correct horse"))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="Too many people"):
        await hasher.hash("one too many")
    stored = await first
    assert turns > 10
    assert not await second
    assert await hasher.verify(stored, "correct horse")
    busy.cancel()
    hasher.close()
