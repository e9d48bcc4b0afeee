"""Where a question goes and how its answer is shown: what every command shares."""

from __future__ import annotations

import os

from cli.failure import UsageError

DEFAULT_HOME = "/var/lib/vxconfigd"
SOCKET_NAME = "vxconfigd.sock"
OUTPUTS = ("table", "plain", "tsv", "json", "ndjson")
ALL_OUTPUTS = (*OUTPUTS, "yaml", "commands", "cloudevents")


class Source:
    """The options that all commands have; checked, and none of them opened yet."""

    __slots__ = (
        *("all_nodes", "at", "current", "home", "log", "logs", "output", "program", "socket"),
        "timeout_s",
    )

    def __init__(
        self,
        program: str,
        *,
        home: str | None = None,
        socket: str | None = None,
        log: str | None = None,
        at: str | None = None,
        output: str = "table",
        timeout_s: float | None = None,
        current: bool = False,
    ) -> None:
        self.program = program
        self.home = home
        self.socket = socket
        self.log = log
        self.at = at
        self.output = check_output(output)
        self.timeout_s = check_timeout(timeout_s)
        self.current = current
        self.all_nodes = False
        self.logs: tuple[str, ...] = ()
        """All that were named, if a command takes several; `log` is the first."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Source) and all(
            getattr(self, name) == getattr(other, name) for name in self.__slots__
        )

    __hash__ = None  # type: ignore[assignment] # two may be compared, none is a key

    def __repr__(self) -> str:
        return f"Source({', '.join(f'{n}={getattr(self, n)!r}' for n in self.__slots__)})"

    @property
    def socket_path(self) -> str:
        """The socket of the daemon that is asked: --socket, else --home, else VX_HOME."""
        home = self.home or os.environ.get("VX_HOME") or DEFAULT_HOME
        return self.socket or f"{home}/{SOCKET_NAME}"


def check_output(output: str) -> str:
    """Return the name of a form of output.

    Raises:
        UsageError: there is none of this name.

    """
    if output in ALL_OUTPUTS:
        return output
    known = ", ".join(ALL_OUTPUTS)
    raise UsageError(f"-o {output!r} is no form of output", fix=f"use one of {known}")


def check_timeout(timeout_s: float | None) -> float | None:
    """Return how long to wait; None is the default.

    Raises:
        UsageError: not a time that anybody can wait for.

    """
    longest_s = 86_400.0
    if timeout_s is None or 0 < timeout_s <= longest_s:
        return timeout_s
    raise UsageError(f"--timeout {timeout_s} is no time to wait", fix="write seconds, as in 2.5")
