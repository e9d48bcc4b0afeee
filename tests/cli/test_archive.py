"""`vx archive`, `vx redact` and `vx retention`: what is sent, what is refused, what is said."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from cli.main import main
from tests.support.answers import COMMIT, by_question
from tests.support.commands import Runner
from tests.support.fake_daemon import answer, fake_daemon

SENT: dict[str, tuple[str, dict[str, object]]] = {
    "vx retention set --archive-after 90d": (
        "retention.set",
        {"archive_after_s": 7_776_000, "keep": 0},
    ),
    "vx retention set --keep 1000": ("retention.set", {"archive_after_s": 0, "keep": 1000}),
    "vx retention set --off": ("retention.set", {"archive_after_s": 0, "keep": 0}),
    "vx redact @11 --reason secret --yes": (
        "log.redact",
        {"log": "node", "position": 11, "hash": COMMIT["hash"], "reason": "secret"},
    ),
}
USAGE = {
    "vx archive": "--keep",
    "vx archive list --keep 3": "neither",
    "vx archive all": "list",
    "vx retention set": "--off",
    "vx retention set --off --keep 3": "--off",
    "vx retention set --archive-after long": "90d",
}


@pytest.mark.parametrize("line", SENT)
def test_a_change_is_sent_as_the_daemon_understands_it(line: str, run: Runner) -> None:
    done = run(line)
    assert (done.out, done.code) == ("committed @1205\n", 0)
    sent = run.daemon.requests[-1]
    assert (sent["verb"], sent["args"]) == SENT[line]


@pytest.mark.parametrize("line", USAGE)
def test_a_line_that_makes_no_sense_is_refused_before_anybody_is_asked(
    line: str, run: Runner
) -> None:
    done = run(line)
    assert (done.out, done.code) == ("", 2)
    assert USAGE[line] in done.err
    assert run.daemon.requests == []


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("", "20000 bytes, 7.0 times smaller, in log.db.archive/node1.node.1-300.segment"),
        ("-n", "300 commits would go into 1 segments"),
    ],
)
def test_a_log_is_archived_or_it_is_told_what_would_be(
    option: str, said: str, run: Runner
) -> None:
    done = run(f"vx archive --before @301 --keep 100 {option}")
    assert (done.out, done.err, done.code) == (f"node/node1 @1 to @300: {said}\n", "", 0)
    assert (run.asked["verb"], run.asked["dry_run"]) == ("log.archive", option == "-n")
    before = {"kind": "position", "value": 301, "log": None}
    assert run.asked["args"] == {"before": before, "keep": 100}


def test_nothing_is_redacted_without_a_yes(run: Runner) -> None:
    done = run("vx redact @11")
    assert (done.code, "--yes" in done.err) == (2, True)
    assert [request["op"] for request in run.daemon.requests] == ["query"]


@pytest.mark.parametrize("which", ["redacted already", "stays"])
def test_a_context_that_is_gone_or_has_to_stay_is_not_redacted(
    which: str, capsys: pytest.CaptureFixture[str]
) -> None:
    commit: Any = copy.deepcopy(COMMIT)
    if which == "stays":
        commit["events"] = [{"name": "context-redacted", "version": 1}]
    else:
        commit["context"] |= {"redacted": True, "redacted_by": {"position": 12, "reason": "x"}}

    def script(request: dict[str, Any]) -> Any:
        return answer(commit) if request["op"] == "query" else by_question(request)

    with fake_daemon(script) as daemon:
        code = main(["vx", "redact", "@11", "--yes", "--socket", daemon.path])
        assert [request["op"] for request in daemon.requests] == ["query"]
    assert (code, which in capsys.readouterr().err) == (1, True)
