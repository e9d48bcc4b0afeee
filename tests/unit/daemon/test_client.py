import socket
from pathlib import Path
from typing import Any

import pytest

from daemon.client import Client
from daemon.errors import (
    MayNotAsk,
    NoAnswerYet,
    OutcomeUnknown,
    RequestFailed,
    Unreachable,
)
from daemon.wire import control
from tests.support.fake_daemon import answer, fake_daemon, refusal

QUERY = control.query("dg.list", {})
COMMAND = control.command(
    "dg.destroy", {"group": "x"}, request_id="ID1", cmdline="vxdg", program="vxdg"
)


def ask(path: str, request: dict[str, object], timeout_s: float | None = None) -> Any:
    with Client(path, timeout_s) as client:
        return client.ask(request)


def test_an_answer_comes_back_as_it_was_given() -> None:
    with fake_daemon(lambda _: answer([1, 2])) as daemon:
        assert ask(daemon.path, QUERY) == answer([1, 2])
        assert daemon.requests == [QUERY]


def test_one_client_asks_several_times() -> None:
    with fake_daemon(lambda request: answer(request["question"])) as daemon:
        with Client(daemon.path) as client:
            asked = [client.ask(control.query(q, {}))["data"] for q in ("print", "get")]
        assert asked == ["print", "get"]


def test_an_answer_larger_than_a_frame_arrives_whole() -> None:
    large = "x" * (3 << 20)
    with fake_daemon(lambda _: answer(large)) as daemon:
        assert ask(daemon.path, QUERY)["data"] == large


def test_an_error_is_raised_with_the_exit_code_that_the_daemon_chose() -> None:
    with fake_daemon(lambda _: refusal(exit=75, fix="wait")) as daemon:
        with pytest.raises(RequestFailed) as caught:
            ask(daemon.path, QUERY)
        assert (caught.value.exit_code, caught.value.fix) == (75, "wait")


def test_without_a_daemon_it_says_where_none_is(tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as caught:
        ask(str(tmp_path / "vxconfigd.sock"), QUERY)
    assert f"no daemon at {tmp_path}/vxconfigd.sock" in str(caught.value.cause)


def test_a_socket_that_nobody_serves_is_no_daemon(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(path)
    with pytest.raises(Unreachable):
        ask(path, QUERY)


def test_a_path_longer_than_an_address_can_be_reached(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    with fake_daemon(lambda _: answer(1)) as daemon:
        (deep / "sock").symlink_to(daemon.path)
        assert ask(str(deep / "sock"), QUERY)["data"] == 1


def test_a_socket_that_may_not_be_opened_is_not_permitted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("daemon.client._connect_to", refuse)
    with pytest.raises(MayNotAsk):
        ask("/nowhere", QUERY)


def test_a_read_that_is_cut_off_can_be_asked_again() -> None:
    with fake_daemon(lambda _: None) as daemon, pytest.raises(Unreachable):
        ask(daemon.path, QUERY)


def test_a_change_that_is_cut_off_is_pending_and_names_the_way_to_ask() -> None:
    with fake_daemon(lambda _: None) as daemon, pytest.raises(OutcomeUnknown) as caught:
        ask(daemon.path, COMMAND)
    assert caught.value.fix == "vx outcome ID1"


@pytest.mark.parametrize(
    ("request_map", "error"), [(QUERY, NoAnswerYet), (COMMAND, OutcomeUnknown)]
)
def test_a_late_answer_is_not_waited_for(
    request_map: dict[str, object], error: type[RequestFailed]
) -> None:
    # Half a frame, and then nothing.
    with fake_daemon(lambda _: b"\0\0") as daemon, pytest.raises(error):
        ask(daemon.path, request_map, timeout_s=0.05)


def test_an_answer_that_is_garbage_is_no_answer() -> None:
    with fake_daemon(lambda _: b"\0\0\0\1\xc1") as daemon, pytest.raises(Unreachable):
        ask(daemon.path, QUERY)


def test_an_answer_of_another_shape_is_no_answer() -> None:
    with fake_daemon(lambda _: ["yes"]) as daemon, pytest.raises(Unreachable):
        ask(daemon.path, QUERY)
