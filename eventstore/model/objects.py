"""The records of which a configuration consists: frozen, typed, without behaviour.

Every record lives in a *space* and has a record ID there, drawn from the space's counter: a disk
group's space is its ID, the node's own is "". Names are fields that change; the key does not.
Lengths and offsets are in sectors of 512 bytes. A new field comes last and has a default: the
digest leaves those out (`eventstore.model.digest`), so that old logs stay true.
"""

from __future__ import annotations

from msgspec import Struct

Key = tuple[str, int]
"""(space, record ID)."""

NODE_SPACE = ""
HEADER_RID = 0
"""In each space the record that describes the space itself and holds its counter."""
FIRST_SHARED_RID = 1 << 32
"""Record IDs in the shared log's own space begin here, so that none is a node's own too."""
OWN_HEADER: Key = (NODE_SPACE, HEADER_RID)
"""What a daemon notes of itself: a commit that changes nothing else changes no configuration."""


ENABLED = "enabled"
"""The mode of a daemon that takes changes; the others are ``disabled`` and ``booted``."""

NODEVICE = "NODEVICE"
"""State of a disk without a device, and of a plex on it."""

LOG_OFFSET = -1
"""Offset in its plex of a subdisk that holds a log."""


class Labels(Struct, frozen=True, array_like=True):
    """Words at a record that people and other programs keep there; the model rests on none.

    `user`, `group` and `mode` are those of a volume's device nodes, the last three a disk's:
    ``on``, or nothing. A new field comes last.
    """

    comment: str = ""
    tutil0: str = ""
    tutil1: str = ""
    tutil2: str = ""
    putil0: str = ""
    putil1: str = ""
    putil2: str = ""
    user: str = ""
    group: str = ""
    mode: str = ""
    reserve: str = ""
    spare: str = ""
    nohotuse: str = ""


class Record(Struct, frozen=True, tag_field="type"):
    """What all records share."""

    space: str
    rid: int


class Seat(Struct, frozen=True, array_like=True):
    """A node's place in the cluster, as the shared log has it.

    `member`: it is in the list of the last `MasterElected`; `stored_through`: else the position up
    to which it is recorded to have stored the log (C3). `joined` from its `NodeJoined` on (B6).
    """

    name: str
    boot_id: str = ""
    member: bool = False
    joined: bool = False
    stored_through: int = 0


class Tag(Struct, frozen=True, array_like=True):
    """A name that somebody gave to a commit of the log in whose header it is."""

    name: str
    position: int


class Cluster(Record, frozen=True, tag="cluster"):
    """The header of the shared log's own space: who founded it, and for whom (B0).

    `nodes` are the configured ones; `term` and `master` those of the last `MasterElected`, and
    `regular` is the last position of which it is known that the members before it had stored it.
    """

    name: str
    cluster_id: str
    nodes: tuple[str, ...]
    next_rid: int = 1
    term: int = 0
    master: str = ""
    seats: tuple[Seat, ...] = ()
    protocol: int = 1
    regular: int = 0
    tags: tuple[Tag, ...] = ()


class Node(Record, frozen=True, tag="node"):
    """The header of a node log's own space; `mode` is that of its daemon."""

    name: str
    cluster_id: str
    next_rid: int = 1
    boot_id: str = ""
    running: bool = False
    mode: str = ENABLED
    tags: tuple[Tag, ...] = ()


class Device(Record, frozen=True, tag="da"):
    """A disk as the kernel offers it (disk access record).

    `disk_id` is given when the disk is initialised, and binds it for life to `identity`. A device
    that went away stays, with `present` False, if it had been initialised. `import_lock` is the
    host that alone may import the deported group on it.
    """

    name: str
    identity: str
    size: int
    present: bool = True
    failing: bool = False
    disk_id: str = ""
    private_len: int = 0
    public_len: int = 0
    offline: bool = False
    clone: bool = False
    import_lock: str = ""


class Activation(Struct, frozen=True, array_like=True):
    """What a node may do with a shared disk group: a mode of F1 that is not off."""

    node: str
    mode: str


class DiskGroup(Record, frozen=True, tag="dg"):
    """The header of a disk group's space; the space is the disk group ID.

    A deported group stays, with `imported` False: its disks can be imported again. `activations`
    are those of a shared one, by node; `noautoimport` keeps it out of the cluster's next start.
    """

    name: str
    next_rid: int = 1
    base_minor: int = 0
    version: int = 310
    imported: bool = True
    detach_policy: str = "global"
    fail_policy: str = "dgdisable"
    nconfig: str = ""
    nlog: str = ""
    labels: Labels | None = None
    activations: tuple[Activation, ...] = ()
    noautoimport: bool = False


class Disk(Record, frozen=True, tag="dm"):
    """A disk of a group (disk media record); `state` is "" or NODEVICE, `device` a record ID.

    A disk that was taken over from another system, and is not here, has device 0; if that system
    did not see it either, it has no device type, and its lengths are not known.
    """

    name: str
    device: int
    device_name: str
    disk_id: str
    private_len: int
    public_len: int
    state: str = ""
    device_type: str = "auto"
    labels: Labels | None = None


class Volume(Record, frozen=True, tag="v"):
    """What an application sees as a disk."""

    name: str
    length: int
    kstate: str = "ENABLED"
    state: str = "ACTIVE"
    utype: str = "fsgen"
    readpol: str = "SELECT"
    rvg: str = ""
    prefplex: str = ""
    labels: Labels | None = None


class Plex(Record, frozen=True, tag="pl"):
    """One copy of a volume; `volume` is its record ID, 0 for a dissociated plex.

    A striped plex has `columns` of equal length, `stripe` sectors of each in turn. One of length 0
    is no copy: it holds a log.
    """

    name: str
    volume: int
    length: int
    kstate: str = "ENABLED"
    state: str = "ACTIVE"
    layout: str = "CONCAT"
    mode: str = "RW"
    columns: int = 0
    stripe: int = 0
    labels: Labels | None = None


class Subdisk(Record, frozen=True, tag="sd"):
    """A contiguous region of a disk at an offset of a plex; `plex` and `disk` are record IDs.

    In a striped plex `plex_offset` counts from the start of its `column`.
    """

    name: str
    plex: int
    disk: int
    disk_offset: int
    length: int
    plex_offset: int = 0
    column: int = 0
    mode: str = ""
    labels: Labels | None = None


class Foreign(Record, frozen=True, tag="foreign"):
    """A record of a kind that the model does not handle, kept as it was read.

    `cells` are the columns of its row behind the name; `parent` is the record ID of the volume or
    plex in whose block it stands, 0 for the group itself. One of kind "v" or "v2" has no cells:
    it keeps the place of the volume of its name, which stands in that block.
    """

    kind: str
    name: str
    parent: int
    cells: tuple[str, ...]


class Awaited(Record, frozen=True, tag="wait"):
    """A change that is undone at `until_us`, unless it is confirmed before; it is in its log.

    `name` is the request's identifier, `steps` what has to be done then, as it was stored; once
    that could not be done, `failed` says why.
    """

    name: str
    until_us: int
    steps: bytes
    failed: str = ""


AnyRecord = (
    Cluster | Node | Device | DiskGroup | Disk | Volume | Plex | Subdisk | Foreign | Awaited
)
Header = Cluster | Node | DiskGroup
Labelled = DiskGroup | Disk | Volume | Plex | Subdisk

Change = tuple[Key, AnyRecord | None, AnyRecord | None]
"""(key, record before, record after); None where there was, or is, none."""


def rid_text(key: Key) -> str:
    """Return the record ID as people and scripts write it, ``DGID#17`` or ``#3``."""
    return f"{key[0]}#{key[1]}"
