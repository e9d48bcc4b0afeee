"""Segments: which files hold commits that are no longer in the live tables, and their seals."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the empty table: nothing is archived yet."""
    big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "segments",
        sa.Column("log", sa.String(16), primary_key=True),
        sa.Column("first", big, primary_key=True, autoincrement=False),
        sa.Column("last", big, nullable=False),
        sa.Column("seal", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("directory", sa.String(4096), nullable=False),
        sa.Column("size", big, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Refuse: a store only moves forward; the backup beside it is the way back."""
    raise NotImplementedError
