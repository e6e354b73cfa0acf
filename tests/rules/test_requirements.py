"""What the project is made of is pinned, hashed, free of addresses and written down."""

import re
import shutil
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tools.locks import direct_dependencies, faults

REPOSITORY = Path(__file__).parents[2]

# Written so that the pattern does not find itself.
INDEX = re.compile(rb"py[p]i\.(?:org|python\.org)|python[h]osted\.org|npm[j]s\.(?:org|com)|\[\[tool\.uv\.[i]ndex\]\]")

MADE_HERE = {".git", ".hypothesis", ".venv", "__pycache__", "build", "data", "dist"}

ROW = re.compile(r"^\| *`([^`]+)`", re.MULTILINE)
"""The first cell of a row in docs/dependencies.md."""


def differences(page: str, asked: set[str]) -> dict[str, set[str]]:
    documented = set(ROW.findall(page))
    return {"missing": asked - documented, "no longer used": documented - asked}


def files_naming_an_index(files: Iterable[Path]) -> list[str]:
    return [path.name for path in files if INDEX.search(path.read_bytes())]


def files_of_the_repository(folder: Path) -> Iterator[Path]:
    # Git is not asked, because a checkout may belong to another user, and then it answers nothing.
    for path in folder.iterdir():
        if path.is_file() and path.name != ".env":
            yield path
        elif path.is_dir() and path.name not in MADE_HERE and not path.name.endswith("_cache"):
            yield from files_of_the_repository(path)


def test_the_lock_files_fit_pyproject() -> None:
    assert faults(REPOSITORY) == []


@pytest.mark.parametrize(
    ("file", "found", "written", "complaint"),
    [
        ("requirements/run.txt", r"==(\S+) ", ">=\\1 ", "is not pinned to one version"),
        ("requirements/run.txt", r"(?: \\\n +--hash=\S+)+", "", "has no SHA-256 hash"),
        ("requirements/run.txt", r"sha256:", "md5:", "has no SHA-256 hash"),
        ("requirements/test.txt", r"\A", "--index-url https://packages.example/simple\n", "names an index"),
        ("requirements/test.txt", r"\A", "--find-links /home/somebody/wheels\n", "names an index or a place"),
        ("requirements/test.txt", r"^litestar==\S+", "litestar==0.1", "but pyproject.toml asks for"),
        ("requirements/test.txt", r"^granian==\S+", "granian==2.8.0", "is not what the tests run with"),
        ("requirements/bootstrap.txt", r"^uv==", "uw==", "uv is missing"),
        ("pyproject.toml", r'^    "litestar.*\n', "", "which no longer names it"),
        ("pyproject.toml", r'"litestar>=.*"', '"litestar>=99"', "but pyproject.toml asks for litestar>=99"),
        ("pyproject.toml", r"^dependencies = \[", 'dependencies = ["flask",', "run.txt: flask is missing"),
    ],
)
def test_a_lock_file_that_does_not_fit_is_complained_about(
    tmp_path: Path, file: str, found: str, written: str, complaint: str
) -> None:
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    shutil.copytree(REPOSITORY / "requirements", tmp_path / "requirements")
    text, changes = re.subn(found, written, (tmp_path / file).read_text(), count=1, flags=re.MULTILINE)
    assert changes == 1
    (tmp_path / file).write_text(text)
    assert complaint in "\n".join(faults(tmp_path))


def test_no_file_of_the_repository_names_a_package_index(tmp_path: Path) -> None:
    files = list(files_of_the_repository(REPOSITORY))
    assert {Path(__file__), REPOSITORY / ".ci" / "run"} <= set(files)
    assert files_naming_an_index(files) == []

    lock = tmp_path / "lock.txt"
    lock.write_text("--extra-index-url https://test.py" + "pi.org/simple\n")
    assert files_naming_an_index([*files, lock]) == ["lock.txt"]


def test_the_documentation_names_each_direct_dependency_and_no_other() -> None:
    asked = direct_dependencies(tomllib.loads((REPOSITORY / "pyproject.toml").read_text()))
    page = (REPOSITORY / "docs" / "dependencies.md").read_text()
    assert differences(page, asked) == {"missing": set(), "no longer used": set()}
    assert differences(page, {*asked, "flask"}) == {"missing": {"flask"}, "no longer used": set()}
    assert differences(page, asked - {"litestar"}) == {"missing": set(), "no longer used": {"litestar"}}
