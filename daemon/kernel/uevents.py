"""The bytes of one kernel uevent, as a value.

Pure. The format is the kernel's own (lib/kobject_uevent.c): `ACTION@DEVPATH`, then `KEY=VALUE`
pairs, each ended by a NUL. Bytes that are not of this form give a reason, never an exception:
anybody with the right to send on the group could otherwise stop the daemon.
"""

from dataclasses import dataclass

MAX_UEVENT_BYTES = 64 * 1024
"""The kernel builds uevents in a buffer of 2 KiB (UEVENT_BUFFER_SIZE); the rest is room."""

ACTIONS = frozenset({"add", "remove", "change", "move", "online", "offline", "bind", "unbind"})
"""kobject_actions in lib/kobject_uevent.c."""

LARGEST_SEQNUM = 2**63 - 1
"""The kernel counts in 64 bits from 1; what the log stores is signed."""

DISK_NAME_LEN = 32
"""include/linux/blkdev.h; the last byte is the NUL."""


@dataclass(frozen=True, slots=True)
class Uevent:
    """One uevent about a whole block device."""

    action: str
    name: str
    seqnum: int
    resized: bool


@dataclass(frozen=True, slots=True)
class Ignored:
    """Bytes that say nothing about a disk; `malformed` if they are no uevent at all."""

    reason: str
    malformed: bool


def parse(data: bytes) -> Uevent | Ignored:
    """Read one datagram from the kernel's uevent group."""
    if len(data) > MAX_UEVENT_BYTES:
        return Ignored(f"uevent of {len(data)} bytes", malformed=True)
    try:
        head, *rest = data.decode("utf-8").split("\0")
    except UnicodeDecodeError:
        return Ignored("uevent is not UTF-8", malformed=True)
    if "@" not in head:
        return Ignored("uevent does not begin with ACTION@DEVPATH", malformed=True)
    if rest[-1:] != [""]:
        return Ignored("uevent is truncated", malformed=True)
    return _from_fields(head, dict(pair.split("=", 1) for pair in rest if "=" in pair))


def _from_fields(head: str, fields: dict[str, str]) -> Uevent | Ignored:
    if fields.get("SUBSYSTEM") != "block" or fields.get("DEVTYPE") != "disk":
        return Ignored("not about a disk", malformed=False)
    action, _, path = head.partition("@")
    if fields.get("ACTION") != action or action not in ACTIONS:
        return Ignored("uevent without a known action", malformed=True)
    # The directory in /sys/block is the last part of the path, also where DEVNAME has slashes
    # (cciss/c0d0), which sysfs writes with "!".
    name = path.rpartition("/")[2]
    if not is_disk_name(name):
        return Ignored("uevent without a device name", malformed=True)
    seqnum = fields.get("SEQNUM", "")
    if not (seqnum.isascii() and seqnum.isdigit() and len(seqnum) < len(str(LARGEST_SEQNUM))):
        return Ignored("uevent without a sequence number", malformed=True)
    return Uevent(action, name, int(seqnum), resized=fields.get("RESIZE") == "1")


def is_disk_name(name: str) -> bool:
    """Whether the name can be a directory in /sys/block."""
    return 0 < len(name) < DISK_NAME_LEN and name.isprintable() and name not in {".", ".."}
