"""The process that ships both logs to an archive: it reads the store, and never writes it.

    python -m daemon.shell.ship_process HOME

The archive's URL comes in as one message, lest the list of processes shows a password; then it
looks every second what there is to ship. It says how far each log is in the archive, and what is
in its way. While the archive does not answer it tries again, more and more seldom. It ends when
nobody listens any more.
"""

from __future__ import annotations

import select
import sys
from typing import Any

from daemon.shell import child
from daemon.wire.frames import pack_message
from eventstore.errors import StoreError
from eventstore.keeping.shipping import Reached, Shipper
from eventstore.tailing import tail_of

NICE = 15
LOOK_S = 1.0
"""Between two looks: how far an archive is behind a node that does little."""
RETRY_FIRST_S, RETRY_MAX_S = 1.0, 60.0


def main(home: str) -> None:
    """Ship until nobody listens any more."""
    child.begin(NICE)
    try:
        _ship(home, child.asked()["url"])
    except BrokenPipeError:
        child.unheard()


def _ship(home: str, url: str) -> None:
    tail, shipper, delay_s = tail_of(home), Shipper(url), RETRY_FIRST_S
    while True:
        try:
            problem, wait_s = None, LOOK_S
            for reached in shipper.round(tail.look()):
                child.say(pack_message(_said(reached)))
            delay_s = RETRY_FIRST_S
        except StoreError as error:
            problem, wait_s = error.to_map(), delay_s
            delay_s = min(delay_s * 2, RETRY_MAX_S)
        child.say(pack_message({"away": problem}))
        if select.select([0], [], [], wait_s)[0]:
            return


def _said(reached: Reached) -> dict[str, Any]:
    problem = None if reached.problem is None else reached.problem.to_map()
    return {"log": reached.log, "position": reached.position, "problem": problem}


if __name__ == "__main__":
    main(*sys.argv[1:])
