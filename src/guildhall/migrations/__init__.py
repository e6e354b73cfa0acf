"""Bringing a database up to date: Alembic, inside the package, so that an installed wheel can do it."""

from pathlib import Path

from alembic import command
from alembic.config import Config

HERE = Path(__file__).parent


def upgrade(database_url: str) -> None:
    """Bring the database at this address to the newest form; a new one is made. Processes that start together wait."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["url"] = database_url
    command.upgrade(config, "head")
