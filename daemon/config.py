"""Settings of a daemon: a file, then the environment, then flags; the later wins.

The file is ``config.toml`` in the home. ``VX_KERNEL_TYPE`` in the environment stands for
``[kernel] type``, and so on for every setting.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from eventstore.errors import NotFound, Rejected
from eventstore.storage.location import is_url, shown

HOME_VARIABLE = "VX_HOME"
DEFAULT_HOME = "/var/lib/vxconfigd"
CONFIG_FILE = "config.toml"
SOCKET = "vxconfigd.sock"

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,30}\Z"
NAME_WORDS = "a letter or digit, then at most 30 letters, digits, and . _ -"
Name = Annotated[str, Meta(pattern=NAME_PATTERN)]


class ClusterSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """``[cluster]``: which cluster this node belongs to."""

    name: Name


class NodeSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """``[node]``: what this node is called."""

    name: Name


class KernelSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """``[kernel]``: where notifications come from; `devices` are patterns of names to watch."""

    type: Literal["monitor", "linux"] = "linux"
    monitor: str = "../monitor/monitor.sock"
    devices: tuple[str, ...] = ("*",)


class SocketSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """``[socket]``: the group whose members may read (G1)."""

    readers: str = ""


class LimitSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """``[limits]``: bounds on what strangers can make the daemon hold."""

    connections: Annotated[int, Meta(ge=1, le=65536)] = 256
    frame_seconds: Annotated[float, Meta(gt=0)] = 10.0
    drain_seconds: Annotated[float, Meta(gt=0)] = 60.0
    follower_seconds: Annotated[float, Meta(gt=0)] = 10.0


class RecorderSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """``[recorder]``: how much of the core's inputs is kept; 0: nothing is recorded."""

    megabytes: Annotated[int, Meta(ge=0, le=65536)] = 32


class PeerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """``[peers]``: where other nodes' daemons connect, and how long they may be silent (E7).

    `listen` is ``host:port``, port 0 for any; empty: the node has no peers. `queue_mib` bounds
    what waits for one of them; `unauthenticated` and `connections` what strangers can open. The
    heartbeat of every node has to be shorter than the silence that any other allows.
    """

    listen: str = ""
    heartbeat_seconds: Annotated[float, Meta(gt=0)] = 1.0
    silence_seconds: Annotated[float, Meta(gt=0)] = 5.0
    handshake_seconds: Annotated[float, Meta(gt=0)] = 5.0
    frame_seconds: Annotated[float, Meta(gt=0)] = 5.0
    retry_seconds: Annotated[float, Meta(gt=0)] = 2.0
    queue_mib: Annotated[int, Meta(ge=1, le=4096)] = 64
    unauthenticated: Annotated[int, Meta(ge=1, le=4096)] = 64
    connections: Annotated[int, Meta(ge=1, le=65536)] = 256


class ArchiveSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """``[archive]``: where segments of old commits go; empty: beside the log, in the home.

    `commits` is how many go into one of them. `url` names the archive of many clusters, in
    PostgreSQL, to which both logs are shipped; empty: to none.
    """

    directory: str = ""
    commits: Annotated[int, Meta(ge=256, le=65536)] = 16_384
    url: str = ""


class HeadSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """``[heads]``: how often the heads of the logs are signed; 0: when somebody asks only."""

    seconds: Annotated[float, Meta(ge=0)] = 300.0


class LogSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """``[log]``: the daemon's own messages; `database`: where its log is, if not in the home.

    That is the URL of a PostgreSQL database; the schema is the node's name, where it names none.
    """

    database: str = ""
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    cluster: ClusterSettings
    node: NodeSettings
    kernel: KernelSettings = KernelSettings()
    socket: SocketSettings = SocketSettings()
    limits: LimitSettings = LimitSettings()
    recorder: RecorderSettings = RecorderSettings()
    peers: PeerSettings = PeerSettings()
    archive: ArchiveSettings = ArchiveSettings()
    heads: HeadSettings = HeadSettings()
    log: LogSettings = LogSettings()


def home_path(given: str | None, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the home: as given, else from the environment, else the default."""
    return Path(given or environment.get(HOME_VARIABLE) or DEFAULT_HOME).absolute()


def load(
    home: Path,
    flags: Mapping[str, str] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """Read the settings of a home; `flags` are ``section.key`` -> value.

    Raises:
        NotFound: the home was never made.
        Rejected: a setting is not what it should be; it is named.
    """
    path = home / CONFIG_FILE
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text())
    except FileNotFoundError as error:
        raise NotFound(
            "V-5-1-7860",
            f"{home} is not a home of vxconfigd",
            cause=f"{path} does not exist",
            fix=f"make it: 'vxconfigd init --home {home} --cluster NAME --node NAME'",
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _bad(path, str(error)) from error
    for name, value in _overrides(path, flags or {}, environment):
        section, _, key = name.partition(".")
        table = values.setdefault(section, {})
        if isinstance(table, dict):  # anything else is named below
            table[key] = value
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise _bad(path, str(error)) from error


def origins(home: Path, environment: Mapping[str, str] = os.environ) -> list[tuple[str, Any, str]]:
    """Return (section.key, value, where from) of every setting that a daemon would have.

    Raises:
        NotFound: the home was never made.
        Rejected: a setting is not what it should be; it is named.
    """
    path = home / CONFIG_FILE
    settings = msgspec.to_builtins(load(home, environment=environment))
    in_file = tomllib.loads(path.read_text())
    overridden = {name for name, _value in _overrides(path, {}, environment)}
    found: list[tuple[str, Any, str]] = []
    for section, values in settings.items():
        for key, value in values.items():
            name = f"{section}.{key}"
            if name in overridden:
                where = f"VX_{section}_{key}".upper()
            else:
                where = str(path) if key in in_file.get(section, {}) else "default"
            text = ",".join(value) if isinstance(value, (list, tuple)) else value
            if isinstance(text, str) and is_url(text):
                text = shown(text)
            found.append((name, text, where))
    return found


def settings_text(settings: Settings) -> str:
    """Return the text of a settings file that says what is not the default.

    Raises:
        Rejected: a setting is not valid.
    """
    values = msgspec.to_builtins(settings)
    try:
        msgspec.convert(values, Settings)
    except msgspec.ValidationError as error:
        raise _bad(Path(CONFIG_FILE), str(error)) from error
    lines: list[str] = []
    for section in msgspec.structs.fields(Settings):
        chosen = getattr(settings, section.name)
        if section.default is not msgspec.NODEFAULT and chosen == section.default:
            continue
        # A JSON string, and a list of them, is a TOML one.
        pairs = ((key, msgspec.json.encode(value).decode()) for key, value in
                 values[section.name].items())  # fmt: skip
        lines += [f"[{section.name}]", *(f"{key} = {value}" for key, value in pairs), ""]
    return "\n".join(lines)


def _overrides(
    path: Path, flags: Mapping[str, str], environment: Mapping[str, str]
) -> list[tuple[str, str | list[str]]]:
    """Return (section.key, value) from the environment, then from flags.

    Raises:
        Rejected: a flag sets what is no setting.
    """
    found: list[tuple[str, str | list[str]]] = []
    left = set(flags)
    for section in msgspec.structs.fields(Settings):
        for field in msgspec.structs.fields(section.type):
            name = f"{section.name}.{field.name}"
            left.discard(name)
            variable = f"VX_{section.name}_{field.name}".upper()
            for value in (environment.get(variable), flags.get(name)):
                if value is not None:
                    many = field.name == "devices"
                    found.append((name, value.split(",") if many else value))
    if left:
        raise _bad(path, f"there is no setting {min(left)}")
    return found


def _bad(path: Path, why: str) -> Rejected:
    return Rejected(
        "V-5-1-7861",
        f"the settings in {path} are not valid",
        cause=why.replace(f"matching regex {NAME_PATTERN!r}", f"that is {NAME_WORDS}"),
        fix="mend the setting that is named there, or the variable or flag that overrides it",
    )
