"""Who is at the other end of the control socket, and what they may do (G1)."""

from __future__ import annotations

import grp
import os
import pwd
import socket
import struct
from typing import NamedTuple

_UCRED = struct.Struct("3i")


class Peer(NamedTuple):
    """A process as the kernel vouches for it."""

    pid: int
    uid: int
    user: str
    may_read: bool
    may_change: bool


def peer_of(connection: socket.socket, readers: str) -> Peer:
    """Return the other end of a connected Unix socket; members of `readers` may read."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    pid, uid, gid = _UCRED.unpack(raw)
    may_change = uid in (0, os.getuid())
    user = _user(uid)
    return Peer(pid, uid, user, may_change or _is_reader(user, gid, readers), may_change)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _is_reader(user: str, gid: int, readers: str) -> bool:
    if not readers:
        return False
    try:
        wanted = grp.getgrnam(readers).gr_gid
        return wanted == gid or wanted in os.getgrouplist(user, gid)
    except (KeyError, OSError):
        return False
