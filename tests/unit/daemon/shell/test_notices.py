"""What is said about peers (I14)."""

from daemon.shell.notices import BEATS_PER_LINE, BURST, KNOWN_MAX, Notices


def test_a_thing_is_said_once_until_its_subject_is_forgotten() -> None:
    said: list[str] = []
    notices = Notices(said.append)
    for _ in range(3):
        notices.once("b", "silent")
        notices.once("c", "silent")
    notices.forget("b")
    notices.once("b", "silent")
    notices.once("c", "silent")
    assert said == ["b: silent", "c: silent", "b: silent"]


def test_many_things_are_not_said_and_some_heartbeats_allow_one_more() -> None:
    said: list[str] = []
    notices = Notices(said.append)
    for number in range(10 * BURST):
        notices.once("b", str(number))
    assert len(said) == BURST
    assert said[-1].endswith("not told for a while")
    for _ in range(BEATS_PER_LINE):
        notices.breathe()
    for number in range(10):
        notices.once("c", str(number))
    assert len(said) == BURST + 1


def test_what_is_remembered_is_bounded() -> None:
    notices = Notices(lambda _text: None)
    for number in range(3 * KNOWN_MAX):
        notices.once(str(number % 2000), str(number))
    assert notices._count == sum(len(known) for known in notices._known.values()) <= KNOWN_MAX
