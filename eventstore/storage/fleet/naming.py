"""Which log of an archive is meant: a URL, and behind a `#` which cluster, and whose node's log.

``postgresql://db.example/fleet#prod`` is a cluster, ``...#prod/node2`` the same with that node's
own log; nothing behind the `#` is the only cluster that there is. The driver is not loaded here.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote, unquote

from eventstore.errors import Rejected
from eventstore.storage.location import is_url


class Place(NamedTuple):
    """A URL, and what of it is meant; None: it is not said."""

    url: str
    cluster: str | None = None
    node: str | None = None


def is_archive(text: str) -> bool:
    """Tell whether a text names a log of an archive: a database, and behind a `#` whose."""
    return is_url(text) and "#" in text


def place_of(text: str) -> Place:
    """Return what a text names."""
    url, _mark, rest = text.partition("#")
    cluster, _slash, node = rest.partition("/")
    return Place(url, unquote(cluster) or None, unquote(node) or None)


def text_of(place: Place) -> str:
    """Return the text that names a place.

    Raises:
        Rejected: a node is named, and not its cluster.
    """
    if place.cluster is None:
        if place.node is not None:
            raise Rejected(
                "V-5-1-9184",
                f"it is not said of which cluster node {place.node} is",
                fix="add --cluster NAME; 'vx archive status --log URL' lists the clusters",
            )
        return place.url
    node = "" if place.node is None else f"/{quote(place.node, safe='')}"
    return f"{place.url}#{quote(place.cluster, safe='')}{node}"
