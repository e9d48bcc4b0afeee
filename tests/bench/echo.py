"""The other node, in a process of its own: it gives back what it is sent, bare and as a peer.

    python -m tests.bench.echo HOME

It says where it listens, twice: bare asyncio over TLS, then as the node `b`. It reads where the
node `a` listens, and echoes until its input ends.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from daemon.core.messages import AnyMessage
from daemon.shell import tls
from daemon.shell.handshake import Identity
from daemon.shell.peers import Peers

CLUSTER = "bench"
HERE = "127.0.0.1:0"


class Echo(asyncio.Protocol):
    """The least that can be done with asyncio."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)


async def serve(home: Path) -> None:
    """Echo until the input ends."""
    peers: Peers

    def give_back(sender: str, message: AnyMessage) -> None:
        peers.send(sender, message)

    peers = Peers(
        "b", CLUSTER, home / "tls", listen=HERE, on_message=give_back, note=lambda _text: None
    )
    await peers.start()
    context = tls.load(home / "tls", Identity(CLUSTER, "b")).accepting
    loop = asyncio.get_running_loop()
    bare = await loop.create_server(Echo, "127.0.0.1", 0, ssl=context)
    print(bare.sockets[0].getsockname()[1], peers.address, flush=True)
    peers.follow({"a": (await asyncio.to_thread(sys.stdin.readline)).strip()})
    await asyncio.to_thread(sys.stdin.read)
    bare.close()
    await peers.stop()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
