"""Listings of other systems: the fixtures, and rows written by hand or made up."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from cli.render import vxprint as render
from eventstore.forms import vxprint
from eventstore.forms.vxprint import Group

FIXTURES = Path(__file__).parents[1] / "fixtures" / "vxprint"
SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
"""What other people's systems printed; there only where somebody put it."""

HEADING = "\n".join(render.TYPED_HEADER.values()) + "\n\n"
SMALL = """\
dg dg1 default default 1000 1300000000.1.alpha

dm d1 c1t1d0 auto 2048 10000 -
dm d2 c1t2d0 auto 2048 10000 -

v vol1 - ENABLED ACTIVE 2000 SELECT - fsgen
pl vol1-01 vol1 ENABLED ACTIVE 2000 CONCAT - RW
sd d1-01 vol1-01 d1 0 2000 0 c1t1d0 ENA
pl vol1-02 vol1 ENABLED ACTIVE 2000 CONCAT - RW
sd d2-01 vol1-02 d2 0 2000 0 c1t2d0 ENA

v vol2 - ENABLED ACTIVE 3000 SELECT - fsgen
pl vol2-01 vol2 ENABLED ACTIVE 3000 CONCAT - RW
sd d1-02 vol2-01 d1 2000 3000 0 c1t1d0 ENA
"""


def laid_out(words: str) -> str:
    """Return rows with their words at the columns of the original."""
    return "".join(
        (render._typed_row(tuple(line.split())) if line else "") + "\n"
        for line in words.splitlines()
    )


def one_group(text: str) -> Group:
    """Read a listing that holds one group and has nothing wrong with it."""
    listing = vxprint.parse(text)
    (group,) = listing.groups
    assert (listing.faults, listing.lacks, group.faults) == ((), (), ())
    return group


def rows_of(text: str) -> list[str]:
    """Return the lines of a listing that are rows, as they stand."""
    lines = [line for line in text.split("\n") if line.strip() and not line.startswith("Disk gr")]
    return [line for line in lines if not line[:2].strip().isupper()]


_names = st.text("abz019_", max_size=12)
_lengths = st.integers(1, 5000)


@st.composite
def configurations(draw: st.DrawFn) -> str:
    """Make up a listing whose rows hang together, in the order of its making."""
    disks = draw(st.lists(_names.map("d_{}".format), min_size=3, max_size=5, unique=True))
    lines = [f"dg g{draw(_names)} default 3 {draw(st.integers(0, 9000))} 1.{draw(_lengths)}.x"]
    lines += [f"dm {disk} dev_{disk} auto 2048 1000000 -" for disk in disks]
    lines += ["dm d_gone - - - - NODEVICE"]
    ends = dict.fromkeys([*disks, "d_gone"], 0)
    volumes = draw(st.lists(_names.map("v_{}".format), max_size=5, unique=True))
    for number, volume in enumerate(volumes):
        lines += _volume(draw, f"{volume}", number, ends)
    return "\n".join(lines) + "\n"


def _volume(draw: st.DrawFn, name: str, number: int, ends: dict[str, int]) -> list[str]:
    columns = draw(st.sampled_from([0, 2, 3]))
    length = draw(_lengths) * max(columns, 1)
    lines = ["", f"v {name} - ENABLED ACTIVE {length} SELECT - fsgen"]
    layout = f"STRIPE {columns}/128" if columns else "CONCAT -"
    for copy in range(1, draw(st.integers(1, 2)) + 1):
        lines.append(f"pl {name}-{copy:02} {name} ENABLED ACTIVE {length} {layout} RW")
        on = draw(st.permutations(sorted(ends)))[: max(columns, 1)]
        for column, disk in enumerate(on):
            size, gap = length // max(columns, 1), draw(st.integers(0, 3))
            place = f"{column}/0" if columns else "0"
            device, mode = ("-", "NDEV") if disk == "d_gone" else (f"dev_{disk}", "ENA")
            start = ends[disk] + gap
            ends[disk] = start + size
            lines.append(
                f"sd s{number}{copy}{column} {name}-{copy:02} {disk} {start} {size} {place} "
                f"{device} {mode}"
            )
    if draw(st.booleans()):
        lines.append(f"dc {name}_dco {name} {name}_dcl")
    return lines
