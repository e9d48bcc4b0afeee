"""What can go wrong between the store and a PostgreSQL server, and the way out.

It must not import the driver: that costs every process that has no database a tenth of a second.
"""

from __future__ import annotations

from importlib.util import find_spec

from eventstore.errors import Unavailable


def require_driver() -> None:
    """Make sure that the driver can be imported.

    Raises:
        Unavailable: the extra that brings it is not installed.

    """
    if find_spec("psycopg") is None:
        raise Unavailable(
            "V-5-1-9166",
            "the PostgreSQL driver is not installed",
            cause="it is needed where a log or an archive is in a database, and is an extra",
            fix="pip install 'vxconfigd[postgres]'",
        )
