"""What /sys/block says about a disk.

Reading sysfs is a read of memory: it does not touch the medium, so it may be done in the event
loop. The root of sysfs is a parameter, so that a directory can stand in for it.
"""

import fnmatch
from collections.abc import Iterable, Sequence
from pathlib import Path

from eventstore.model.notifications import DeviceFact

NEVER = ("ram*", "zram*", "dm-*", "md*")
"""Memory, and devices made of other devices: never a disk of ours, whatever the patterns say."""

MAX_IDENTITY_CHARS = 256
"""Identities are stored with every event about the disk; the longest in use (NVMe) has 110."""

_IDENTITIES = (
    ("wwid", "wwid"),
    ("wwid", "device/wwid"),
    ("serial", "device/serial"),
    ("serial", "serial"),
)


def is_watched(name: str, patterns: Sequence[str]) -> bool:
    """Whether the patterns choose this disk."""
    if any(fnmatch.fnmatchcase(name, pattern) for pattern in NEVER):
        return False
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def boot_id(proc: Path = Path("/proc")) -> str:
    """Name this boot of the machine."""
    return (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def scan(sysfs: Path, patterns: Sequence[str], boot: str) -> tuple[DeviceFact, ...]:
    """Every watched disk that has a medium, by name."""
    names = sorted(name for name in _names(sysfs) if is_watched(name, patterns))
    facts = (read_fact(sysfs, name, boot) for name in names)
    return tuple(fact for fact in facts if fact is not None)


def read_fact(sysfs: Path, name: str, boot: str) -> DeviceFact | None:
    """What is true of a disk at this moment; None if it is gone or has no medium."""
    disk = sysfs / "block" / name
    size = _read(disk / "size")
    if not (size.isascii() and size.isdigit()) or int(size) == 0:
        return None
    return DeviceFact(name=name, identity=_identity(disk, boot), size_sectors=int(size))


def _names(sysfs: Path) -> Iterable[str]:
    try:
        return [entry.name for entry in (sysfs / "block").iterdir()]
    except OSError:
        return []


def _identity(disk: Path, boot: str) -> str:
    """Name the disk itself, not the place where it happens to be attached.

    A loop device is the file behind it, by path and offset: an inode would make a restored or
    copied file another disk, and a file's path is what an administrator attaches again. A device
    with no name of its own is known by its disk sequence number, which lasts for one boot.
    """
    for kind, attribute in _IDENTITIES:
        if value := _read(disk / attribute):
            return _bounded(f"{kind}:{value}")
    if backing := _read(disk / "loop/backing_file").removesuffix(" (deleted)"):
        offset = _read(disk / "loop/offset")
        return _bounded(f"loop:{backing}" + (f"+{offset}" if offset not in {"", "0"} else ""))
    return _bounded(f"diskseq:{boot}:{_read(disk / 'diskseq') or disk.name}")


def _bounded(identity: str) -> str:
    """Keep the end, which is what tells two disks of one kind apart."""
    return "".join(c if c.isprintable() else "?" for c in identity)[-MAX_IDENTITY_CHARS:]


def _read(path: Path) -> str:
    """Read an attribute; one that is missing, or belongs to a device just gone, is empty."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
