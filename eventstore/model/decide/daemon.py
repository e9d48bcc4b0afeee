"""A node's own daemon: whether it takes changes, and what it sees when it is told to look."""

from __future__ import annotations

from eventstore.errors import Rejected, StoreError, Unavailable
from eventstore.model import commands as cmd, events as ev
from eventstore.model.decide.devices import observe
from eventstore.model.decide.moment import Moment
from eventstore.model.objects import ENABLED, OWN_HEADER, Node
from eventstore.model.state import State

DISABLED = "disabled"
MODES = {"enable": ENABLED, "disable": DISABLED, "boot": "booted"}
"""``vxconfigd -m`` -> the mode, in the word that ``vxdctl mode`` says."""


def mode(state: State) -> str:
    """Return the mode of the node's daemon."""
    header = state.get(OWN_HEADER)
    return header.mode if isinstance(header, Node) else ENABLED


def refusal(state: State, command: cmd.AnyCommand) -> StoreError | None:
    """Return why a daemon takes no change in its mode, None if it takes this one."""
    present = mode(state)
    if present == ENABLED or isinstance(command, (cmd.EnableDaemon, cmd.DisableDaemon)):
        return None
    return Unavailable(
        "V-5-1-7930",
        f"vxconfigd is {present}: nothing is changed",
        cause="it was started with -m, or told so by 'vxdctl disable'",
        fix="'vxdctl enable' lets it take changes again",
        rule="D2",
    )


def enable(state: State, _command: cmd.EnableDaemon, moment: Moment) -> list[ev.AnyEvent]:
    """Let the daemon take changes, and see what the kernel shows, if it can be asked."""
    events: list[ev.AnyEvent] = []
    if mode(state) != ENABLED:
        events.append(ev.DaemonModeSet(ENABLED))
    if moment.scan is None and events:
        return events
    return events + _seen(state, moment)


def disable(state: State, _command: cmd.DisableDaemon) -> list[ev.AnyEvent]:
    """Let the daemon refuse changes; it goes on recording what the kernel says."""
    if mode(state) == DISABLED:
        raise Rejected(
            "V-5-1-7931",
            "vxconfigd is disabled already",
            fix="'vxdctl enable' lets it take changes again",
            rule="D2",
        )
    return [ev.DaemonModeSet(DISABLED)]


def scan(state: State, _command: cmd.ScanDevices, moment: Moment) -> list[ev.AnyEvent]:
    """Bring the state to what the kernel shows now; that it was looked at is an event too."""
    return _seen(state, moment)


def _seen(state: State, moment: Moment) -> list[ev.AnyEvent]:
    found = moment.scan
    if found is None:
        raise Unavailable(
            "V-5-1-7932",
            "the kernel cannot be asked for a scan now",
            cause="it does not answer",
            fix="see 'vx status'; ask again once the monitor is back",
        )
    notice = ev.Notice(f"scan-{found.reason}", 0, found.kernel_us, found.boot_id)
    return [*observe(state, found), ev.DevicesScanned(len(found.devices), notice)]
