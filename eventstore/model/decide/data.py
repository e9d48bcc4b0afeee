"""What the data of a volume has to say to a change of its records.

Records can be what they were; what stands on a disk is what was written there last. So a plex that
fell behind is stale, whatever its record said before.
"""

from __future__ import annotations

from collections.abc import Iterator

from eventstore.model.objects import AnyRecord, Key, Plex, Subdisk, Volume
from eventstore.model.state import State
from eventstore.model.wayback_events import RecordsRestored

_GOOD = ("ACTIVE", "CLEAN")
_BEHIND = ("STALE", "NODEVICE", "OFFLINE", "IOFAIL", "REMOVED")


def stale(state: State, wanted: AnyRecord, present: AnyRecord | None) -> str | None:
    """Return why a record cannot say again that its data is good, None if it can."""
    if isinstance(wanted, Subdisk) and isinstance(present, Subdisk):
        return _moved(wanted, present)
    if not isinstance(wanted, Plex) or not wanted.volume or not wanted.length:
        return None
    if wanted.state not in _GOOD:
        return None
    volume = state.get((wanted.space, wanted.volume))
    runs = isinstance(volume, Volume) and volume.kstate == "ENABLED"
    if isinstance(present, Plex) and present.volume == wanted.volume:
        # Of a volume that does not run itself, a detached plex missed nothing: a start takes it.
        behind = present.state in _BEHIND or (runs and present.kstate == "DETACHED")
        if behind and (present.kstate, present.state) != (wanted.kstate, wanted.state):
            return (
                f"it is {present.kstate} {present.state}, and missed what was written: attach it"
            )
        return None
    if isinstance(volume, Volume) and not runs:
        return f"volume {volume.name} does not run, so it cannot be brought up to date: start it"
    return None


def _moved(wanted: Subdisk, present: Subdisk) -> str | None:
    """Nothing copies data by itself; a subdisk that was moved would show what is there now."""
    if (wanted.disk, wanted.disk_offset) == (present.disk, present.disk_offset):
        return None
    return "its data is elsewhere now; 'vxassist move' moves it back"


def without_a_source(state: State, event: RecordsRestored) -> Iterator[tuple[Key, str]]:
    """Yield the plexes that come back to a volume none of whose good plexes stays.

    What was written since is on those that would go.
    """
    gone = {(where.space, where.rid) for where in event.gone}
    back = {(record.space, record.rid): record for record in event.back}
    for key, record in back.items():
        if not isinstance(record, Plex) or not record.volume or not record.length:
            continue
        present, volume = state.get(key), state.get((record.space, record.volume))
        is_new = not isinstance(present, Plex) or present.volume != record.volume
        if not is_new or not isinstance(volume, Volume):
            continue
        stay = [
            plex
            for plex in state.copies(volume)
            if (plex.space, plex.rid) not in gone
            and plex.state in _GOOD
            and _stays(back.get((plex.space, plex.rid)), plex)
        ]
        if not stay:
            yield key, f"what volume {volume.name} holds now is only on plexes that would go"


def _stays(wanted: object, plex: Plex) -> bool:
    return wanted is None or (isinstance(wanted, Plex) and wanted.volume == plex.volume)
