"""Which log of an archive a command reads: `--log URL --cluster NAME [--node NAME]`."""

from __future__ import annotations

import os
from typing import Annotated, Any

from typer import Option

from cli.failure import UsageError
from cli.source import Source

OPTIONS: dict[str, tuple[Any, Any]] = {
    "cluster": (
        Annotated[
            str | None,
            Option(metavar="NAME", help="with --log URL of an archive: which cluster"),
        ],
        None,
    ),
    "node": (
        Annotated[
            str | None,
            Option(metavar="NODE", help="... and whose own log, beside the shared one"),
        ],
        None,
    ),
}


def home_of(home: str | None, socket: str | None) -> str:
    """Return the home whose settings count, as a daemon would be found."""
    return home or os.path.dirname(Source("vx", home=home, socket=socket).socket_path) or "."


def is_url(log: str | None) -> bool:
    """Tell whether a log is named by the URL of a database."""
    if log is None:
        return False
    from eventstore.storage.location import is_url as names_database

    return names_database(log)


def configured(home: str) -> str | None:
    """Return the archive that a node ships to; None if its settings name none, or are not read."""
    from pathlib import Path

    from daemon import config
    from eventstore.errors import StoreError

    try:
        return config.load(Path(home)).archive.url or None
    except StoreError:
        return None


def place(
    log: str | None, cluster: str | None, node: str | None = None, home: str | None = None
) -> str | None:
    """Return the log that is read: a URL with what is meant of it behind a `#`.

    Without a URL it is the archive that the node of a home ships to.

    Raises:
        UsageError: it is not the log of an archive, or a node is named without its cluster.

    """
    if cluster is None and node is None:
        return log
    if log is None and home is not None:
        log = configured(home)
    if not is_url(log):
        raise UsageError(
            "--cluster and --node name a log of an archive",
            fix="add --log URL; without it the archive is meant that this node ships to, if any",
        )
    from eventstore.storage.fleet.naming import Place, place_of, text_of

    known = place_of(log or "")
    if cluster is None and known.cluster is None:
        raise UsageError("--node needs --cluster", fix="'vx archive status --log URL' lists them")
    return text_of(Place(known.url, cluster or known.cluster, node or known.node))


def of_node(source: Source, which: str | None) -> None:
    """Where a node's own log is named, read that one of an archive."""
    if which is not None and which.startswith("node/") and is_url(source.log):
        source.log = place(source.log, None, which.removeprefix("node/"))
        source.logs = (source.log,) if source.logs and source.log else source.logs


def no_url(log: str | None, what: str) -> None:
    """Refuse the log of an archive where files are needed.

    Raises:
        UsageError: it is one.

    """
    if is_url(log):
        raise UsageError(
            f"{what} needs the files of a home, and this is a database",
            fix="name a home, or its log.db, with --log",
        )
