"""A member that is far behind: its log is stored at once, and its state follows by beginning anew.

To apply a long log commit by commit takes many times as long as to check that it is the cluster's.
So what a member lacks is chained and stored in long pieces, then comes a keyframe, and then the
core begins anew from its log, as after a restart: from the keyframe, if that is the state whose
digest its commit carries, otherwise by a replay. From the first piece until then the log goes
further than the state. Such a member stores, and says how far; it promises nothing, leads nobody,
takes part in nothing, and is not read from as if it were current (C3).
"""

from __future__ import annotations

from daemon.core import messages as msg
from daemon.core.station import Station
from eventstore.bulk import NotWhole, unpack

ALLOWED = frozenset({msg.Bulk, msg.Frame, msg.Compare, msg.Quarantine, msg.Distrust})
"""What a member listens to, of all that a master says, while its log goes further than its state:
what rests on the log alone."""


class Behind:
    """What one member stores without applying it."""

    def __init__(self, member: Station) -> None:
        self.member = member
        self._frame = (0, 0)
        """The keyframe that is coming, and the number of the slice that is next."""

    def takes(self, kind: type) -> bool:
        """Whether a message of the master's may be taken: always, or while the state is behind."""
        return self.member.ahead is None or kind in ALLOWED

    def must_begin_anew(self, what: str) -> bool:
        """Whether something needs the state of the log's end, which is not there: begin anew."""
        ahead = self.member.ahead
        if ahead is None:
            return False
        self._begin_anew(f"{what}, but the state is behind @{ahead.position}")
        return True

    def _begin_anew(self, why: str) -> None:
        self.member.work.anew = why
        self.member.work.note(f"{why} -> begin anew from the log")

    def _send(self, message: msg.AnyMessage) -> None:
        self.member.work.send(self.member.hard.promised_to, message)

    def bulk(self, message: msg.Bulk) -> None:
        """Store what follows, in order, and ask for more; say so when it is on the disk (G4)."""
        member, end = self.member, self.member.end
        if member.digests.is_in_question:
            return
        if message.after == end.position < message.through:
            try:
                commits, after = unpack(end, message.body, member.wall_us)
            except NotWhole as error:
                member.work.note(f"a piece of the log does not hold: {error} -> dropped")
                return
            if commits and after.hash != message.hash:
                self._send(msg.Diverged(message.term, end.position + 1))
                return
            if commits:
                member.store(commits, after)
            if commits and after.position < message.through:
                member.work.send_early(
                    member.hard.promised_to, msg.More(message.term, after.position)
                )
                return
        self._say_stored(message.term)

    def _say_stored(self, term: int) -> None:
        """Say how far the log goes, once all of it is on stable storage (I8)."""
        member = self.member
        member.work.persist(member.hard)
        self._send(msg.CaughtUp(term, member.end.position, member.end.hash))

    def frame(self, message: msg.Frame) -> None:
        """Store slices of a keyframe; with the last one, or where there is none, begin anew."""
        member = self.member
        if member.ahead is None:
            return
        if message.position == 0:
            self._begin_anew("all that was missing is stored, and there is no keyframe")
            return
        known, number = self._frame
        if message.number == (number if message.position == known else 0):
            member.work.frame = message
            self._frame = (message.position, message.number + len(message.slices))
            if message.last:
                self._begin_anew(f"all that was missing is stored, a keyframe @{self._frame[0]}")
                return
        self._send(msg.Framed(message.term, *self._frame))
