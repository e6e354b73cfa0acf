"""Further ways into a ticket: a message with buttons on the server, and a last look at what was chosen."""

import sqlalchemy as sa
from alembic import op

from guildhall.core.db.schema import JsonDoc

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("ticket_intakes") as intakes:
        intakes.add_column(sa.Column("origin", sa.Text(), nullable=False, server_default="dm"))
        intakes.add_column(sa.Column("answers", JsonDoc(), nullable=False, server_default="[]"))
        intakes.drop_constraint(op.f("ck_ticket_intakes_step"), type_="check")
        intakes.create_check_constraint(
            op.f("ck_ticket_intakes_step"), "step IN ('choosing', 'answered', 'form', 'confirming')"
        )
        intakes.create_check_constraint(op.f("ck_ticket_intakes_origin"), "origin IN ('dm', 'button')")
    with op.batch_alter_table("ticket_intakes") as intakes:
        # The defaults were for those who were being asked at that moment.
        intakes.alter_column("origin", existing_type=sa.Text(), server_default=None)
        intakes.alter_column("answers", existing_type=JsonDoc(), server_default=None)
    op.create_table(
        "ticket_invitations",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("looks", sa.Text(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_ticket_invitations_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_invitations")),
    )
