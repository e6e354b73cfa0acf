"""Tickets counted in large blocks of numbers too, so that the tallies of many tickets are few."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    """Apply."""
    # What a primary key is called must be free before another table takes the name.
    op.execute("CREATE TABLE ticket_tallies_before AS SELECT * FROM ticket_tallies")
    op.drop_table("ticket_tallies")
    op.create_table(
        "ticket_tallies",
        sa.Column("span", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("category_id", sa.Text(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("span", "block", "category_id", "closed", name=op.f("pk_ticket_tallies")),
    )
    for span in (1_000, 50_000):
        op.execute(
            sa.text(
                """
                INSERT INTO ticket_tallies (span, block, category_id, closed, count)
                SELECT CAST(:span AS INTEGER), block * 1000 / CAST(:span AS INTEGER), category_id, closed, sum(count)
                FROM ticket_tallies_before GROUP BY 2, 3, 4
                """
            ).bindparams(span=span)
        )
    op.drop_table("ticket_tallies_before")
