"""Telling the service manager how we are (sd_notify(3)); nothing where there is none."""

from __future__ import annotations

import os
import socket


def notify(**fields: str) -> None:
    """Send fields such as ``READY="1"`` and ``STATUS="..."`` to the manager's socket."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address[0] == "@":
        address = "\0" + address[1:]
    text = "\n".join(f"{name}={value}" for name, value in fields.items())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        try:
            channel.sendto(text.encode(), address)
        except OSError:
            # The manager went away: that must not stop the daemon.
            return
