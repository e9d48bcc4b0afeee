import asyncio

import msgspec
import pytest

from daemon.core.ready import Held
from daemon.core.view import View
from daemon.kernel.monitor.members import Faults
from daemon.kernel.monitor.streams import MAX_WAITING, Attached, deliveries, view_message
from eventstore.model.notifications import DeviceNotified, DevicesScanned


def notification(seqnum: int) -> DeviceNotified:
    return DeviceNotified("change", "vxd0", None, seqnum, 1, "boot")


def test_a_node_that_is_too_slow_is_told_that_it_missed_something() -> None:
    async def story() -> None:
        attached = Attached("node1")
        for number in range(MAX_WAITING + 5):
            attached.tell(notification(number))
        assert await attached.next() is None
        attached.tell(notification(7))
        assert await attached.next() == msgspec.to_builtins(notification(7))

    asyncio.run(story())


def test_an_answer_is_not_lost_with_the_news() -> None:
    async def story() -> None:
        attached = Attached("node1")
        attached.hold(Held(3))
        for number in range(MAX_WAITING):
            attached.tell(notification(number))
        attached.hold(Held(4))
        assert await attached.next() is None
        told = [await attached.next() for _ in range(2)]
        assert [message["number"] for message in told if message] == [3, 4]

    asyncio.run(story())


def test_what_waits_is_given_in_order() -> None:
    async def story() -> None:
        attached = Attached("node1")
        for number in range(3):
            attached.tell(notification(number))
        told = [await attached.next() for _ in range(3)]
        assert told == [msgspec.to_builtins(notification(n)) for n in range(3)]

    asyncio.run(story())


OLD, NEW = (View("c", (), "", quorate=False, number=n) for n in (1, 2))


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        (Faults(), [NEW]),
        (Faults(doubled=True), [NEW, NEW]),
        (Faults(reordered=True), [NEW, OLD]),
        (Faults(doubled=True, only=("node2",)), [NEW]),
    ],
)
def test_a_view_is_told_as_the_faults_have_it(faults: Faults, told: list[View]) -> None:
    assert deliveries("node1", faults, OLD, NEW) == told


@pytest.mark.parametrize("faults", [Faults(reordered=True), Faults(late_ms=1, reordered=True)])
def test_after_an_older_view_the_newest_is_told_again(faults: Faults) -> None:
    async def story() -> None:
        attached = Attached("node1")
        attached.first_view(OLD)
        attached.view(NEW, faults)
        told = [await attached.next() for _ in range(4)]
        assert told == [view_message(view) for view in (OLD, NEW, OLD, NEW)]

    asyncio.run(story())


def test_late_views_come_late_and_the_newest_is_the_last() -> None:
    async def story() -> None:
        attached = Attached("node1")
        attached.view(OLD, Faults(late_ms=1))
        attached.view(NEW, Faults())
        told = [await attached.next() for _ in range(3)]
        assert told == [view_message(view) for view in (NEW, OLD, NEW)]

    asyncio.run(story())


def test_a_scan_that_was_asked_for_is_not_forgotten_with_the_rest() -> None:
    async def story() -> None:
        attached, asked = Attached("node1"), DevicesScanned("request", (), 1, "boot")
        attached.tell(asked)
        for number in range(MAX_WAITING):
            attached.tell(notification(number))
        attached.tell(asked)
        assert attached.asked == 2
        assert await attached.next() is None

    asyncio.run(story())
