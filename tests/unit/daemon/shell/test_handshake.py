"""Who may talk to whom (G1, B5)."""

import msgspec
import pytest

from daemon.shell import handshake
from daemon.shell.handshake import Hello, Identity, Refusal, certified, identity_in, judge

OWN = Hello("c1", "a", (2, 4))
B = Identity("c1", "b")


@pytest.mark.parametrize(
    ("said", "certificate", "expected", "refusal"),
    [
        (Hello("c1", "b", (1, 2)), B, None, None),
        (Hello("c1", "b", (4, 9)), B, "b", None),
        (Hello("c1", "b", (1, 1)), B, "b", "V-5-1-9050"),
        (Hello("c1", "b", (5, 9)), B, "b", "V-5-1-9050"),
        (Hello("c1", "b", (4, 2)), B, "b", "V-5-1-9050"),
        (Hello("c1", "b", (2, 4)), None, None, "V-5-1-9046"),
        (Hello("c1", "", (2, 4)), B, None, "V-5-1-9046"),
        (Hello("", "b", (2, 4)), B, None, "V-5-1-9046"),
        (Hello("c2", "b", (2, 4)), B, None, "V-5-1-9047"),
        (Hello("c1", "b", (2, 4)), Identity("c2", "b"), None, "V-5-1-9047"),
        (Hello("c2", "b", (2, 4)), Identity("c2", "b"), None, "V-5-1-9047"),
        (Hello("c1", "b", (2, 4)), Identity("c1", "c"), None, "V-5-1-9048"),
        (Hello("c1", "b", (2, 4)), B, "c", "V-5-1-9048"),
        (Hello("c1", "a", (2, 4)), Identity("c1", "a"), None, "V-5-1-9049"),
    ],
)
def test_a_greeting_is_let_in_only_if_all_of_it_is_true(
    said: Hello, certificate: Identity | None, expected: str | None, refusal: str | None
) -> None:
    found = judge(said, certificate, OWN, expected)
    assert (found and found.id) == refusal


@pytest.mark.parametrize(
    ("uris", "identity"),
    [
        (["vxconfigd://c1/b"], B),
        ([], None),
        (["vxconfigd://c1/b", "vxconfigd://c1/c"], None),
        (["vxconfigd://c1/b", "https://c1/b"], None),
        (["vxconfigd://c1"], None),
        (["vxconfigd://c1/b/c"], None),
        (["vxconfigd://c1/b\n"], None),
        (["https://c1/b"], None),
        (["vxconfigd://c1/-b"], None),
    ],
)
def test_a_certificate_names_exactly_one_node(uris: list[str], identity: Identity | None) -> None:
    assert identity_in(uris) == identity
    assert certified({"subjectAltName": tuple(("URI", uri) for uri in uris)}) == identity


def test_no_certificate_names_nobody() -> None:
    assert certified(None) is certified({}) is None


def test_a_name_of_a_host_is_not_a_name_of_a_node() -> None:
    assert certified({"subjectAltName": (("DNS", "vxconfigd://c1/b"),)}) is None


@pytest.mark.parametrize("said", [OWN, Refusal("V-5-1-9046", "no")])
def test_what_is_said_first_comes_back_as_it_was(said: Hello | Refusal) -> None:
    assert handshake.decode(handshake.encode(said)) == said


def test_a_later_greeting_that_says_more_is_understood() -> None:
    later = {"m": "hello", "cluster": "c1", "node": "b", "protocols": [1, 9], "more": [1]}
    assert handshake.decode(msgspec.msgpack.encode(later)) == Hello("c1", "b", (1, 9))
