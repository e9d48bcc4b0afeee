"""Current reads at the master: every member says that it still stands at this term (G6)."""

from __future__ import annotations

from collections.abc import Iterable

from daemon.core import messages as msg
from daemon.core.chair import Chair
from daemon.core.ready import Received
from daemon.core.requests import Requests
from daemon.core.waiting import Waiter


class Reads:
    """The reads that one office confirms, or, where it decides nothing, refuses."""

    def __init__(self, office: Chair, requests: Requests) -> None:
        self.office = office
        self.requests = requests
        self.number = 0
        self.waiting: list[Waiter] = []
        self.asked: list[Waiter] = []
        """Those for which the members were asked last."""
        self.missing: set[str] = set()
        self.sent_at = 0
        self.is_refusing = False

    def shipped(self, said: Received) -> None:
        """A slave wants to read what is current."""
        ask = said.message
        assert isinstance(ask, msg.AskRead)
        self.read(Waiter(0, said.sender, ask.incarnation, ask.sequence))

    def read(self, waiter: Waiter) -> None:
        """Confirm a read once what is in doubt now is settled (G6)."""
        if waiter not in self.waiting and waiter not in self.asked:
            self.waiting.append(waiter)
        if self.is_refusing:
            self.refuse()
        self.go_on()

    def refuse(self) -> None:
        """Tell this node's utilities that nothing is current in this view; others give up."""
        self.is_refusing = True
        for waiter in self.waiters():
            if waiter.token:
                self.requests.read_is(waiter.token, None)
        self.asked, self.waiting = [], []

    def go_on(self) -> None:
        """Ask every member whether it still stands at this term, for all reads that wait."""
        office = self.office
        if self.asked or not self.waiting or not office.is_free:
            return
        self.asked, self.waiting = self.waiting, []
        self.number += 1
        self.missing = set(office.others)
        self.sent_at = office.member.now_ms
        for name in office.others:
            office.member.work.send(name, msg.Stand(office.term, self.number))
        self._stood()

    @property
    def is_asking(self) -> bool:
        """Whether members were asked if they stand, and some have not answered."""
        return bool(self.asked)

    def standing(self, said: Received) -> None:
        """A member still stands at this term."""
        message = said.message
        assert isinstance(message, msg.Standing)
        if message.read == self.number and self.asked:
            self.missing.discard(said.sender)
            self._stood()

    def _stood(self) -> None:
        """Answer once all stand: every member had applied the log so far when it was asked."""
        if self.missing:
            return
        office = self.office
        confirmed, self.asked = self.asked, []
        for waiter in confirmed:
            if waiter.token:
                self.requests.read_is(waiter.token, office.head)
            else:
                answer = msg.ReadAt(office.term, waiter.incarnation, waiter.sequence, office.head)
                office.member.work.send(waiter.node, answer)
        self.go_on()

    def send_again(self) -> None:
        """Ask those again who did not say whether they stand."""
        for name in self.office.others:
            if name in self.missing and self.asked:
                stand = msg.Stand(self.office.term, self.number)
                self.office.member.work.send(name, stand)

    def waiters(self) -> Iterable[Waiter]:
        """Return everyone who waits for a current read."""
        return (*self.asked, *self.waiting)
