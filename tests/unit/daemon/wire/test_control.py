import pytest
from hypothesis import given, strategies as st

from daemon.errors import ProtocolViolation, RequestFailed
from daemon.wire import control

optional = st.none() | st.text()


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_a_minted_identifier_is_one_that_a_user_may_give(now_ms: int, noise: bytes) -> None:
    minted = control.mint_id(now_ms, noise)
    assert len(minted) == 26
    assert control.is_id(minted)


@given(st.integers(0, 2**48 - 2), st.binary(min_size=10, max_size=10))
def test_identifiers_sort_by_time(now_ms: int, noise: bytes) -> None:
    assert control.mint_id(now_ms, noise) < control.mint_id(now_ms + 1, b"\0" * 10)


@given(st.sets(st.binary(min_size=10, max_size=10)))
def test_different_randomness_gives_different_identifiers(noises: set[bytes]) -> None:
    assert len({control.mint_id(1, noise) for noise in noises}) == len(noises)


@pytest.mark.parametrize("text", ["", "x" * 65, "a b", "a/b", "ä", "a\n", None, 7])
def test_an_identifier_of_other_characters_or_lengths_is_refused(text: object) -> None:
    assert not control.is_id(text)


@given(
    st.builds(
        RequestFailed,
        st.text(),
        st.text(),
        cause=optional,
        fix=optional,
        rule=optional,
        node=optional,
        exit_code=st.integers(0, 255),
    )
)
def test_an_error_arrives_as_it_was_sent(error: RequestFailed) -> None:
    arrived = control.error_from(control.error_map(error))
    assert control.error_map(arrived) == control.error_map(error)


@pytest.mark.parametrize("value", [None, "no", [], {}, {"id": "x", "message": "y"}])
def test_an_answer_that_is_neither_result_nor_error_is_a_violation(value: object) -> None:
    with pytest.raises(ProtocolViolation):
        control.error_from(value)
