"""`vx backup`: a copy of the log while the daemon writes it, and a home made of such a copy."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from cli import archived, ask, output, progress
from cli.failure import UsageError
from cli.options import Command, new_app, reads_history
from cli.source import Source
from daemon.wire import control

app = new_app()


@app.command(cls=Command)
@reads_history
def backup(
    source: Source,
    words: Annotated[list[str], Argument(metavar="FILE | restore FILE")],
    config: Annotated[
        str | None, Option(metavar="FILE", help="restore: settings of the new home")
    ] = None,
) -> None:
    """Copy the log, as of one moment, to a new file; or make a home of such a copy.

    The copy is verified after it is written. A restored node is another one than the node that
    was lost: what was committed after the copy is in neither.

    Examples:
      vx backup /var/backups/node1.db
      vx backup restore /var/backups/node1.db --home /var/lib/vxconfigd
    """
    from eventstore.errors import StoreError

    try:
        if words[0] == "restore" and len(words) == len(("restore", "FILE")):
            with progress.shown("restoring"):
                data = _restore(Path(words[1]), source, config)
            output.emit(source, "backup.restore", {"data": data}, output.View(_restored))
        elif len(words) == 1:
            with progress.shown("copying and verifying"):
                data = _back_up(source, Path(words[0]))
            output.emit(source, "backup", {"data": data}, output.View(_backed_up))
        else:
            raise UsageError(
                f"{len(words)} words are too many", fix="vx backup FILE, or vx backup restore FILE"
            )
    except StoreError as error:
        raise control.error_from(error.to_map()) from error


def _back_up(source: Source, target: Path) -> dict[str, object]:
    from eventstore.source import DATABASE
    from eventstore.storage.backup import back_up

    archived.no_url(source.log, "vx backup")
    where = Path(source.log or os.path.dirname(source.socket_path) or ".")
    back_up(where / DATABASE if where.is_dir() else where, target, ask.told)
    return {"file": str(target), "logs": _verified(target)}


def _verified(file: Path) -> list[dict[str, object]]:
    """Return where the logs of a copy end.

    Raises:
        StoreError: the copy does not hold.

    """
    from eventstore.errors import Damaged
    from eventstore.proofs.verify import verify
    from eventstore.source import open_log

    found: list[dict[str, object]] = []
    with open_log(str(file)) as log:
        log.tell(ask.told)
        for reader in log.readers.values():
            verdict = verify(reader, with_replay=False)
            if not verdict.ok:
                raise Damaged(
                    f"the copy {file} does not hold",
                    position=verdict.first_bad,
                    cause=verdict.problem,
                )
            head = {"log": verdict.log, "position": verdict.commits, "hash": verdict.head_hash}
            found.append(head)
    return found


def _restore(file: Path, source: Source, config: str | None) -> dict[str, object]:
    from daemon.config import CONFIG_FILE, load
    from eventstore.errors import Rejected
    from eventstore.source import DATABASE
    from eventstore.storage.backup import back_up

    if source.home is None:
        raise UsageError("Say with --home DIR where the node is to be")
    home = Path(source.home)
    if home.exists() and any(home.iterdir()):
        raise Rejected(
            "V-5-1-7862",
            f"{home} is not empty",
            fix="name a directory that does not exist yet, or an empty one",
            rule="B0",
        )
    heads = _verified(file)
    text = Path(config).read_text() if config is not None else _settings_of(file)
    home.mkdir(parents=True, exist_ok=True, mode=0o750)
    back_up(file, home / DATABASE, ask.told)
    (home / CONFIG_FILE).write_text(text)
    load(home)
    return {"home": str(home), "logs": heads}


def _settings_of(file: Path) -> str:
    """Return settings with the names that a log knows."""
    from daemon.config import ClusterSettings, NodeSettings, Settings, settings_text
    from eventstore.source import open_log

    with open_log(str(file)) as log:
        node = log.readers["node"].name.partition("/")[2]
        return settings_text(Settings(ClusterSettings(log.cluster or ""), NodeSettings(node)))


def _heads(data: Any) -> str:
    return ", ".join(f"{head['log']} @{head['position']}" for head in data["logs"])


def _backed_up(data: Any, _header: bool) -> str:
    return f"{output.cell(data['file'])}: {_heads(data)}; verified\n"


def _restored(data: Any, _header: bool) -> str:
    print(
        "this node is not the same as the lost one: what that committed after this copy is not "
        "known here. Never let both run. See to [kernel] in its config.toml before it starts",
        file=sys.stderr,
    )
    return f"{output.cell(data['home'])}: {_heads(data)}\n"
