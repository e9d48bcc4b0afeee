"""The archive of many clusters: shipping to it, how far it is, asking across, detaching.

`vx archive to`, `vx archive status`, `vx archive detach`, `vx find` and `vx log --clusters`. One
cluster is asked about with `--log URL --cluster NAME`, by the command that asks a node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from typer import Argument, Option

from cli import archived, ask, output, progress
from cli.failure import UsageError
from cli.options import Command, asks, new_app
from cli.render import fleet as render
from cli.source import Source
from daemon.wire import control

find_app = new_app()

VERBS = ("to", "status", "detach")


@contextmanager
def _told() -> Iterator[None]:
    """Turn errors of the store into those of a command; load the driver, or say that it lacks.

    Raises:
        RequestFailed: what went wrong.

    """
    from eventstore.errors import StoreError
    from eventstore.storage.postgres_errors import require_driver

    try:
        require_driver()
        yield
    except StoreError as error:
        raise control.error_from(error.to_map()) from error


def _home(source: Source) -> str:
    return archived.home_of(source.home, source.socket)


def url_of(source: Source, named: str | None) -> str:
    """Return the archive that is meant: the one that is named, else the home's own.

    Raises:
        UsageError: none is named, and the home ships to none.

    """
    text = named or source.log or archived.configured(_home(source))
    if not archived.is_url(text):
        raise UsageError(
            f"{text!r} is no URL of an archive" if text else "It is not said which archive",
            fix="name it: postgresql://HOST/DATABASE, or set [archive] url in config.toml",
        )
    return str(text)


def run(
    source: Source,
    verb: str,
    url: str | None,
    log: str | None,
    cluster: str | None,
    before: str | None,
    *,
    dry_run: bool,
) -> None:
    """Do what `vx archive to`, `status` or `detach` are asked for.

    Raises:
        UsageError: it is not said what.
        RequestFailed: it cannot be done.

    """
    if verb == "to":
        if url is None or cluster is not None or before is not None or dry_run:
            raise UsageError(
                "vx archive to takes a URL, and --home or --log", fix="vx archive to URL"
            )
        _ship(source, url_of(source, url), log or _home(source))
        return
    source.log = log
    where = url_of(source, url)
    if verb == "status":
        _emit(source, "archive.status", lambda fleet: fleet.status(where, cluster), render.STATUS)
        return
    if before is None:
        raise UsageError(
            "It is not said up to when history is detached", fix="add --before WHEN, a time"
        )
    at = ask.moment(before)
    if at["kind"] != "time":
        raise UsageError(f"--before {before!r} is no time", fix="write a date, or '400d ago'")
    time_us = int(str(at["value"]))
    _emit(
        source,
        "archive.detach",
        lambda fleet: fleet.detach(where, cluster, time_us, dry_run=dry_run),
        render.DETACHED,
    )


def _emit(source: Source, name: str, question: Callable[[Any], object], view: output.View) -> None:
    with _told(), progress.shown("asking the archive"):
        from eventstore.keeping import fleet

        data = question(fleet)
    output.emit(source, name, {"data": data}, view)


def _ship(source: Source, url: str, home: str) -> None:
    """Ship both logs of a home, as far as they go now."""
    rows: dict[str, dict[str, Any]] = {}
    refused: Any = None
    with _told(), progress.shown("shipping") as shown:
        from eventstore.keeping.shipping import Shipper
        from eventstore.source import open_log

        shipper = Shipper(url)
        try:
            with open_log(home) as log:
                for reached in shipper.round(log):
                    row = rows.setdefault(reached.log, {"log": reached.log, "shipped": 0})
                    row["shipped"] += reached.shipped
                    row |= {"position": reached.position, "last": reached.last}
                    refused = refused or reached.problem
                    shown.tell(reached.position, reached.last)
        finally:
            shipper.close()
    output.emit(source, "archive.to", {"data": list(rows.values())}, render.SHIPPED)
    if refused is not None:
        raise control.error_from(refused.to_map())


def log_of_clusters(
    source: Source,
    since: str | None,
    until: str | None,
    count: int | None,
    *,
    reverse: bool,
    others: bool,
) -> None:
    """List commits of all clusters of an archive.

    Raises:
        UsageError: something is asked for that is asked of one log.

    """
    if others or source.at is not None or source.all_nodes:
        raise UsageError(
            "With --clusters go --since, --until, -n and --reverse",
            fix="ask one cluster for the rest: --log URL --cluster NAME; or 'vx find OBJECT'",
        )
    times = [None if text is None else _time(text) for text in (since, until)]
    where = url_of(source, source.log)
    _emit(
        source,
        "log",
        lambda fleet: fleet.lines(where, *times, count, reverse=reverse),
        render.LOG,
    )


def _time(text: str) -> int:
    at = ask.moment(text)
    if at["kind"] != "time":
        raise UsageError(f"{text!r} is no time", fix="a position is one of one log: name a time")
    return int(str(at["value"]))


@find_app.command(cls=Command)
@asks
def find(
    source: Source,
    name: Annotated[
        str, Argument(metavar="OBJECT", help="DG, DG/NAME, NAME, a device, or a record ID")
    ],
    log: Annotated[
        str | None,
        Option("--log", metavar="URL", help="the archive; else the one this node ships to"),
    ] = None,
) -> None:
    """Find an object in all clusters of an archive: where it is or was, since when, and till when.

    A name that was taken several times is found as often; one that was renamed, under each name.

    Examples:
      vx find datadg --log postgresql://db.example/fleet
      vx find datadg/vol01 --json
      vx find 1790000000.1.node1#17
    """
    where = url_of(source, log)
    _emit(source, "find", lambda fleet: fleet.find(where, name), render.FOUND)
