from hypothesis import given, strategies as st

from daemon.kernel.uevents import MAX_UEVENT_BYTES, Ignored, Uevent, parse

ATTACH = (
    b"change@/devices/virtual/block/loop0\0ACTION=change\0DEVPATH=/devices/virtual/block/loop0\0"
    b"SUBSYSTEM=block\0MAJOR=7\0MINOR=0\0DEVNAME=loop0\0DEVTYPE=disk\0DISKSEQ=13\0SEQNUM=818\0"
)


def malformed(data: bytes) -> bool:
    found = parse(data)
    return isinstance(found, Ignored) and found.malformed


def test_a_uevent_about_a_disk_is_read() -> None:
    assert parse(ATTACH) == Uevent("change", "loop0", 818, resized=False)


def test_a_resize_is_seen() -> None:
    found = parse(ATTACH + b"RESIZE=1\0")
    assert isinstance(found, Uevent)
    assert found.resized


def test_a_partition_is_ignored_without_complaint() -> None:
    found = parse(ATTACH.replace(b"DEVTYPE=disk", b"DEVTYPE=partition"))
    assert found == Ignored("not about a disk", malformed=False)


def test_another_subsystem_is_ignored_without_complaint() -> None:
    found = parse(b"add@/devices/net/eth0\0ACTION=add\0SUBSYSTEM=net\0SEQNUM=1\0")
    assert found == Ignored("not about a disk", malformed=False)


def test_what_is_no_uevent_is_malformed() -> None:
    assert malformed(b"")
    assert malformed(b"libudev\0\xfe\xed\xca\xfe")
    assert malformed(b"no at sign\0SUBSYSTEM=block\0DEVTYPE=disk\0")
    assert malformed(ATTACH.replace(b"loop0", b"\xff\xfe"))
    assert malformed(b"a@" + b"x" * MAX_UEVENT_BYTES)


def test_a_uevent_cut_short_is_malformed() -> None:
    assert malformed(ATTACH[:-1])
    assert malformed(ATTACH.replace(b"SEQNUM=818\0", b""))


def test_a_sequence_number_is_a_bounded_number() -> None:
    for wrong in (b"", b"-1", b"x", b"\xd9\xa3", b"9" * 20):
        assert malformed(ATTACH.replace(b"818", wrong))


def test_an_action_that_contradicts_itself_is_malformed() -> None:
    assert malformed(ATTACH.replace(b"ACTION=change", b"ACTION=add"))
    assert malformed(ATTACH.replace(b"change", b"explode"))


def test_a_name_cannot_leave_sysfs() -> None:
    assert malformed(ATTACH.replace(b"/block/loop0", b"/block/.."))
    assert malformed(ATTACH.replace(b"/block/loop0", b"/block/"))


@given(st.binary(max_size=400))
def test_garbage_never_raises(data: bytes) -> None:
    assert isinstance(parse(data), Ignored)


@given(st.integers(0, len(ATTACH)), st.binary(max_size=30), st.integers(0, 30))
def test_a_damaged_uevent_never_raises(at: int, junk: bytes, skip: int) -> None:
    assert isinstance(parse(ATTACH[:at] + junk + ATTACH[at + skip :]), Uevent | Ignored)
