"""The log: commits of both logs, their identities, and the hard state."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables of a new store."""
    big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    for log in ("shared", "node"):
        op.create_table(
            f"{log}_commits",
            sa.Column("position", big, primary_key=True, autoincrement=False),
            sa.Column("header", sa.LargeBinary, nullable=False),
            sa.Column("context", sa.LargeBinary),
            sa.Column("payload", sa.LargeBinary, nullable=False),
            sa.Column("hash", sa.LargeBinary, nullable=False),
            sa.Column("digest", sa.LargeBinary, nullable=False),
            sa.Column("term", big, nullable=False),
            sa.Column("applied_us", big, nullable=False),
            sa.Column("side_check", big, nullable=False),
        )
    op.create_table(
        "hard_state",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "identity",
        sa.Column("log", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("lineage", sa.LargeBinary, nullable=False),
    )
    if op.get_bind().dialect.name != "sqlite":
        _create_heads(big)


def _create_heads(big: sa.types.TypeEngine[int]) -> None:
    """Give a store on a server a row a log that says where it ends; a file has one writer."""
    heads = op.create_table(
        "heads",
        sa.Column("log", sa.String(16), primary_key=True),
        sa.Column("position", big, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("epoch", big, nullable=False),
        sa.Column("mark", big, nullable=False),
    )
    none = {"position": 0, "hash": bytes(32), "epoch": 0, "mark": 0}
    op.bulk_insert(heads, [{"log": log, **none} for log in ("shared", "node")])


def downgrade() -> None:
    """Refuse: a store only moves forward; the backup beside it is the way back."""
    raise NotImplementedError
