"""Nemeses of the network: links that are cut, flap, repeat and spoil (N8 to N16)."""

from __future__ import annotations

from itertools import permutations

from tests.simulation.faults import Faults, nemesis

Links = set[tuple[str, str]]
LENGTHS_MS = (50, 500, 3000, 8000)


def _between(left: list[str], right: list[str]) -> Links:
    return {(a, b) for a in left for b in right}


def _both_ways(links: Links) -> Links:
    return links | {(b, a) for a, b in links}


def _cut(faults: Faults, links: Links, length_ms: int) -> None:
    blocked = faults.world.network.blocked
    blocked |= links
    faults.world.after(length_ms, lambda: blocked.difference_update(links))


@nemesis("partition", 11, 12, 13)
def partition(faults: Faults) -> None:
    """Cut the network in two: both ways, one way, or one link only; the monitor may see it."""
    world, random = faults.world, faults.random
    names = list(world.names)
    random.shuffle(names)
    size = random.randint(1, max(1, len(names) // 2))
    left, right = names[:size], names[size:]
    kind = random.choice(("both ways", "both ways", "one way", "a link"))
    links = _between(left, right)
    if kind == "both ways":
        links = _both_ways(links)
    elif kind == "a link" and links:
        links = {random.choice(sorted(links))}
    length = random.choice(LENGTHS_MS)
    faults.tell(f"cut {','.join(left)} off, {kind}, for {length} ms")
    _cut(faults, links, length)
    if kind == "both ways" and random.random() < 0.8:
        sides = {name: 1 if name in left else 0 for name in names}
        faults.later(random.randint(0, 300), lambda: world.monitor.split(sides))
    faults.later(length, lambda: world.monitor.split(dict.fromkeys(names, 0)))


@nemesis("isolate the master", 11)
def isolate_master(faults: Faults) -> None:
    """The master's links are cut; it may not be told, and go on as if it were master."""
    name = faults.master()
    others = [n for n in faults.world.names if n != name]
    length = faults.random.choice(LENGTHS_MS)
    faults.tell(f"cut {name} off for {length} ms")
    _cut(faults, _both_ways(_between([name], others)), length)
    monitor = faults.world.monitor
    if faults.random.random() < 0.4:
        faults.tell(f"{name} hears of no view")
        monitor.deaf.add(name)
        faults.later(length, lambda: monitor.deaf.discard(name))
    if faults.random.random() < 0.7:
        faults.later(faults.random.randint(0, 300), lambda: monitor.split({name: 1}))
        faults.later(length, lambda: monitor.split({name: 0}))


@nemesis("ring of majorities", 11)
def ring(faults: Faults) -> None:
    """Each node hears its neighbours only: everyone sees a majority, no two the same one."""
    names = list(faults.world.names)
    faults.random.shuffle(names)
    size, near = len(names), max(1, len(names) // 4)
    links = {
        (a, b)
        for (i, a), (k, b) in permutations(enumerate(names), 2)
        if min((i - k) % size, (k - i) % size) > near
    }
    faults.tell(f"a ring of {','.join(names)}")
    _cut(faults, links, faults.random.choice(LENGTHS_MS))


@nemesis("flapping", 14)
def flapping(faults: Faults) -> None:
    """A node's links go and come, again and again."""
    name, random = faults.any_node(), faults.random
    others = [n for n in faults.world.names if n != name]
    links, period = _both_ways(_between([name], others)), random.choice((20, 100, 400))
    for turn in range(random.randint(3, 10)):
        faults.later(2 * turn * period, lambda: _cut(faults, links, period))


@nemesis("swizzle", 15)
def swizzle(faults: Faults) -> None:
    """Some nodes' links stop one after the other, and come back in another order."""
    names, random = list(faults.world.names), faults.random
    some = random.sample(names, random.randint(1, len(names)))
    again = random.sample(some, len(some))
    blocked, step = faults.world.network.blocked, random.choice((20, 200, 700))
    for turn, name in enumerate(some):
        others = [n for n in names if n != name]
        links = frozenset(_both_ways(_between([name], others)))
        faults.later(turn * step, lambda links=links: blocked.update(links))  # type: ignore[misc]
        end = (len(some) + 1 + again.index(name)) * step
        faults.later(end, lambda links=links: blocked.difference_update(links))  # type: ignore[misc]


@nemesis("replay", 9, 10)
def replay(faults: Faults) -> None:
    """Frames of long ago arrive once more."""
    network = faults.world.network
    frames = list(network.frames)
    for _ in range(min(5, len(frames))):
        network.arrive(*faults.random.choice(frames))


@nemesis("spoilt frames", 16)
def spoilt(faults: Faults) -> None:
    """Frames arrive cut short, or with other bits."""
    for _ in range(5):
        faults.world.network.spoil(faults.random)
