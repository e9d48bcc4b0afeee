"""All that can happen to a small cluster within one scope: its states, and what follows each.

A state is what the nodes are (core and disk, as numbers), what is on its way to them, what the
kernels still have to tell, what may yet go wrong, and what was decided and answered so far. It
has no clock: each node has its own, which moves when its timer fires.

What is left out, and why nothing is lost by it:

- A step and its flush are one, unless the scope has `batches`. While the disk is busy a node is
  silent but for `early`, and what it would say later is late anyway; a daemon that dies between,
  or in the middle of what it sends, is a state of its own (`_dies_at`).
- Messages are a bag, in no order, so that any delay is in it, unless the scope is `ordered`. Those
  to a daemon that died are gone with its connections, unless the scope `keeps` them.

What a scope leaves out, by its bounds: timers fire when nothing else is on its way; so much goes
wrong and no more.
"""

from __future__ import annotations

from collections.abc import Iterator

from daemon.core.view import View, ViewNode
from tests.exploration.disks import Image, Violation, own_log
from tests.exploration.state import PRELUDE, Faults, Scope, State, less, put
from tests.exploration.steps import DOWN, Step, Steps
from tests.exploration.verdicts import Verdicts
from tests.simulation import founding
from tests.simulation.disk import Disk

Said = tuple[str, int] | tuple[str]
"""What a node is told: a message or a view by its number, a request, or that a timer fires."""
What = tuple[str, State]
"""Something that can happen, in words, and the state after it."""


class Space:
    """One scope, and the steps that were worked out in it."""

    def __init__(self, scope: Scope) -> None:
        founding.configure(scope.nodes)
        self.scope = scope
        self.names = founding.names(scope.nodes)
        self.nodes = range(scope.nodes)
        self.prelude = PRELUDE if scope.volume else ()
        self.requests = (*self.prelude, *scope.requests)
        own = {
            name: own_log(name, disk=scope.volume, group=name in scope.private)
            for name in self.names
            if scope.volume or name in scope.private
        }
        self.steps = Steps(self.names, self.requests, scope.piece, own)
        self.verdicts = Verdicts(scope, self.steps)
        self.doing = ""
        """What was tried last, in words: what breaks an invariant has no state after it."""

    # Where it begins, and where it may end.

    def beginning(self) -> State:
        """The first state: all daemons run, and have come together unless the scope is cold."""
        disks = tuple(self.steps.disk_of(_image(name, blank=False)) for name in self.names)
        log = tuple(self.steps.commit_of(commit) for commit in founding.founded())
        nothing: tuple[tuple[int, ...], ...] = tuple(() for _ in self.nodes)
        cluster = tuple((n, 1, 0) for n in self.nodes)
        down = (DOWN,) * len(self.nodes)
        free = (0,) * len(self.nodes)
        state = State(
            down,
            disks,
            nothing,
            (),
            free,
            nothing,
            cluster,
            0,
            0,
            (),
            Faults(),
            (),
            log,
            (),
            (),
            (),
        )
        if not self.scope.cold:
            for node in self.nodes:
                state = self._start(state, node)
            state = self._come_to_rest(state)
        for number in range(len(self.prelude)):
            state = self._come_to_rest(self._does(state, 0, ("submit", number)))
        todo = tuple(range(len(self.prelude), len(self.requests)))
        told = state.told[-1:]
        return state._replace(left=self.scope.faults, todo=todo, told=told, answers=())

    def _come_to_rest(self, state: State) -> State:
        while not self._is_at_rest(state):
            state = next(self.successors(state))[1]
        return state

    def is_whole(self, state: State) -> bool:
        """All is over, and well: all up, elected, equal, in no doubt, and nobody waits (I16)."""
        return not state.todo and self._is_at_rest(state) and self._all_are_answered(state)

    def _is_at_rest(self, state: State) -> bool:
        if state.net or DOWN in state.cores or any((*state.views, *state.held, *state.holds)):
            return False
        if len(state.cluster) < len(self.nodes):
            return False
        cores = [self.steps.cores[number] for number in state.cores]
        return (
            len({core.shared.head.hash for core in cores}) == 1
            and sum(core.member.office is not None for core in cores) == 1
            and all(c.member.is_elected and not c.hard_state.doubt for c in cores)
            and all(c.member.office is None or c.member.office.is_free for c in cores)
        )

    def _all_are_answered(self, state: State) -> bool:
        died = state.left[:3] != self.scope.faults[:3]
        return died or len(state.answers) >= len(self.scope.requests) - len(state.todo)

    def is_beyond(self, state: State) -> bool:
        """Whether a state is beyond the scope's bound of terms."""
        return any(self.steps.term_on(disk) > self.scope.max_term for disk in state.disks)

    # What can happen next.

    def successors(self, state: State) -> Iterator[What]:
        """What can happen next.

        Raises:
            Violation: an invariant does not hold after it.
        """
        yield from self._disks(state)
        yield from self._messages(state)
        yield from self._kernels(state)
        yield from self._utilities(state)
        if not state.net and not any(state.views) and not any(state.held):
            yield from self._timers(state)
        yield from self._faults(state)

    def _disks(self, state: State) -> Iterator[What]:
        for node in self.nodes:
            if state.held[node]:
                name = self.names[node]
                flushed, late = self._flushed(state, node)
                yield f"{name}'s disk has written", self._sent(flushed, late)
                for count in range(len(late)):
                    sent = self._sent(flushed, late[:count])
                    yield from self._ends(sent, node, f"{name} has sent {count}")

    def _messages(self, state: State) -> Iterator[What]:
        seen: set[object] = set()
        for at, number in enumerate(state.net):
            link = self.steps.messages[number][:2] if self.scope.ordered else number
            if link in seen:
                continue
            seen.add(link)
            _sender, to, _frame, words = self.steps.messages[number]
            without = state._replace(net=state.net[:at] + state.net[at + 1 :])
            if state.cores[to] == DOWN:
                yield f"{words} is not heard", without
                continue
            yield words, self._does(without, to, ("message", number))
            yield from self._dies_at(without, to, ("message", number), words)
            if number in self.steps.held_numbers:
                if state.left.stuck:
                    stuck = without._replace(left=less(state.left, "stuck"))
                    yield f"{words}, or cannot", self._does(stuck, to, ("stuck", number))
                continue
            if state.left.copies:
                copy = state._replace(left=less(state.left, "copies"))
                yield f"{words}, and again", self._does(copy, to, ("message", number))
            if state.left.losses:
                yield f"{words} is lost", without._replace(left=less(state.left, "losses"))

    def _kernels(self, state: State) -> Iterator[What]:
        for node in self.nodes:
            if state.cores[node] == DOWN:
                continue
            name = self.names[node]
            if state.views[node]:
                view, *later = state.views[node]
                heard = state._replace(views=put(state.views, node, tuple(later)))
                words = f"{name} hears view {self._view_words(view)}"
                yield words, self._does(heard, node, ("view", view))
                yield from self._dies_at(heard, node, ("view", view), words)
            elif self.steps.cores[state.cores[node]].member.view != self._now(state):
                words = f"{name} is told the present view again"
                yield words, self._does(state, node, ("view", state.told[-1]))
            for view in state.told[:-1] if state.left.old_views else ():
                left = less(state.left, "old_views")
                words = f"{name} hears the old view {self._view_words(view)}"
                yield words, self._does(state._replace(left=left), node, ("view", view))

    def _utilities(self, state: State) -> Iterator[What]:
        for number in state.todo:
            request = self.requests[number]
            node = self.names.index(request.node)
            if state.cores[node] != DOWN:
                todo = tuple(n for n in state.todo if n != number)
                asked = self.verdicts.asked(state._replace(todo=todo), request.name)
                what = f"{request.node} is asked {request.name}"
                yield what, self._does(asked, node, ("submit", number))

    def _timers(self, state: State) -> Iterator[What]:
        for node in self.nodes:
            core = state.cores[node]
            if core != DOWN and self.steps.cores[core].member.wake_at() is not None:
                yield f"{self.names[node]}'s timer fires", self._does(state, node, ("tick",))

    def _faults(self, state: State) -> Iterator[What]:
        inside = {node for node, _boot, _run in state.cluster}
        for node in self.nodes:
            name, up = self.names[node], state.cores[node] != DOWN
            if not up:
                yield f"{name} starts", self._start(state, node)
                continue
            if node not in inside:
                yield f"{name} is back in the cluster", self._back(state, node)
            elif state.left.evictions:
                left = less(state.left, "evictions")
                yield f"{name} is put out", self._out(state._replace(left=left), node)
            yield from self._ends(state, node, name)

    def _dies_at(self, state: State, node: int, said: Said, words: str) -> Iterator[What]:
        """Its daemon, or its power, ends in the middle of what a step asks for (I8)."""
        if not any(state.left[:3]) or self.scope.batches:
            return
        step = self.steps.step(node, state.cores[node], state.disks[node], said)
        early = self._sent(state, step.early)
        if step.early:
            yield from self._ends(early, node, f"{words}; nothing written")
        if step.written != state.disks[node]:
            written = early._replace(disks=put(state.disks, node, step.written))
            yield from self._ends(written, node, f"{words}; written", (step,))
        flushed = early._replace(disks=put(state.disks, node, step.disk))
        ghost = self.verdicts.noted(flushed, node, step, answers=False)
        for count in range(len(step.late)):
            if step.disk == state.disks[node] and not count:
                continue
            sent = self._sent(self._directed(ghost, node, step), step.late[:count])
            yield from self._ends(sent, node, f"{words}; sent {count}")

    def _ends(
        self, state: State, node: int, words: str, steps: tuple[Step, ...] = ()
    ) -> Iterator[What]:
        """A daemon, or its node's power, ends; `steps` are those whose flush was not told."""
        steps += tuple(self.steps.all[number] for number in state.held[node])
        if state.left.kills:
            yield f"{words}, killed", self._killed(state, node, steps)
        if state.left.aborts:
            for count in range(len(self.steps.disks[state.disks[node]].unsynced) + 1):
                what = f"{words} loses power, {count} written are safe"
                yield what, self._aborted(state, node, count, steps)
        if state.left.blanks:
            yield f"{words} loses its disk", self._blanked(state, node)

    # How it changes the state.

    def _does(self, state: State, node: int, said: Said) -> State:
        self.doing = f"{self.names[node]} takes {self._said_words(said)}"
        step = self.steps.step(node, state.cores[node], state.disks[node], said)
        return self._after(state, node, step)

    def _after(self, state: State, node: int, step: Step) -> State:
        early = self._sent(state, step.early)._replace(cores=put(state.cores, node, step.core))
        if self.scope.batches and (step.flushes or state.held[node]):
            return early._replace(
                held=put(state.held, node, (*state.held[node], step.number)),
                disks=put(state.disks, node, step.written),
            )
        if step.too_early:
            raise Violation(step.too_early)
        flushed = early._replace(disks=put(state.disks, node, step.disk))
        noted = self._directed(self.verdicts.noted(flushed, node, step), node, step)
        return self._sent(noted, step.late)

    def _directed(self, state: State, node: int, step: Step) -> State:
        """The state with what a step told its kernel about I/O (D4)."""
        if not step.hold:
            return state
        return state._replace(holds=put(state.holds, node, max(step.hold, 0)))

    def _flushed(self, state: State, node: int) -> tuple[State, tuple[int, ...]]:
        """The state when a node's disk has written, and what it may send now."""
        image = self.steps.disks[state.disks[node]].whole
        steps = [self.steps.all[number] for number in state.held[node]]
        disks = put(state.disks, node, self.steps.disk_of(image))
        flushed = state._replace(disks=disks, held=put(state.held, node, ()))
        for step in steps:
            flushed = self._directed(self.verdicts.noted(flushed, node, step), node, step)
        return flushed, tuple(message for step in steps for message in step.late)

    def _sent(self, state: State, messages: tuple[int, ...]) -> State:
        heard = [m for m in messages if state.cores[self.steps.messages[m][1]] != DOWN]
        if not heard:
            return state
        order = self._link if self.scope.ordered else None
        return state._replace(net=tuple(sorted((*state.net, *heard), key=order)))

    def _link(self, message: int) -> tuple[int, int]:
        return self.steps.messages[message][0], self.steps.messages[message][1]

    def _start(self, state: State, node: int) -> State:
        inside = {n for n, _boot, _run in state.cluster}
        runs = state.runs + 1
        cluster = state.cluster if node in inside else (*state.cluster, (node, runs + 1, 0))
        cluster = tuple((n, b, runs if n == node else r) for n, b, r in cluster)
        step = self.steps.starts(node, state.disks[node])
        begun = self._after(state._replace(cluster=cluster, runs=runs), node, step)
        if state.holds[node]:
            begun = self._sent(begun, (self.steps.held_of(node, state.holds[node]),))
        return self._view_changed(begun)

    def _back(self, state: State, node: int) -> State:
        runs = state.runs + 1
        cluster = (*state.cluster, (node, 1, runs))
        return self._view_changed(state._replace(cluster=cluster, runs=runs))

    def _out(self, state: State, node: int) -> State:
        cluster = tuple(found for found in state.cluster if found[0] != node)
        return self._view_changed(state._replace(cluster=cluster))

    def _killed(self, state: State, node: int, steps: tuple[Step, ...]) -> State:
        image = self.steps.disks[state.disks[node]].whole
        dead = self._dead(state._replace(left=less(state.left, "kills")), node, image, steps)
        cluster = tuple((n, b, 0 if n == node else r) for n, b, r in dead.cluster)
        return self._view_changed(dead._replace(cluster=cluster))

    def _aborted(self, state: State, node: int, count: int, steps: tuple[Step, ...]) -> State:
        image = self.steps.disks[state.disks[node]].kept(count)
        left = less(state.left, "aborts")
        return self._rebooted(self._dead(state._replace(left=left), node, image, steps), node)

    def _blanked(self, state: State, node: int) -> State:
        image = _image(self.names[node], blank=True)
        left = less(state.left, "blanks")
        return self._rebooted(self._dead(state._replace(left=left), node, image, ()), node)

    def _rebooted(self, state: State, node: int) -> State:
        return self._out(state._replace(holds=put(state.holds, node, 0)), node)

    def _dead(self, state: State, node: int, image: Image, steps: tuple[Step, ...]) -> State:
        """A daemon that is no more; what is left of what it wrote tells what it decided."""
        disk = self.steps.disk_of(image)
        ghost = state._replace(disks=put(state.disks, node, disk))
        for step in steps:
            if {commit for _position, commit in step.taken} <= self.steps.safe_on(disk):
                ghost = self.verdicts.noted(ghost, node, step, answers=False)
        net = state.net
        if not self.scope.keeps:
            net = tuple(m for m in net if self.steps.messages[m][1] != node)
        return ghost._replace(
            net=net,
            cores=put(state.cores, node, DOWN),
            held=put(state.held, node, ()),
            views=put(state.views, node, ()),
        )

    def _view_changed(self, state: State) -> State:
        """Tell every running daemon who is in the cluster."""
        inside = [node for node, _boot, _run in state.cluster]
        master = state.master if state.master in inside or not inside else inside[0]
        nodes = tuple(ViewNode(self.names[n], f"b{boot}", run) for n, boot, run in state.cluster)
        quorate = 2 * len(inside) > len(self.nodes)
        view = View(founding.CLUSTER, nodes, self.names[master], quorate)
        number = self.steps.view_of(view)
        views = tuple(
            () if state.cores[node] == DOWN else (*state.views[node], number)
            for node in self.nodes
        )
        told = (*state.told, number) if state.left.old_views else (number,)
        return state._replace(views=views, master=master, told=told)

    def _now(self, state: State) -> View:
        return self.steps.views[state.told[-1]]

    def _said_words(self, said: Said) -> str:
        if said[0] in ("message", "stuck"):
            return self.steps.messages[int(said[-1])][3]
        return str(said[0])

    def _view_words(self, number: int) -> str:
        view = self.steps.views[number]
        who = " ".join(node.name if node.daemon else f"({node.name})" for node in view.nodes)
        return f"{who}, master {view.master}"


def _image(name: str, *, blank: bool) -> Image:
    disk = Disk(name, blank=blank)
    return Image(tuple(disk.shared), disk.hard)
