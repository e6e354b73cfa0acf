"""Bringing a database up to date: Alembic, inside the package, so that an installed wheel can do it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from guildhall.core.db import StoreUnavailable

HERE = Path(__file__).parent


def upgrade(database_url: str) -> None:
    """Bring the database at this address to the newest form; a new one is made. Processes that start together wait.

    A SQLite database that is up to date already is left alone without loading Alembic, which takes a quarter of a
    second that every start would pay. Raises StoreUnavailable with the reason.
    """
    if database_url.startswith("sqlite:///") and _revision(Path(database_url.removeprefix("sqlite:///"))) == newest():
        return
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["url"] = database_url
    try:
        command.upgrade(config, "head")
    except DBAPIError as fault:
        raise StoreUnavailable(f"The database cannot be brought up to date: {fault.orig}") from fault
    except CommandError as fault:
        raise StoreUnavailable(f"The database belongs to another version of Guildhall: {fault}") from fault


def newest() -> str:
    """Return the newest revision: steps are files `mNNNN_what.py`, in order."""
    return max(path.name[1:5] for path in (HERE / "versions").glob("m[0-9][0-9][0-9][0-9]_*.py"))


def _revision(path: Path) -> str | None:
    if not path.is_file():
        return None
    with closing(sqlite3.connect(path)) as connection:
        try:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.DatabaseError:
            return None
    return found[0] if found else None
