"""The index: which commits touched which object. A cache, so it starts empty."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the empty index; the daemon fills it from the commits."""
    big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    for log in ("shared", "node"):
        op.create_table(
            f"{log}_index",
            sa.Column("key", big, primary_key=True, autoincrement=False),
            sa.Column("position", big, primary_key=True, autoincrement=False),
            sqlite_with_rowid=False,
        )
    op.create_table(
        "index_marks",
        sa.Column("log", sa.String(16), primary_key=True),
        sa.Column("indexed_to", big, nullable=False),
    )


def downgrade() -> None:
    """Refuse: a store only moves forward; the backup beside it is the way back."""
    raise NotImplementedError
