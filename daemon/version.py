"""The version of this program, without a look at the installed package."""

VERSION = "0.5.0"

PROTOCOL_MIN = 1
PROTOCOL_MAX = 1
"""Cluster protocol versions that this program speaks (B5)."""

DISK_GROUP_MIN = 20
DISK_GROUP_MAX = 310
"""Versions of disk groups that this program takes, the oldest and the newest."""
