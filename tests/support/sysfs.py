"""A directory that stands in for /sys."""

from pathlib import Path


def make_disk(root: Path, name: str, *, size: str = "2048", **attributes: str) -> Path:
    """Make root/block/NAME with these attribute files, `size` in 512-byte sectors."""
    disk = root / "block" / name
    for attribute, value in {"size": size, **attributes}.items():
        file = disk / attribute
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(value + "\n")
    return disk
