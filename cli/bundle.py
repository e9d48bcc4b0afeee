"""`vx bundle`: a slice of the logs in one file, to be read and believed anywhere."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Exit, Option

from cli import ask, exit_codes, new_file, output, progress, when, witnesses
from cli.options import Command, new_app, reads_history
from cli.render import bundles as shown
from cli.source import Source
from daemon.errors import RequestFailed
from daemon.wire import control

app = new_app(
    """Put a slice of the logs into one file, with proofs; open one; check one.

    Every command that reads takes a bundle as --log FILE.

    Examples:
      vx bundle create --since yesterday -O incident.vxb
      vx bundle verify incident.vxb
      vx log --log incident.vxb
    """
)
File = Annotated[str, Argument(metavar="FILE", help="a bundle")]
RECORDING = "recording"


@app.command("create", cls=Command)
@reads_history
def create(
    source: Source,
    *,
    file: Annotated[str, Option("-O", metavar="FILE", help="a new file")],
    since: Annotated[
        str | None, Option(metavar="WHEN", help="from this commit or time on; else from the start")
    ] = None,
    until: Annotated[str | None, Option(metavar="WHEN", help="up to this; else all")] = None,
    recording: Annotated[
        bool, Option("--with-recording", help="and what went into the daemon's core")
    ] = False,
    redact: Annotated[
        bool, Option("--redact-context", help="leave out who asked, with which words, and why")
    ] = False,
) -> None:
    """Write commits, the state before them, and signed heads that they lead to.

    With --redact-context only the hash of each context is in it: the chain still holds.

    Examples:
      vx bundle create -O all.vxb
      vx bundle create --since '2h ago' --until now --with-recording -O incident.vxb
      vx bundle create --log /mnt/node3 --redact-context -O for-support.vxb
    """
    if recording and redact:
        raise RequestFailed(
            "V-5-1-9270",
            "A recording holds what --redact-context leaves out",
            fix="leave out one of the two",
            exit_code=exit_codes.USAGE,
        )
    with progress.shown("making the bundle"):
        moments = _when(since), _when(until)
        data, content = _made(source, moments, redact=redact, recording=recording)
    new_file.write(file, content, mode=0o640)
    data |= {"file": file, "bytes": len(content)}
    output.emit(source, "bundle.create", {"data": data}, output.View(shown.created))


def _when(text: str | None) -> dict[str, object] | None:
    return None if text is None else ask.moment(text)


def _made(
    source: Source,
    moments: tuple[dict[str, object] | None, dict[str, object] | None],
    *,
    redact: bool,
    recording: bool,
) -> tuple[dict[str, Any], bytes]:
    import msgspec

    from eventstore.asking import auditing
    from eventstore.errors import StoreError
    from eventstore.keeping import bundling
    from eventstore.past.moments import Moment
    from eventstore.proofs import bundles, heads
    from eventstore.source import open_log

    home = Path(source.log or os.path.dirname(source.socket_path) or ".")
    known = _heads(source, home)
    since, until = (None if m is None else msgspec.convert(m, Moment) for m in moments)
    try:
        with open_log(source.log or str(home)) as log:
            log.tell(ask.told)
            about = witnesses.checker()
            wanted = bundling.Wanted(
                since, until, redact, heads.loaded(known) if known else (),
                _recording(home) if recording else {}, when.iso(time.time_ns() // 1000),
                about["by"], about["programs"],
                auditing.cluster_id(log), _signer(home),
            )  # fmt: skip
            content, manifest = bundling.bundle(log, wanted)
            return bundles.summary(manifest), content
    except StoreError as error:
        raise control.error_from(error.to_map()) from error


def _heads(source: Source, home: Path) -> list[Any]:
    """Return the heads of the logs: fresh ones of the daemon, else those that were kept."""
    if source.log is None:
        try:
            data: Any = ask.read(source, "head", {})["data"]
            return list(data["heads"])
        except RequestFailed as error:
            if error.exit_code != exit_codes.UNAVAILABLE:
                raise
    found: list[Any] = []
    for path in sorted((home / "heads").glob("*.ndjson")) if home.is_dir() else ():
        found += witnesses.read(str(path))["heads"]
    return found


def _recording(home: Path) -> dict[str, bytes]:
    directory = home / RECORDING
    return {path.name: path.read_bytes() for path in sorted(directory.glob("*.rec"))}


def _signer(home: Path) -> Any:
    """Return what signs for a home, if whoever asks may use it."""
    from eventstore.errors import StoreError
    from eventstore.proofs import signing

    try:
        key = signing.key_of(home)
        return key, signing.endorse(home, key.public)
    except (OSError, ValueError, TypeError, StoreError):
        return None


@app.command("open", cls=Command)
@reads_history
def unfold(
    source: Source,
    *,
    file: File,
    directory: Annotated[
        str | None, Option("-O", metavar="DIR", help="unfold it to this new directory")
    ] = None,
) -> None:
    """Say what is in a bundle; with -O make a directory of it, to be read again and again.

    Examples:
      vx bundle open incident.vxb
      vx bundle open incident.vxb -O /tmp/incident
      vx log --log /tmp/incident
    """
    from eventstore.errors import StoreError
    from eventstore.proofs import bundles

    try:
        bundle = bundles.Bundle(Path(file))
        if directory is not None:
            with progress.shown("unfolding"):
                _unfold(bundle, Path(directory))
    except StoreError as error:
        raise control.error_from(error.to_map()) from error
    data = {**bundles.summary(bundle.manifest), "file": file, "directory": directory}
    output.emit(source, "bundle.open", {"data": data}, output.View(shown.opened))


def _unfold(bundle: Any, directory: Path) -> None:
    from eventstore.source import DATABASE

    try:
        directory.mkdir(parents=True, mode=0o750)
        (directory / RECORDING).mkdir(mode=0o750)
        for name, data in bundle.recording().items():
            (directory / RECORDING / name).write_bytes(data)
    except OSError as error:
        raise RequestFailed(
            "V-5-1-9266",
            f"{directory} could not be written",
            cause=error.strerror,
            fix="name a directory that does not exist yet, where there is room",
            exit_code=exit_codes.REJECTED,
        ) from error
    bundle.unfold(directory / DATABASE)


@app.command("verify", cls=Command)
@reads_history
def verify(
    source: Source,
    *,
    file: File,
    authority: Annotated[
        str | None, Option("--ca", metavar="FILE", help="ca.pem of the cluster it is from")
    ] = None,
) -> None:
    """Check a bundle: its signature, its signed heads, and that the commits lead there.

    The commits are replayed from the state before them, and every digest is compared. Exit 6 if
    something does not hold. To compare it with a log: `vx verify --against FILE`.

    Examples:
      vx bundle verify incident.vxb
      vx bundle verify incident.vxb --ca ca.pem --json
    """
    from eventstore.errors import StoreError
    from eventstore.proofs import bundles

    inside = Source(source.program, log=file, timeout_s=source.timeout_s)
    with progress.shown("checking the bundle"):
        try:
            bundle = bundles.Bundle(Path(file))
            problems = bundle.problems()
        except StoreError as error:
            raise control.error_from(error.to_map()) from error
        pem = witnesses.authority_of(inside, authority)
        heads = [*bundle.manifest.heads]
        known = witnesses.of_document(heads, file, pem) if heads else []
        problems += witnesses.vouched(bundle, pem)
        args = {"replay": True, "heads": [witnesses.outside(one) for one in known]}
        answer: Any = ask.read(inside, "verify", args)
    manifest = bundles.summary(bundle.manifest)
    data = {
        **{key: manifest[key] for key in ("made", "by", "node", "cluster", "programs")},
        "file": file,
        "redacted": manifest["redacted"],
        "logs": answer["data"]["logs"],
        "heads": [witnesses.row(one) for one in known],
        "problems": problems,
    }
    data["ok"] = answer["data"]["ok"] and not problems and not any(k.problems for k in known)
    output.emit(source, "bundle.verify", {**answer, "data": data}, output.View(shown.verified))
    if not data["ok"]:
        raise Exit(exit_codes.ANSWERED_NO)
