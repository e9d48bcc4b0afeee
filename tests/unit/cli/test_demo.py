"""The tour says that it failed where what it claims is not so."""

from pathlib import Path
from typing import Any

import pytest

from cli.demo_cluster import NODES, Cluster
from cli.demo_shell import Shell, TourFailed, check


class Answering(Shell):
    """A prompt whose daemon knows one answer."""

    def __init__(self, answer: object) -> None:
        super().__init__(Path(), Path())
        self.answer = answer

    def ask(self, question: str, **args: object) -> Any:
        return question, args, self.answer


def cluster(*answers: object) -> Cluster:
    made = Cluster(Path())
    made.at = {node: Answering(answer) for node, answer in zip(NODES, answers, strict=True)}
    return made


@pytest.mark.parametrize(
    ("line", "words", "code"),
    [("false", (), 0), ("true", (), 1), ("echo one", ("two",), 0)],
)
def test_another_exit_code_or_other_words_fail_the_tour(
    tmp_path: Path, line: str, words: tuple[str, ...], code: int
) -> None:
    with pytest.raises(TourFailed, match=line):
        Shell(tmp_path, tmp_path).run(line, *words, code=code)


def test_what_is_as_claimed_is_shown_with_its_prompt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Shell(tmp_path, tmp_path, "node1$").run("echo one", "one") == "one\n"
    assert capsys.readouterr().out == "node1$ echo one\none\n"


def test_a_claim_that_does_not_hold_fails_the_tour() -> None:
    check(1 + 1 == 2, "arithmetic")
    with pytest.raises(TourFailed, match="arithmetic"):
        check(1 + 1 == 3, "arithmetic")


def test_one_node_that_answers_otherwise_fails_the_tour() -> None:
    assert cluster(7, 7, 7).everywhere("get", object="dg/v") == ("get", {"object": "dg/v"}, 7)
    with pytest.raises(TourFailed, match="the nodes differ"):
        cluster(7, 7, 8).everywhere("get", object="dg/v")
