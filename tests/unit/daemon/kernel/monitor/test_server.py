import asyncio

from daemon.kernel.monitor.server import MAX_WAITING, Attached
from eventstore.model.notifications import DeviceNotified


def notification(seqnum: int) -> DeviceNotified:
    return DeviceNotified("change", "vxd0", None, seqnum, 1, "boot")


def test_a_node_that_is_too_slow_is_told_that_it_missed_something() -> None:
    async def story() -> None:
        attached = Attached("node1")
        for number in range(MAX_WAITING + 5):
            attached.tell(notification(number))
        assert await attached.next() is None
        attached.tell(notification(7))
        assert await attached.next() == notification(7)

    asyncio.run(story())


def test_what_waits_is_given_in_order() -> None:
    async def story() -> None:
        attached = Attached("node1")
        for number in range(3):
            attached.tell(notification(number))
        assert [await attached.next() for _ in range(3)] == [notification(n) for n in range(3)]

    asyncio.run(story())
