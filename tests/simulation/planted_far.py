"""Planted bugs of a catch-up from far behind (C3): random lives with a low bound notice them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from daemon.core import messages as msg
from daemon.core.behind import Behind
from daemon.core.catchup import CatchUp
from eventstore.past import replay

Patch = pytest.MonkeyPatch


def the_state_is_behind_the_log(patch: Patch) -> None:
    """C3: a member whose log goes further than its state promises, leads and takes part."""
    patch.setattr(Behind, "takes", lambda _behind, _kind: True)
    patch.setattr(Behind, "must_begin_anew", lambda _behind, _what: False)


def a_far_member_counts_as_equal(patch: Patch) -> None:
    """C3: a member that has stored all is taken for one that has applied all."""
    patch.setattr(CatchUp, "_has_all", lambda catch_up, name: catch_up._equal.add(name))


def keyframes_are_believed(patch: Patch) -> None:
    """C3, I10: the state in a keyframe is not held against the digest of its commit."""
    patch.setattr(replay, "check_state", lambda _frame, _state: None)


def what_is_taken_in_counts_as_stored(patch: Patch) -> None:
    """C3, I8: a far member says that it is caught up before all of it is on its disk."""

    def say_stored(behind: Behind, term: int) -> None:
        end, to = behind.member.end, behind.member.hard.promised_to
        behind.member.work.send_early(to, msg.CaughtUp(term, end.position, end.hash))

    patch.setattr(Behind, "_say_stored", say_stored)


OF_FAR: tuple[Callable[[Patch], None], ...] = (
    the_state_is_behind_the_log,
    a_far_member_counts_as_equal,
    keyframes_are_believed,
    what_is_taken_in_counts_as_stored,
)
