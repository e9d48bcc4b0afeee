"""What somebody who may write a log's file can do to it: at random, and with care.

Every kind of tampering changes a copy of one store, and says of which log, and from where on, it
is another one than before; None where nothing of a log was changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from msgspec import msgpack

from eventstore.codec import chain
from eventstore.errors import StoreError
from eventstore.proofs.heads import Outside
from eventstore.proofs.verify import verify
from eventstore.storage.reader import side_check
from eventstore.storage.sqlite import DriverError
from tests.support.stores import Maker, SqliteEngine, append_all, raw

COMMITS = 40
KEPT_AT = (10, 20, 30, 40)
"""Where heads were kept outside."""
LOG = "node"
PAGE = 4096
BLOBS = ("header", "context", "payload", "hash", "digest")
NUMBERS = ("term", "applied_us", "side_check")
Rows = dict[int, tuple[Any, ...]]


class Ground(NamedTuple):
    """A store, how it was at each length, and what is known of it outside."""

    files: dict[int, bytes]
    rows: Rows
    heads: tuple[Outside, ...]


@cache
def ground() -> Ground:
    """The store of all the tests, grown commit by commit."""
    files: dict[int, bytes] = {}
    with TemporaryDirectory() as directory:
        engine, maker = SqliteEngine(Path(directory)), Maker(LOG)
        for length in range(1, COMMITS + 1):
            with engine.open() as store:
                append_all(store, [maker.entry()])
            files[length] = engine.path.read_bytes()
        with engine.reading() as readers:
            reader = readers[LOG]
            heads = tuple(
                Outside(reader.lineage.hex(), at, reader.commit(at).hash.hex()) for at in KEPT_AT
            )
        return Ground(files, rows_of(engine.path), heads)


def rows_of(path: Path) -> Rows:
    """The rows as they come; where they do not all come, those that can be read one by one."""
    with raw(path) as connection:
        query = f"SELECT * FROM {LOG}_commits"
        try:
            rows = connection.execute(f"{query} ORDER BY position").fetchall()
        except DriverError:
            rows = [_row(connection, at) for at in range(1, COMMITS + 1)]
        return _in_order(rows)


def _row(connection: Any, position: int) -> Any:
    try:
        # As a range: in a broken tree a single place may be found where a walk does not come by.
        query = f"SELECT * FROM {LOG}_commits WHERE position BETWEEN ? AND ?"
        return connection.execute(query, (position, position)).fetchone()
    except DriverError:
        return None


def _in_order(rows: Iterable[Any]) -> Rows:
    """The rows at their positions, up to the first that is missing."""
    found: Rows = {}
    for position, row in enumerate(rows, 1):
        if row is None or row[0] != position:
            break
        found[position] = row
    return found


class Tampered(NamedTuple):
    """What became of a store: the first commit that is another one, and what a check says."""

    kind: str
    truth: int | None
    found: bool
    first_bad: int | None
    known_to: int | None


def tampered(random: Random, kind: str) -> Tampered:
    """Tamper with a copy, and check it against the heads from outside."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "log.db"
        path.write_bytes(ground().files[COMMITS])
        KINDS[kind](path, random)
        now, was = _rows_or_none(path), ground().rows
        truth = min((at for at in was if now.get(at) != was[at]), default=None)
        found, first_bad, known_to = _checked(path)
        return Tampered(kind, truth, found, first_bad, known_to)


def _rows_or_none(path: Path) -> Rows:
    try:
        return rows_of(path)
    except DriverError:
        return {}


def _checked(path: Path) -> tuple[bool, int | None, int | None]:
    try:
        with SqliteEngine(path.parent).reading() as readers:
            verdict = verify(readers[LOG], with_replay=True, heads=ground().heads)
            return not verdict.ok, verdict.first_bad, verdict.known_to
    except StoreError as error:
        return True, getattr(error, "position", None), None


def _edit_column(path: Path, random: Random) -> None:
    """One byte of one column."""
    position, name = random.randint(1, COMMITS), random.choice((*BLOBS, *NUMBERS))
    value = _value(path, position, name)
    if isinstance(value, int):
        changed: Any = value ^ (1 << random.randrange(62))
    else:
        at = random.randrange(len(value))
        changed = value[:at] + bytes([value[at] ^ random.randint(1, 255)]) + value[at + 1 :]
    _set(path, position, name, changed)


def _edit_file(path: Path, random: Random) -> None:
    """Some bytes anywhere in the file."""
    content = bytearray(path.read_bytes())
    at = random.randrange(len(content))
    for place in range(at, min(len(content), at + random.randint(1, 8))):
        content[place] ^= random.randint(1, 255)
    path.write_bytes(content)


def _delete_rows(path: Path, random: Random) -> None:
    low = random.randint(1, COMMITS)
    high = min(COMMITS, low + random.randrange(4))
    _execute(path, f"DELETE FROM {LOG}_commits WHERE position BETWEEN {low} AND {high}")


def _delete_bytes(path: Path, random: Random) -> None:
    """A piece of the file is gone, and what follows moves up."""
    content = path.read_bytes()
    at, length = random.randrange(len(content)), random.randint(1, 2 * PAGE)
    path.write_bytes(content[:at] + content[at + length :])


def _swap_rows(path: Path, random: Random) -> None:
    one, other = random.sample(range(1, COMMITS + 1), 2)
    _move(path, ((one, 1000), (other, one), (1000, other)))


def _swap_values(path: Path, random: Random) -> None:
    """Two commits have each other's payload, context, hash or digest."""
    one, other = random.sample(range(1, COMMITS + 1), 2)
    name = random.choice(BLOBS)
    values = _value(path, one, name), _value(path, other, name)
    _set(path, one, name, values[1])
    _set(path, other, name, values[0])


def _swap_pages(path: Path, random: Random) -> None:
    content = path.read_bytes()
    pages = [content[at : at + PAGE] for at in range(0, len(content), PAGE)]
    one, other = random.sample(range(len(pages)), 2)
    pages[one], pages[other] = pages[other], pages[one]
    path.write_bytes(b"".join(pages))


def _truncate_rows(path: Path, random: Random) -> None:
    """The end is gone, and so is every trace of it in the store."""
    last = random.randrange(COMMITS)
    _execute(path, f"DELETE FROM {LOG}_commits WHERE position > {last}")
    _execute(path, f"UPDATE index_marks SET indexed_to = {last} WHERE log LIKE '{LOG}%'")
    _execute(path, f"DELETE FROM {LOG}_index WHERE position > {last}")


def _truncate_file(path: Path, random: Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: random.randrange(len(content))])


def _roll_back(path: Path, random: Random) -> None:
    """An older copy is put in place: whole, and true, and not what was there."""
    path.write_bytes(ground().files[random.randrange(1, COMMITS)])


def rewrite(path: Path, first: int, log: str = LOG) -> None:
    """Change a commit's command, and make everything after it anew, hashes included."""
    with raw(path) as connection:
        rows = connection.execute(
            f"SELECT * FROM {log}_commits WHERE position >= ? ORDER BY position", (first,)
        ).fetchall()
        before = connection.execute(
            f"SELECT hash FROM {log}_commits WHERE position = ?", (first - 1,)
        ).fetchone()
        last = bytes(32) if before is None else before[0]
        for position, header, context, payload, _hash, digest, term, applied_us, _check in rows:
            told = msgpack.decode(context) | {"command": "as if nothing had been"}
            new = msgpack.encode(told) if position == first else context
            fields = msgpack.decode(header)
            fields[8] = sha256(new).digest()
            made = msgpack.encode(fields)
            last = chain(last, made)
            connection.execute(
                f"INSERT OR REPLACE INTO {log}_commits VALUES (?{8 * ',?'})",
                (
                    position, made, new, payload, last, digest, term, applied_us,
                    side_check(digest, term, applied_us),
                ),
            )  # fmt: skip


def _rewrite(path: Path, random: Random) -> None:
    rewrite(path, random.randint(1, COMMITS))


def _value(path: Path, position: int, name: str) -> Any:
    with raw(path) as connection:
        query = f"SELECT {name} FROM {LOG}_commits WHERE position = ?"
        return connection.execute(query, (position,)).fetchone()[0]


def _set(path: Path, position: int, name: str, value: object) -> None:
    _execute(path, f"UPDATE {LOG}_commits SET {name} = ? WHERE position = ?", value, position)


def _move(path: Path, moves: Iterable[tuple[int, int]]) -> None:
    for old, new in moves:
        _execute(path, f"UPDATE {LOG}_commits SET position = ? WHERE position = ?", new, old)


def _execute(path: Path, sql: str, *values: object) -> None:
    with raw(path) as connection:
        connection.execute(sql, values)


KINDS: dict[str, Callable[[Path, Random], None]] = {
    "edit a column": _edit_column,
    "edit the file": _edit_file,
    "delete rows": _delete_rows,
    "delete bytes": _delete_bytes,
    "swap rows": _swap_rows,
    "swap values": _swap_values,
    "swap pages": _swap_pages,
    "truncate rows": _truncate_rows,
    "truncate the file": _truncate_file,
    "roll back": _roll_back,
    "rewrite": _rewrite,
}
