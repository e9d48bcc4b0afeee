"""What can happen to a configuration: frozen typed events, in the past tense.

The stored name is ``NAME/VERSION``: stable words and an integer, never a class path, so that
classes may move. A stored event is never edited; a new version is a new class here, and the old
one moves to `upcast`. All fields are strings, integers, booleans, None, and tuples of them.
`evolve` says what each does to the state, `decide` when each arises.
"""

from __future__ import annotations

from typing import Union

from eventstore.model.cluster_events import (
    ConfiguredNodesChanged as ConfiguredNodesChanged,
    LogQuarantined as LogQuarantined,
    LogSetAside as LogSetAside,
    MasterElected as MasterElected,
    NodeJoined as NodeJoined,
    NodeLeft as NodeLeft,
    OfCluster as OfCluster,
    RequestsFailed as RequestsFailed,
    VersionRaised as VersionRaised,
)
from eventstore.model.device_events import (
    DeviceAdded as DeviceAdded,
    DeviceChanged as DeviceChanged,
    DeviceRemoved as DeviceRemoved,
    DeviceResized as DeviceResized,
    DiskInitialized as DiskInitialized,
    NoticeIgnored as NoticeIgnored,
)
from eventstore.model.edit_events import (
    DeviceCloneSet as DeviceCloneSet,
    DiskGroupUpgraded as DiskGroupUpgraded,
    LabelsSet as LabelsSet,
    ReadPolicySet as ReadPolicySet,
    RecordRenamed as RecordRenamed,
)
from eventstore.model.event import (
    UNKNOWN_INTERVALS as UNKNOWN_INTERVALS,
    Event as Event,
    Notice as Notice,
    OfGroup as OfGroup,
    OfGroupItself as OfGroupItself,
    OfNode as OfNode,
)
from eventstore.model.group_events import (
    ActivationSet as ActivationSet,
    AutoImportSet as AutoImportSet,
    DiskGroupDeported as DiskGroupDeported,
    DiskGroupImported as DiskGroupImported,
    DiskGroupRenamed as DiskGroupRenamed,
    DiskGroupSet as DiskGroupSet,
)
from eventstore.model.keeping_events import (
    REDACTIONS as REDACTIONS,
    RETENTIONS as RETENTIONS,
    ContextRedacted as ContextRedacted,
    RetentionSet as RetentionSet,
    redaction_of as redaction_of,
)
from eventstore.model.node_events import (
    DaemonModeSet as DaemonModeSet,
    DeviceForgotten as DeviceForgotten,
    DeviceOfflineSet as DeviceOfflineSet,
    DevicesScanned as DevicesScanned,
    ImportLockSet as ImportLockSet,
)
from eventstore.model.objects import HEADER_RID, NODE_SPACE, Key
from eventstore.model.tags import AnyTagEvent, OfLog
from eventstore.model.takeover_events import (
    DiskGroupTakenOver as DiskGroupTakenOver,
    DiskTakenOver as DiskTakenOver,
    ForeignRemoved as ForeignRemoved,
    ForeignTakenOver as ForeignTakenOver,
    VolumeTakenOver as VolumeTakenOver,
)
from eventstore.model.wayback_events import (
    ChangeConfirmed as ChangeConfirmed,
    ChangeUndone as ChangeUndone,
    ConfirmationAwaited as ConfirmationAwaited,
    RecordsRestored as RecordsRestored,
    UndoFailed as UndoFailed,
)


class ClusterCreated(Event, frozen=True, tag="cluster-created/1"):
    """Position 1 of every shared log (B0)."""

    cluster_id: str
    name: str
    nodes: tuple[str, ...]
    protocol: int = 1


class NodeCreated(Event, frozen=True, tag="node-created/1"):
    """Position 1 of a node log."""

    name: str
    cluster_id: str


class DaemonStarted(Event, frozen=True, tag="daemon-started/1"):
    """A daemon began to serve; `clean` tells whether the one before had stopped."""

    boot_id: str
    version: str
    sqlite: str
    clean: bool


class DaemonStopped(Event, frozen=True, tag="daemon-stopped/1"):
    """A daemon stopped in an orderly way."""

    reason: str


class IntervalUnknown(Event, frozen=True, tag="interval-unknown/1"):
    """From `since_us` to `until_us` nothing was observed (A5): answers about it must say so."""

    reason: str
    since_us: int
    until_us: int
    boot_id: str = ""

    def index_terms(self) -> tuple[str, ...]:
        """All unknown intervals are found under one word."""
        return (UNKNOWN_INTERVALS,)


class RequestRejected(Event, frozen=True, tag="request-rejected/1"):
    """A request was refused: who asked is in the context, why is here (D11, D13)."""

    request: str
    verb: str
    message_id: str
    message: str
    rule: str = ""
    objects: tuple[str, ...] = ()

    def index_terms(self) -> tuple[str, ...]:
        """A rejection is found under the request's identifier."""
        return (f"request/{self.request}",)


class DiskGroupCreated(OfGroupItself, frozen=True, tag="group-created/1"):
    """A disk group came to be."""

    name: str
    base_minor: int


class DiskGroupDestroyed(OfGroupItself, frozen=True, tag="group-destroyed/1"):
    """A disk group ended; the events before it in the commit emptied it."""


class DiskAdded(OfGroup, frozen=True, tag="disk-added/1"):
    """A disk joined a group."""

    name: str
    device: int
    device_name: str
    disk_id: str
    private_len: int
    public_len: int


class DiskRemoved(OfGroup, frozen=True, tag="disk-removed/1"):
    """A disk left its group."""


class DiskStateSet(OfGroup, frozen=True, tag="disk-state-set/1"):
    """A group's disk lost its device (NODEVICE) or found it again ("")."""

    state: str
    device_name: str


class VolumeCreated(OfGroup, frozen=True, tag="volume-created/1"):
    """A volume came to be; its plexes follow in the same commit."""

    name: str
    length: int
    utype: str = "fsgen"


class VolumeResized(OfGroup, frozen=True, tag="volume-resized/1"):
    """The length of a volume changed."""

    length: int


class VolumeStateSet(OfGroup, frozen=True, tag="volume-state-set/1"):
    """Kernel state and state of a volume changed."""

    kstate: str
    state: str


class VolumeRemoved(OfGroup, frozen=True, tag="volume-removed/1"):
    """A volume ended; its plexes ended before it in the commit."""


class PlexResized(OfGroup, frozen=True, tag="plex-resized/1"):
    """The length of a plex changed."""

    length: int


class PlexStateSet(OfGroup, frozen=True, tag="plex-state-set/1"):
    """Kernel state and state of a plex changed."""

    kstate: str
    state: str


class PlexRemoved(OfGroup, frozen=True, tag="plex-removed/1"):
    """A plex ended; its subdisks ended before it in the commit."""


class SubdiskResized(OfGroup, frozen=True, tag="subdisk-resized/1"):
    """A subdisk grew or shrank at its end."""

    length: int


class SubdiskRemoved(OfGroup, frozen=True, tag="subdisk-removed/1"):
    """A region of a disk was given back."""


class PlexCreated(OfGroup, frozen=True, tag="plex-created/2"):
    """A plex came to be; one without a volume (0) is dissociated."""

    name: str
    volume: int
    length: int
    layout: str = "CONCAT"
    columns: int = 0
    stripe: int = 0
    kstate: str = "ENABLED"
    state: str = "ACTIVE"
    mode: str = "RW"


class SubdiskCreated(OfGroup, frozen=True, tag="subdisk-created/2"):
    """A region of a disk was given to a plex."""

    name: str
    plex: int
    disk: int
    disk_offset: int
    length: int
    plex_offset: int = 0
    column: int = 0
    mode: str = ""


class PlexAttached(OfGroup, frozen=True, tag="plex-attached/1"):
    """A plex became, or became again, a copy of a volume."""

    volume: int
    kstate: str
    state: str


class PlexDissociated(OfGroup, frozen=True, tag="plex-dissociated/1"):
    """A plex stopped being a copy of its volume; its subdisks stay with it."""


class DiskRenamed(OfGroup, frozen=True, tag="disk-renamed/1"):
    """A disk of a group got another name."""

    name: str


AnyEvent = Union[  # noqa: UP007 one member a line reads better
    ClusterCreated,
    NodeCreated,
    DaemonStarted,
    DaemonStopped,
    IntervalUnknown,
    RequestRejected,
    DeviceAdded,
    DeviceRemoved,
    DeviceChanged,
    DeviceResized,
    NoticeIgnored,
    DiskInitialized,
    DiskGroupCreated,
    DiskGroupDestroyed,
    DiskAdded,
    DiskRemoved,
    DiskStateSet,
    VolumeCreated,
    VolumeResized,
    VolumeStateSet,
    VolumeRemoved,
    PlexCreated,
    PlexResized,
    PlexStateSet,
    PlexRemoved,
    SubdiskCreated,
    SubdiskResized,
    SubdiskRemoved,
    PlexAttached,
    PlexDissociated,
    VolumeTakenOver,
    DiskTakenOver,
    ForeignTakenOver,
    ForeignRemoved,
    DiskGroupTakenOver,
    DiskGroupDeported,
    DiskGroupImported,
    DiskGroupRenamed,
    DiskGroupSet,
    DiskRenamed,
    DeviceOfflineSet,
    DeviceForgotten,
    MasterElected,
    NodeJoined,
    NodeLeft,
    RequestsFailed,
    VersionRaised,
    ConfiguredNodesChanged,
    LabelsSet,
    RecordRenamed,
    ReadPolicySet,
    DiskGroupUpgraded,
    DeviceCloneSet,
    ActivationSet,
    AutoImportSet,
    LogQuarantined,
    LogSetAside,
    DaemonModeSet,
    DevicesScanned,
    ImportLockSet,
    AnyTagEvent,
    RecordsRestored,
    ConfirmationAwaited,
    ChangeConfirmed,
    ChangeUndone,
    UndoFailed,
    ContextRedacted,
    RetentionSet,
]


_OF_HEADER = (
    *(ClusterCreated, NodeCreated, OfCluster, OfLog),
    *(DaemonStarted, DaemonStopped, DaemonModeSet),
)


def stored_name(event_type: type[Event]) -> tuple[str, int]:
    """Return the name and the version under which events of a type are stored."""
    name, _, version = str(event_type.__struct_config__.tag).partition("/")
    return name, int(version)


def touched(event: Event) -> tuple[Key, ...]:
    """Return the keys of the records that an event is about, from the event alone.

    The index of objects is built from this, so it must not need the state. That a new record also
    moves its space's counter is not told: the counter is nobody's question.
    """
    if isinstance(event, OfGroup):
        return ((event.dgid, event.rid),)
    if isinstance(event, OfNode):
        return ((NODE_SPACE, event.rid),)
    if isinstance(event, RecordsRestored):
        return event.touches()
    if isinstance(event, OfGroupItself):
        return ((event.dgid, HEADER_RID),)
    if isinstance(event, _OF_HEADER):
        return ((NODE_SPACE, HEADER_RID),)
    return ()
