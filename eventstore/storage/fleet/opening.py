"""Opening the logs of a cluster in an archive: which cluster, and whose own log, is meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from eventstore.errors import NotFound
from eventstore.storage.fleet.catalogue import cluster_of, logs_of
from eventstore.storage.fleet.connecting import check, connect, told
from eventstore.storage.fleet.naming import Place, text_of
from eventstore.storage.fleet.reader import FleetReader
from eventstore.storage.reader import LogReader


@contextmanager
def read_archive(place: Place) -> Iterator[tuple[dict[str, LogReader], list[str]]]:
    """Open the logs of a cluster in an archive; with what is to be said of which node it is.

    Raises:
        NotFound: there is no such archive, cluster or node.
        Unavailable: the archive does not answer.
    """
    connection = connect(place.url)
    try:
        check(connection, place.url)
        with told(place.url):
            cluster = cluster_of(connection, place.cluster)
            rows = {row.name: row for row in logs_of(connection, cluster.cluster)}
        nodes = sorted(name.removeprefix("node/") for name in rows if name.startswith("node/"))
        node = place.node or (nodes[0] if nodes else None)
        if node is None or f"node/{node}" not in rows or "shared" not in rows:
            raise NotFound(
                "V-5-1-9185",
                f"the archive has no log of node {node} in cluster {cluster.name}"
                if node is not None
                else f"the archive has no node's log of cluster {cluster.name}",
                cause=f"it has those of {', '.join(nodes)}" if nodes else None,
                fix="'vx archive status --log URL' lists them",
            )
        said = []
        if place.node is None and len(nodes) > 1:
            others = ", ".join(nodes[1:])
            said = [f"of the nodes' own logs that of {node}; --node says another: {others}"]
        yield (
            {
                "shared": FleetReader(connection, place.url, rows["shared"]),
                "node": FleetReader(connection, place.url, rows[f"node/{node}"]),
            },
            said,
        )
    finally:
        connection.close()


def nodes_of(place: Place) -> list[str]:
    """Return the places of all nodes of a cluster, as texts.

    Raises:
        NotFound: there is no such archive or cluster.
    """
    connection = connect(place.url)
    try:
        check(connection, place.url)
        with told(place.url):
            cluster = cluster_of(connection, place.cluster)
            names = {row.name for row in logs_of(connection, cluster.cluster)}
        return [
            text_of(Place(place.url, cluster.cluster_id, name.removeprefix("node/")))
            for name in sorted(names - {"shared"})
        ]
    finally:
        connection.close()
