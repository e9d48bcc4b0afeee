"""Seals over the index. The index is made anew with them: without marks it begins at the start."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the empty table; the daemon fills index and seals from the commits."""
    big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "index_seals",
        sa.Column("log", sa.String(16), primary_key=True),
        sa.Column("low_key", big, primary_key=True, autoincrement=False),
        sa.Column("low_position", big, primary_key=True, autoincrement=False),
        sa.Column("high_key", big, nullable=False),
        sa.Column("high_position", big, nullable=False),
        sa.Column("entries", big, nullable=False),
        sa.Column("total", big, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute("DELETE FROM index_marks")


def downgrade() -> None:
    """Refuse: a store only moves forward; the backup beside it is the way back."""
    raise NotImplementedError
