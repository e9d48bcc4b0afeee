"""Heads from outside, that a log is compared with; and what a verdict says about itself."""

from __future__ import annotations

import getpass
import json
import os
import platform
import shlex
import socket
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from cli import archived, ask, exit_codes, when
from cli.source import Source
from daemon.errors import RequestFailed
from daemon.version import VERSION
from daemon.wire import control


class Known(NamedTuple):
    """A head (`proofs.heads`), where it is from, and what is wrong with its signatures."""

    head: Any
    source: str
    problems: list[str]
    trust: str
    seen_by: tuple[str, ...] = ()


def of_files(source: Source, files: Iterable[str], authority: str | None) -> list[Known]:
    """Return the heads of files that `vx head` or a daemon wrote.

    Raises:
        RequestFailed: a file cannot be read, or holds none.

    """
    pem = authority_of(source, authority) if files else None
    return [known for file in files for known in of_document(read(file), file, pem)]


def of_node(source: Source, node: str) -> list[Known]:
    """Return the heads of this node that another one keeps.

    Raises:
        RequestFailed: it is out of reach.

    """
    here: Any = ask.read(source, "hashes", {"log": "node"})["data"]
    name = here["log"].removeprefix("node/")
    kept: Any = ask.read(source, "head.kept", {"node": node, "of": name})["data"]
    if not kept["heads"]:
        return []
    known = of_document(kept, node, authority_of(source, None))
    return [one._replace(seen_by=(f"{node} (kept)",)) for one in known]


def of_document(document: Any, name: str, pem: bytes | None) -> list[Known]:
    """Return the heads of a document, looked at: with `pem` their certificates too.

    Raises:
        RequestFailed: it holds none.

    """
    from eventstore.errors import StoreError
    from eventstore.proofs import heads

    trust = "keys by certificates" if pem is not None else "keys as they are in it"
    try:
        found = heads.loaded(document)
    except StoreError as error:
        raise control.error_from({**error.to_map(), "message": f"{name}: {error}"}) from error
    return [
        Known(head, name, heads.problems(head, pem), trust)
        if head.signature
        else Known(head, name, [], "nobody signed it: it is worth what the place is where it was")
        for head in found
    ]


def read(file: str) -> Any:
    """Return what a file of JSON, or of lines of JSON, holds.

    Raises:
        RequestFailed: it cannot be read.

    """
    try:
        with open(file, encoding="utf-8") as handle:
            text = handle.read()
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file, str(error)) from error
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return {"heads": [json.loads(line) for line in text.splitlines()]}
    except ValueError as error:
        raise _unreadable(file, f"it is no JSON: {error}") from error


def _unreadable(file: str, cause: str) -> RequestFailed:
    return RequestFailed(
        "V-5-1-9262",
        f"{file} holds no heads of logs",
        cause=cause,
        fix="'vx head -O FILE' writes one",
        exit_code=exit_codes.REJECTED,
    )


def authority_of(source: Source, named: str | None) -> bytes | None:
    """Return the authority's certificates: the named file, else the home's, if it has any."""
    home = source.log or source.home or os.path.dirname(source.socket_path)
    path = named or os.path.join(home, "tls", "ca.pem")
    try:
        with open(path, "rb") as handle:
            return handle.read()
    except OSError as error:
        if named is not None:
            raise _unreadable(named, str(error)) from error
        return None


def vouched(bundle: Any, pem: bytes | None) -> list[str]:
    """Return why the certificate of whoever signed a bundle does not vouch for it."""
    from eventstore.proofs import signing

    signature, manifest = bundle.signature, bundle.manifest
    if pem is None or not signature.signature:
        return []
    if signature.endorsement is None:
        return [f"no certificate says that the key of the bundle is {signature.node}'s"]
    why = signing.problem_of(
        signature.endorsement, manifest.cluster_id, signature.node, signature.key, pem,
        manifest.made,
    )  # fmt: skip
    return [] if why is None else [f"the signature of {signature.node}: {why}"]


def outside(known: Known) -> Any:
    """Return what is asked to be compared."""
    import msgspec

    from eventstore.proofs.heads import Outside

    return msgspec.to_builtins(Outside.of(known.head, known.source))


def row(known: Known) -> dict[str, object]:
    """Return what a verdict says of a head."""
    head = known.head
    return {
        "source": known.source,
        "log": head.log,
        "position": head.position,
        "node": head.node,
        "time": head.time,
        "key": head.key,
        "witnesses": [*known.seen_by, *(f"{one.node} ({one.found})" for one in head.witnesses)],
        "trust": known.trust,
        "problems": known.problems,
    }


def report(
    source: Source, *, replay: bool, other: str | None, files: Iterable[str]
) -> dict[str, object]:
    """Return when, by whom and with what it was checked, and how to do it again."""
    words = ["vx", "verify", *(["--replay"] if replay else [])]
    words += ["--log", _absolute(source.log)] if source.log else []
    words += ["--home", os.path.abspath(source.home)] if source.home else []
    words += ["--against", other] if other else []
    words += [word for file in files for word in ("--head", os.path.abspath(file))]
    return {"at": when.iso(time.time_ns() // 1000), **checker(), "repeat": shlex.join(words)}


def _absolute(log: str) -> str:
    """Return what names a log wherever one is; a password is not told."""
    if not archived.is_url(log):
        return os.path.abspath(log)
    from eventstore.storage.location import shown

    return shown(log)


def checker() -> dict[str, Any]:
    """Return who checks or makes something, and with which programs."""
    return {
        "by": f"{_user()}@{socket.gethostname()}",
        "programs": {"vxconfigd": VERSION, "Python": platform.python_version()},
    }


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
