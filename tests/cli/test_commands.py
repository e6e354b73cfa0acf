"""The other commands: administrators, keys, settings."""

import re
from pathlib import Path

import httpx
import pytest

from guildhall import __version__
from guildhall.settings import documented
from guildhall.settings_page import settings_page
from tests.cli.program import run, serving
from tests.cli.test_serve import PASSWORD, is_signed_in, sign_in

REPOSITORY = Path(__file__).parents[2]
OTHER = "another good password"


def test_the_page_of_settings_is_what_the_code_declares(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs" / "settings.md").read_text()
    assert page == settings_page(documented()), "make it again: guildhall settings > docs/settings.md"
    shown = run(tmp_path, "settings")
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, page, "")
    names = re.findall(r"^\| `([A-Z0-9_]+)`", page, re.MULTILINE)
    assert names == [field.metadata["names"][0] for _, group in documented() for field, _ in group]


def test_the_page_notices_a_setting_that_was_added_or_changed() -> None:
    groups = [(kind, list(fields)) for kind, fields in documented()]
    page = settings_page(groups)
    (kind, fields), *others = groups
    for changed in ([*fields, fields[0]], fields[1:], [(fields[0][0], "another default"), *fields[1:]]):
        assert settings_page([(kind, changed), *others]) != page


def test_help_and_version_are_told_without_a_house(tmp_path: Path) -> None:
    assert run(tmp_path, "version").stdout == f"{__version__}\n"
    shown = run(tmp_path, "--help", DATABASE_URL="nonsense")
    assert shown.returncode == 0
    for command in ("serve", "demo", "admin", "settings", "version"):
        assert command in shown.stdout
    assert run(tmp_path, "dance").returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_the_first_administrator_is_made_once_and_anybodys_password_is_set(tmp_path: Path) -> None:
    weak = run(tmp_path, "admin", "create", "ada", given="short\n")
    assert (weak.returncode, weak.stderr) == (1, "A password has between 10 and 200 characters\n")
    made = run(tmp_path, "admin", "create", "Ada", "--email", "ada@hub.test", given=f"{PASSWORD}\n")
    assert (made.returncode, made.stdout) == (0, "Ada can now sign in at http://localhost:8080/panel\n")
    again = run(tmp_path, "admin", "create", "grace", given=f"{PASSWORD}\n")
    assert again.returncode == 1
    assert again.stderr == "This installation has an administrator already; use `guildhall admin password`.\n"
    nobody = run(tmp_path, "admin", "password", "[grace]", given=f"{OTHER}\n")
    assert (nobody.returncode, nobody.stderr) == (1, "Nobody signs in as '[grace]'.\n")

    with serving(tmp_path, ENVIRONMENT="production") as program:
        assert "administrator" not in program.told
        with program.client() as before:
            assert sign_in(before, "ada", PASSWORD).status_code == 303
            changed = run(tmp_path, "admin", "password", "ada", given=f"{OTHER}\n")
            assert changed.stdout == "The password of Ada is changed, and their sessions are over.\n"
            assert not is_signed_in(before)
            assert sign_in(before, "ada", PASSWORD).status_code == 401
            assert sign_in(before, "ada", OTHER).status_code == 303
    for ended in (weak, made, again, nobody, changed):
        assert not re.search(rf"Traceback|{PASSWORD}|{OTHER}", ended.stdout + ended.stderr)


def test_a_new_master_key_takes_the_place_of_the_old_one_at_once(tmp_path: Path) -> None:
    with serving(tmp_path) as program:
        (old,) = re.findall(r"chb_admin_\w+", program.told)
        shown = run(tmp_path, "admin", "key")
        assert re.fullmatch(r"chb_admin_\w{40}\n", shown.stdout)
        new = shown.stdout.strip()
        statuses = [
            httpx.get(f"{program.url}/v1/rooms", headers={"Authorization": f"Bearer {key}"}).status_code
            for key in (old, new)
        ]
        assert statuses == [401, 200]
    fixed = run(tmp_path, "admin", "key", ADMIN_API_KEY="chb_admin_set_by_the_operator")
    assert (fixed.returncode, fixed.stdout) == (1, "")
    assert fixed.stderr == "The master key is set by ADMIN_API_KEY; change it there.\n"


@pytest.mark.parametrize(
    "command", [("admin", "create", "ada"), ("admin", "password", "ada"), ("admin", "key"), ("demo",)]
)
def test_a_command_that_cannot_reach_its_house_says_so(tmp_path: Path, command: tuple[str, ...]) -> None:
    ended = run(tmp_path, *command, given=f"{PASSWORD}\n", DATABASE_URL="postgresql://ada:hunter2@127.0.0.1:1/x")
    assert ended.returncode == 1
    assert ended.stderr.startswith("The database cannot be brought up to date: connection failed")
    assert not re.search(r"Traceback|hunter2", ended.stderr + ended.stdout)
