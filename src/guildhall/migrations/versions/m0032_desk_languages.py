"""The language that somebody has chosen for what the desk says to them, and bans found by who was banned."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "ticket_languages",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_ticket_languages")),
    )
    op.create_index("ix_guild_bans_user_id_entry_id", "guild_bans", ["user_id", "entry_id"])
