from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, strategies as st

from eventstore.compression import NotCompressed, compress, decompress

TEXT = b"the same words again, " * 40


@given(st.binary(max_size=2000))
def test_what_was_compressed_comes_back(data: bytes) -> None:
    assert decompress(compress(data), len(data)) == data


def test_nothing_longer_than_allowed_is_decompressed() -> None:
    with pytest.raises(NotCompressed, match="longer than 879 bytes"):
        decompress(compress(TEXT), len(TEXT) - 1)


@pytest.mark.parametrize(
    "damaged",
    [
        lambda frame: frame[:0],
        lambda frame: frame[:-1],
        lambda frame: frame + b"\0",
        lambda frame: frame + frame,
        lambda frame: frame[:-1] + bytes([frame[-1] ^ 1]),
        lambda frame: bytes([frame[0] ^ 1]) + frame[1:],
    ],
    ids=["nothing", "cut short", "longer", "twice", "other check", "no frame"],
)
def test_only_one_whole_frame_is_taken(damaged: Callable[[bytes], bytes]) -> None:
    with pytest.raises(NotCompressed):
        decompress(damaged(compress(TEXT)), 10 * len(TEXT))


def test_a_flipped_bit_never_gives_other_content() -> None:
    frame = compress(TEXT)
    for at in range(len(frame)):
        changed = frame[:at] + bytes([frame[at] ^ 0x10]) + frame[at + 1 :]
        with suppress(NotCompressed):  # a bit that nothing rests on may flip
            assert decompress(changed, 2 * len(TEXT)) == TEXT
