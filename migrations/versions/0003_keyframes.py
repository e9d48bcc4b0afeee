"""Keyframes: encoded states at chosen positions. A cache, so it starts empty."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the empty tables; the daemon's survey of its log fills them."""
    big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "keyframes",
        sa.Column("log", sa.String(16), primary_key=True),
        sa.Column("position", big, primary_key=True, autoincrement=False),
        sa.Column("commit_hash", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("last_change", big, nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("records", big, nullable=False),
        sa.Column("size", big, nullable=False),
        sa.Column("slices", big, nullable=False),
        sa.Column("seal", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "keyframe_slices",
        sa.Column("log", sa.String(16), primary_key=True),
        sa.Column("position", big, primary_key=True, autoincrement=False),
        sa.Column("number", big, primary_key=True, autoincrement=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Refuse: a store only moves forward; the backup beside it is the way back."""
    raise NotImplementedError
