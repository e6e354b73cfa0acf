"""The file that holds the token."""

from pathlib import Path

import pytest

from guildhall.client.failures import NotLoggedIn
from guildhall.client.login_file import Login, LoginFile
from guildhall.client.sheets import plain
from tests.client.terminal import Terminal

LOGIN = Login("https://hub.example.org", "chb_ut_x")


def test_a_login_lies_where_the_desktop_says_and_only_its_owner_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    at_home = tmp_path / ".config" / "guildhall" / "login.json"
    assert LoginFile.of({}).path == LoginFile.of({"XDG_CONFIG_HOME": "relative"}).path == at_home
    file = LoginFile.of({"XDG_CONFIG_HOME": str(tmp_path / "elsewhere")})
    file.path.parent.mkdir(parents=True, mode=0o755)
    for login in (Login("https://old.example.org", "chb_ut_old"), LOGIN):
        file.make_folder()
        file.write(login)
        assert file.read() == login
    assert [each.name for each in file.path.parent.iterdir()] == ["login.json"], "no draft is left"
    assert (file.path.stat().st_mode & 0o777, file.path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    file.forget()
    file.forget()
    with pytest.raises(NotLoggedIn, match="You are not logged in"):
        file.read()


def test_a_file_that_others_may_read_is_refused_and_one_that_is_broken_too(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    terminal.log_in(LOGIN.server, LOGIN.token)
    path = terminal.login.path
    for mode in (0o644, 0o640, 0o604, 0o700):
        path.chmod(mode)
        code, why = terminal.refused("rooms")
        assert (code, f"mode {mode:04o}" in why) == (3, True)
    path.chmod(0o600)
    for broken in (b"", b"{", b"[]", b'{"server": "https://hub.example.org"}', b'{"server": "\xff"}'):
        path.write_bytes(broken)
        code, why = terminal.refused("rooms")
        assert (code, f"The login in {path} is broken" in why) == (3, True), broken
    path.unlink()
    path.mkdir()
    code, why = terminal.refused("rooms")
    assert (code, "cannot be read" in why) == (3, True)


def test_a_file_that_cannot_be_used_is_removed_by_a_logout_that_insists(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    terminal.log_in(LOGIN.server, LOGIN.token)
    terminal.login.path.write_text("{")
    assert terminal.refused("logout")[0] == 3
    assert "is broken" in terminal.said("logout", "--forget")
    assert not terminal.login.path.exists()


def test_what_other_people_wrote_does_not_command_the_terminal() -> None:
    assert plain("Yoga \x1b[2J\u202e\n\x9b") == "Yoga \ufffd[2J\ufffd\ufffd\ufffd"
    assert plain("Café 🎉 日本") == "Café 🎉 日本"
