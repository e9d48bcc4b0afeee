"""Any question and any change, in any wording: an answer or an error, and everybody lives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from daemon.wire import control
from daemon.wire.frames import FrameReader, pack_message
from tests.integration.daemon.test_bad_input import answer
from tests.support.daemons import Daemon, change
from tests.support.processes import readers

pytestmark = pytest.mark.integration

EXAMPLES = 300

QUESTIONS = ("print", "dg.list", "disk.list", "get", "state", "log", "show", "diff", "blame",
             "outcome", "verify", "status")  # fmt: skip
VERBS = ("disk.init", "dg.init", "dg.adddisk", "dg.rmdisk", "dg.destroy", "volume.make",
         "volume.growby", "volume.remove")  # fmt: skip

numbers = st.one_of(
    st.integers(-3, 50), st.sampled_from([2**31, 2**53, -(2**53), 2**63 - 1, -(2**63), 2**64 - 1])
)
words = st.one_of(
    st.sampled_from(["datadg", "vol", "vxd0", "#1", "#²", "datadg#1", "#" + "9" * 30, "node1",
                     "a/b", "", "node1@1", "\x00", "../..", "%s", "shared", "node/node1",
                     "node/other", "datadg/vol", "\u00e9" * 26, "Z" * 26]),
    st.text(max_size=12),
)  # fmt: skip
leaves = st.one_of(st.none(), st.booleans(), numbers, st.floats(), words, st.binary(max_size=5))
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=3)
    ),
    max_leaves=6,
)
moments = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {"kind": st.sampled_from(["position", "relative", "head", "tx", "time"])},
        optional={"value": st.one_of(numbers, words), "log": st.one_of(st.none(), words)},
    ),
)
arguments = st.fixed_dictionaries(
    {},
    optional={
        "group": st.one_of(words, values),
        "name": st.one_of(words, values),
        "names": st.one_of(st.lists(words, max_size=3), values),
        "device": st.one_of(words, values),
        "object": st.one_of(words, values),
        "disks": st.one_of(
            st.lists(st.one_of(words, st.tuples(st.none() | words, words)), max_size=3), values
        ),
        "length_sectors": st.one_of(numbers, values),
        "private_sectors": st.one_of(numbers, values),
        "since": st.one_of(moments, values),
        "until": st.one_of(moments, values),
        "a": st.one_of(moments, values),
        "b": st.one_of(moments, values),
        "which": st.one_of(st.none(), words),
        "node": st.one_of(st.none(), words),
        "actor": st.one_of(st.none(), words),
        "type": st.one_of(st.none(), words),
        "tx": st.one_of(st.none(), words),
        "n": st.one_of(st.none(), numbers),
        "reverse": st.booleans(),
        "replay": st.booleans(),
        "id": st.one_of(words, values),
    },
)
any_speed = settings(
    max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def ask(served: Daemon, request: dict[str, Any]) -> dict[str, Any]:
    with served.connect() as connection:
        return answer(connection, request)


def check(said: dict[str, Any]) -> None:
    if said["ok"] is True:
        assert "data" in said
        return
    error = said["error"]
    assert error["id"].startswith("V-5-1-"), error
    assert error["exit"] in (1, 3, 4, 6), error


@any_speed
@given(question=st.sampled_from(QUESTIONS), args=arguments, at=st.one_of(moments, moments, values))
def test_any_question_gets_an_answer_or_an_error(
    served: Daemon, question: str, args: dict[str, Any], at: Any
) -> None:
    reader = readers(served.pid)
    check(ask(served, control.query(question, args, at=at)))
    assert not reader or readers(served.pid) == reader


@any_speed
@given(
    verb=st.sampled_from(VERBS), args=arguments, dry_run=st.booleans(), expect=numbers | st.none()
)
def test_any_change_gets_an_answer_or_an_error(
    served: Daemon, verb: str, args: dict[str, Any], dry_run: bool, expect: int | None
) -> None:
    check(ask(served, {**change(verb, args), "dry_run": dry_run, "expect": expect}))


@any_speed
@given(
    message=st.one_of(values, st.dictionaries(st.sampled_from(["v", "op", "id", "verb"]), values))
)
def test_any_message_gets_an_answer(served: Daemon, message: Any) -> None:
    with served.connect() as connection:
        connection.sendall(pack_message(message))
        reader = FrameReader()
        found: list[object] = []
        while not found:
            data = connection.recv(1 << 16)
            assert data, "the connection ended"
            found = reader.feed(data)


def test_after_all_that_the_log_holds(served: Daemon) -> None:
    served.assert_sound()
