"""The Linux kernel as the daemon's kernel: block-device uevents from netlink.

Theory of operation. The socket listens to the kernel's own multicast group, so no udevd is
needed. A uevent says that something happened to a disk; what is true of the disk is read from
sysfs when the uevent is taken up. So a notification is the truth at its receipt, and the action
in it follows from that truth and what was last known: a disk without a medium is a removed one,
whatever word the kernel used (detaching a loop device is a "change"). Every uevent about a
watched disk becomes exactly one notification. If the socket's buffer overflows, the kernel drops
uevents until the buffer is empty again: what is left is delivered, then everything is scanned.
"""

import asyncio
import errno
import socket
import struct
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from daemon.core.ready import Directive, Held, Hold
from daemon.kernel import sysfs as facts, uevents
from daemon.kernel.port import Deliver, Note, alone, no_note
from eventstore.errors import Unavailable
from eventstore.model.notifications import (
    Action,
    DeviceFact,
    DeviceNotified,
    DevicesScanned,
)

NETLINK_KOBJECT_UEVENT = 15
KERNEL_GROUP = 1
SO_RCVBUFFORCE = 33

RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024
"""Room for some ten thousand uevents: a controller with hundreds of paths that resets, twice."""

MESSAGES_PER_TURN = 256
"""How many uevents are taken up before other work of the event loop gets its turn."""

_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid


class LinuxKernel:
    """A `KernelPort` on this machine's own block devices.

    `devices` are patterns for the names in /sys/block that are watched. `receive_buffer` is in
    bytes. `note` is told what was ignored and why. The node is alone in its cluster, and no I/O
    passes through here, so that what is to be held is held at once (D4).
    """

    def __init__(
        self,
        devices: Sequence[str],
        *,
        node: str = "",
        cluster_id: str = "",
        receive_buffer: int = RECEIVE_BUFFER_BYTES,
        sysfs: Path = Path("/sys"),
        note: Note = no_note,
    ) -> None:
        self._patterns = tuple(devices)
        self._node = node
        self._cluster_id = cluster_id
        self._receive_buffer = receive_buffer
        self._sysfs = sysfs
        self._note = note
        self._boot = facts.boot_id()
        self._known: dict[str, DeviceFact] = {}
        self._socket: socket.socket | None = None
        self._deliver: Deliver = lambda _: None
        self._overrun = False

    async def start(self, deliver: Deliver) -> None:
        """Listen, then scan: what happens between the two is seen by both, and missed by none.

        Raises:
            Unavailable: the socket cannot be had.

        """
        self._deliver = deliver
        try:
            self._socket = open_socket(self._receive_buffer)
        except OSError as error:
            raise Unavailable(
                "V-5-1-9021",
                "the kernel's uevents cannot be received",
                cause=f"netlink socket: {error.strerror or error}",
                fix='use the embedded monitor ([kernel] type = "monitor") on this machine',
            ) from error
        deliver(alone(self._node, self._cluster_id, self._boot))
        self._scan("start")
        asyncio.get_running_loop().add_reader(self._socket, self._on_readable)

    def direct(self, directive: Directive) -> None:
        """Answer a hold: there is nothing that would have to end first."""
        if isinstance(directive, Hold):
            self._deliver(Held(directive.number))

    async def stop(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _on_readable(self) -> None:
        for _ in range(MESSAGES_PER_TURN):
            if self._socket is None:  # stopped by what was delivered
                return
            try:
                data, ancillary, _flags, address = self._socket.recvmsg(
                    uevents.MAX_UEVENT_BYTES, socket.CMSG_SPACE(_CREDENTIALS.size)
                )
            except BlockingIOError:
                self._settle_overrun()
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self._overrun = True
                continue
            if is_from_kernel(address, ancillary):
                self._take(data)
            else:
                self._note("uevent not sent by the kernel ignored")

    def _settle_overrun(self) -> None:
        """Scan once the buffer is empty: the kernel drops everything until then."""
        if self._overrun:
            self._overrun = False
            self._scan("overrun")

    def ask_scan(self, take: Callable[[DevicesScanned | None], None]) -> None:
        """Read all watched disks from sysfs."""
        take(self._scanned("request"))

    def _scan(self, reason: Literal["start", "overrun"]) -> None:
        self._deliver(self._scanned(reason))

    def _scanned(self, reason: Literal["start", "overrun", "request"]) -> DevicesScanned:
        found = facts.scan(self._sysfs, self._patterns, self._boot)
        self._known = {fact.name: fact for fact in found}
        return DevicesScanned(
            reason=reason, devices=found, boot_id=self._boot, kernel_us=time.time_ns() // 1000
        )

    def _take(self, data: bytes) -> None:
        event = uevents.parse(data)
        if isinstance(event, uevents.Ignored):
            if event.malformed:
                self._note(f"{event.reason}: ignored")
            return
        if not facts.is_watched(event.name, self._patterns):
            return
        fact = facts.read_fact(self._sysfs, event.name, self._boot)
        if event.action == "remove":
            fact = None
        action = what_happened(event, self._known.get(event.name), fact)
        if fact is None:
            self._known.pop(event.name, None)
        else:
            self._known[event.name] = fact
        self._deliver(
            DeviceNotified(
                action=action,
                device=fact,
                name=event.name,
                seqnum=event.seqnum,
                kernel_us=time.time_ns() // 1000,
                boot_id=self._boot,
            )
        )


def what_happened(
    event: uevents.Uevent, before: DeviceFact | None, current: DeviceFact | None
) -> Action:
    """Name what a uevent means, given what was known of the disk and what is true of it."""
    if current is None:
        return "remove"
    if before is None or before.identity != current.identity or event.action == "add":
        return "add"
    if event.resized or before.size_sectors != current.size_sectors:
        return "resize"
    return "change"


def is_from_kernel(address: tuple[int, int], ancillary: Sequence[tuple[int, int, bytes]]) -> bool:
    """Whether the kernel itself sent a message: port 0, and no other user's credentials.

    A process may send to the group too, given the right; what it says is not believed.
    """
    if address[0] != 0:
        return False
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            return len(data) == _CREDENTIALS.size and _CREDENTIALS.unpack(data)[1] == 0
    return True


def open_socket(receive_buffer: int) -> socket.socket:
    """Open a non-blocking socket, bound to the kernel's uevent group.

    Raises:
        OSError: the kernel refuses.

    """
    listener = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_KOBJECT_UEVENT)
    try:
        listener.setblocking(False)  # noqa: FBT003 - the standard library's signature
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        try:
            listener.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, receive_buffer)
        except PermissionError:  # needs CAP_NET_ADMIN; without it net.core.rmem_max caps the size
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        listener.bind((0, KERNEL_GROUP))
    except OSError:
        listener.close()
        raise
    return listener
