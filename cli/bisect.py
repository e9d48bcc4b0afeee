"""`vx bisect`: the first commit after which a command finds something wrong.

Git's contract: 0 is good, 1 to 127 is bad, 125 says that this state cannot be told, and anything
else ends the search. The command has the state as JSON on its stdin, and is asked about as many
states as halving takes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

from typer import Argument, Exit, Option

from cli import ask, exit_codes, output
from cli.failure import UsageError
from cli.options import Command, new_app, reads_history
from cli.render import history
from cli.source import Source
from daemon.errors import RequestFailed

app = new_app()

SKIP = 125
BAD_MAX = 127
GOOD, BAD, SKIPPED = "good", "bad", "skipped"


class Found(NamedTuple):
    """Between a good commit and a bad one: `good` and `bad` as near as they could be brought."""

    good: int
    bad: int
    tested: list[tuple[int, int]]
    """Position and exit code, in the order in which they were tested."""

    @property
    def is_decided(self) -> bool:
        """Whether one commit is left."""
        return self.bad - self.good == 1


@app.command(cls=Command)
@reads_history
def bisect(
    source: Source,
    *,
    good: Annotated[str, Argument(metavar="A", help="a moment at which all was well")],
    bad: Annotated[str, Argument(metavar="B", help="a later one at which it was not")],
    command: Annotated[
        str, Option("--run", metavar="CMD", help="0 good, 1-127 bad, 125 skip; state on stdin")
    ],
) -> None:
    """Find the first bad commit: run a command on states between a good and a bad moment.

    The command gets the state as `vx state` prints it, and VX_POSITION. What it prints goes to
    stderr. A and B are taken at their word. Exit 6 if skipped states leave it undecided.

    Examples:
      vx bisect yesterday now --run 'grep -q payroll'
      vx bisect before-upgrade head --run './check-layout'
      vx bisect @100 @900 --log /mnt/node1 --run "jq -e '.data.state | length > 4'"
    """
    asked: dict[str, object] = {"whens": [ask.moment(good), ask.moment(bad)]}
    found: Any = ask.read(source, "moments", asked)["data"]
    log, (low, high) = found["log"], (one["position"] for one in found["moments"])
    if low >= high:
        raise UsageError(
            f"{good} (@{low}) does not come before {bad} (@{high})",
            cause="A is the good moment, B the bad one after it",
            fix="name the good one first",
        )

    def test(position: int) -> int:
        document = _state(source, log, position)
        code = _run(command, position, document)
        said = f"{log}@{position}: {_verdict(code)} ({code})"
        print(said, file=sys.stderr, flush=True)
        return code

    answer = _answer(source, log, search(low, high, test))
    output.emit(source, "bisect", answer, output.View(_text))
    data: Any = answer["data"]
    if data["first_bad"] is None:
        raise Exit(exit_codes.ANSWERED_NO)


def search(good: int, bad: int, test: Callable[[int], int]) -> Found:
    """Halve what is between a good and a bad position until nothing is left that can be told."""
    tested: list[tuple[int, int]] = []
    skipped: set[int] = set()
    while (position := _next(good, bad, skipped)) is not None:
        code = test(position)
        tested.append((position, code))
        if code == 0:
            good = position
        elif code == SKIP:
            skipped.add(position)
        else:
            bad = position
    return Found(good, bad, tested)


def _next(good: int, bad: int, skipped: set[int]) -> int | None:
    """Return the position nearest the middle that was not skipped; None if there is none."""
    middle = (good + bad) // 2
    for away in range(bad - good):
        for position in (middle - away, middle + away):
            if good < position < bad and position not in skipped:
                return position
    return None


def _state(source: Source, log: str, position: int) -> bytes:
    """Return a state's document, in the bytes in which `vx state` prints it."""
    answer = ask.quietly(source, "state", {}, ask.moment(f"{log}@{position}"))
    document = output.envelope("state", answer)
    return (json.dumps(document, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _run(command: str, position: int, document: bytes) -> int:
    """Run the user's command, and return its exit code.

    Raises:
        RequestFailed: it ended in a way that is no answer, as by a signal.
    """
    done = subprocess.run(  # noqa: S603 it is the user's own command line
        ["/bin/sh", "-c", command],
        input=document,
        stdout=sys.stderr.fileno() if _has_stderr() else subprocess.DEVNULL,
        env={**os.environ, "VX_POSITION": str(position)},
        check=False,
    )
    code = done.returncode
    if 0 <= code <= BAD_MAX:
        return code
    raise RequestFailed(
        "V-5-1-9225",
        f"the command gave no answer about @{position}",
        cause=f"it ended with {code}; 0 is good, 1 to {BAD_MAX} bad, {SKIP} skips",
        fix="run it by hand: vx state --at @N | CMD",
        exit_code=exit_codes.REJECTED,
    )


def _has_stderr() -> bool:
    try:
        return sys.stderr.fileno() >= 0
    except (OSError, ValueError):
        return False


def _verdict(code: int) -> str:
    return GOOD if code == 0 else SKIPPED if code == SKIP else BAD


def _answer(source: Source, log: str, found: Found) -> ask.Answer:
    """Return what was found, with the first bad commit whole, if it is one."""
    at = ask.moment(f"{log}@{found.bad}")
    answer = ask.quietly(source, "show", {}, at)
    between = list(range(found.good + 1, found.bad + 1))
    answer["data"] = {
        "log": log,
        "first_bad": found.bad if found.is_decided else None,
        "last_good": found.good,
        "undecided": [] if found.is_decided else between,
        "tested": [
            {"position": position, "verdict": _verdict(code), "exit": code}
            for position, code in found.tested
        ],
        "commit": answer["data"] if found.is_decided else None,
    }
    return answer


def _text(data: Any, header: bool) -> str:
    tested = f"{len(data['tested'])} states tested\n"
    if data["first_bad"] is None:
        names = ", ".join(f"@{position}" for position in data["undecided"])
        return f"undecided: skipped states leave {data['log']} {names}\n{tested}"
    first = f"{data['log']}@{data['first_bad']} is the first bad commit\n{tested}\n"
    return first + history.show(data["commit"], header)
