"""What one step asks for, while it is being collected; `ready` gives it its fixed order."""

from __future__ import annotations

from daemon.core.messages import AnyMessage, Bulk, Fetched, Frame, Piece
from daemon.core.ready import Answer, Cut, Directive, HardState, Load, Ready, Replay, Send
from eventstore.codec import Commit, Entry


class Work:
    """The work of one step. What is appended may be lazy only if all of it may (D6)."""

    __slots__ = (
        "anew",
        "append",
        "cut",
        "directives",
        "early",
        "flush",
        "frame",
        "hard_state",
        "loads",
        "lookups",
        "notes",
        "replay",
        "replies",
        "sends",
        "store",
    )

    def __init__(self) -> None:
        self.early: list[Send] = []
        self.append: list[Entry] = []
        self.hard_state: HardState | None = None
        self.flush = False
        self.directives: list[Directive] = []
        self.sends: list[Send] = []
        self.loads: list[Load] = []
        self.replies: list[tuple[int, Answer]] = []
        self.notes: list[str] = []
        self.lookups: list[int] = []
        self.cut: Cut | None = None
        self.replay: Replay | None = None
        self.store: list[Commit] = []
        self.frame: Frame | None = None
        self.anew = ""

    def send(self, to: str, message: AnyMessage) -> None:
        """Send once everything of this step is on stable storage."""
        self.sends.append(Send(to, message))

    def send_early(self, to: str, message: AnyMessage) -> None:
        """Send what promises nothing of this node's disk."""
        self.early.append(Send(to, message))

    def load(self, to: str, message: Fetched | Piece | Bulk, through: int) -> None:
        """Send what the log has behind `message.after`, as much as fits, at most to `through`."""
        self.loads.append(Load(to, message, message.after, through))

    def load_frame(self, to: str, message: Frame, after: int, through: int) -> None:
        """Send slices of a keyframe that lies behind `after`, at most at `through`."""
        self.loads.append(Load(to, message, after, through))

    def persist(self, hard_state: HardState) -> None:
        """Write the hard state, flushed before anything leaves."""
        self.hard_state = hard_state
        self.flush = True

    def note(self, text: str) -> None:
        """Log a fact, and what was decided upon it."""
        self.notes.append(text)

    def ready(self, wake_at_ms: int | None) -> Ready:
        """Return the work, in the order in which it must be done."""
        writes = bool(self.append or self.store) or self.hard_state is not None
        return Ready(
            tuple(self.early),
            tuple(self.append),
            self.hard_state,
            writes and not self.flush,
            tuple(self.directives),
            tuple(self.sends),
            tuple(self.loads),
            tuple(self.replies),
            tuple(self.notes),
            wake_at_ms,
            tuple(self.lookups),
            self.cut,
            self.replay,
            tuple(self.store),
            self.frame,
            self.anew,
        )
