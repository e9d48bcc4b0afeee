"""What a master is about, one after another (C2 to D)."""

from __future__ import annotations

from enum import Enum


class Phase(Enum):
    """What a master is about; each is left only forwards, within one office."""

    COLLECTING = "asking every member for its state (C2)"
    FETCHING = "fetching the longest log (C3)"
    COMPARING = "finding where a log is another one (B3)"
    EQUALIZING = "giving the others what they lack (C3)"
    SETTLING = "settling what is in doubt (C4)"
    ELECTING = "committing MasterElected (C5)"
    JOINING = "recording who left and who joins (B6, B7)"
    ACTIVE = "changing the configuration (D)"
    HALTED = "making no change: digests differ (G3)"
    STUCK = "waiting for another view"
