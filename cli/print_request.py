"""What `vxprint` was asked, and the answer: shared by the quick path and the full parser."""

from __future__ import annotations

from cli import ask, output
from cli.failure import UsageError
from cli.render import vxprint
from cli.source import Source

KINDS = ("dm", "v", "pl", "sd")
"""What can be selected by kind, in the order in which a request names it."""


class PrintRequest:
    """A parsed `vxprint`: where to ask, for what, and in which layout."""

    __slots__ = ("all_groups", "group", "hierarchy", "kinds", "long", "names", "source", "typed")

    def __init__(
        self,
        source: Source,
        *,
        group: str | None = None,
        hierarchy: bool = False,
        typed: bool = False,
        long: bool = False,
        kinds: tuple[str, ...] = (),
        all_groups: bool = False,
        names: tuple[str, ...] = (),
    ) -> None:
        self.source = source
        self.group = group
        self.hierarchy = hierarchy
        self.typed = typed
        self.long = long
        self.kinds = kinds
        self.all_groups = all_groups
        self.names = names
        if all_groups and group is not None:
            raise UsageError("-A and -g exclude each other", fix="leave out one of them")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PrintRequest) and all(
            getattr(self, name) == getattr(other, name) for name in self.__slots__
        )

    __hash__ = None  # type: ignore[assignment] # two may be compared, none is a key

    def __repr__(self) -> str:
        return f"PrintRequest({', '.join(f'{n}={getattr(self, n)!r}' for n in self.__slots__)})"


def run(request: PrintRequest) -> None:
    """Ask, and print the table.

    Raises:
        RequestFailed: there is no answer; it says why.

    """
    args: dict[str, object] = {"group": request.group, "names": list(request.names)}
    answer = ask.read(request.source, "print", args)
    layout = vxprint.Layout(
        typed=request.typed,
        hierarchy=request.hierarchy,
        long=request.long,
        kinds=request.kinds,
        named=request.names,
    )
    output.emit(request.source, "print", answer, _view(layout, request.group is None))


def _view(layout: vxprint.Layout, titled: bool) -> output.View:
    if layout.long:
        from cli.render import long

        return output.View(
            lambda data, header: long.text(data["groups"], layout, titled=titled and header),
            lambda data: vxprint.rows(data["groups"], layout),
            lambda data: vxprint.items(data["groups"]),
            _commands,
        )
    return output.View(
        lambda data, header: vxprint.text(data["groups"], layout, header=header, titled=titled),
        lambda data: vxprint.rows(data["groups"], layout),
        lambda data: vxprint.items(data["groups"]),
        _commands,
    )


def _commands(data: dict[str, list[dict[str, object]]]) -> str:
    from cli.render import commands

    return commands.text(data["groups"])
