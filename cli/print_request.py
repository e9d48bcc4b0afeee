"""What `vxprint` was asked, and the answer: shared by the quick path and the full parser."""

from __future__ import annotations

from collections.abc import Callable

from cli import ask, output
from cli.failure import UsageError
from cli.render import vxprint
from cli.source import Source

Data = dict[str, list[dict[str, object]]]

KINDS = ("dg", "dm", "v", "pl", "sd")
"""What can be selected by kind, in the order in which a request names it."""


class PrintRequest:
    """A parsed `vxprint`: where to ask, for what, and in which layout."""

    __slots__ = (
        *("all_groups", "description", "group", "hierarchy", "kinds", "long", "names"),
        *("formats", "only_names", "pattern", "quiet", "source", "typed"),
    )

    def __init__(
        self,
        source: Source,
        *,
        group: str | None = None,
        hierarchy: bool = False,
        typed: bool = False,
        long: bool = False,
        description: bool = False,
        only_names: bool = False,
        quiet: bool = False,
        formats: tuple[str, ...] = (),
        pattern: str | None = None,
        kinds: tuple[str, ...] = (),
        all_groups: bool = False,
        names: tuple[str, ...] = (),
    ) -> None:
        self.source = source
        self.group = group
        self.hierarchy = hierarchy
        self.typed = typed
        self.long = long
        self.description = description
        self.only_names = only_names
        self.quiet = quiet
        self.formats = formats
        self.pattern = pattern
        self.kinds = kinds
        self.all_groups = all_groups
        self.names = names
        if all_groups and group is not None:
            raise UsageError("-A and -g exclude each other", fix="leave out one of them")
        if long + description + only_names + bool(formats) > 1:
            raise UsageError("-l, -m, -n and -F exclude each other", fix="choose one of them")
        if (formats or pattern is not None) and source.output not in ("table", "plain"):
            raise UsageError(
                f"-e and -F are for tables, and -o {source.output} has all fields of all records",
                fix="leave them out, and choose among the fields",
            )

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
    view = output.View(
        _text(request, layout),
        lambda data: vxprint.rows(data["groups"], layout),
        lambda data: vxprint.items(data["groups"]),
        _commands,
    )
    output.emit(request.source, "print", answer, view)


def _chosen(request: PrintRequest, groups: list[vxprint.Group]) -> frozenset[str] | None:
    """Return the IDs of the records that an expression is true of; None without one."""
    if request.pattern is None:
        return None
    from cli import search

    return search.matching(groups, request.pattern)


def _text(request: PrintRequest, layout: vxprint.Layout) -> Callable[..., str]:
    """Return what writes an answer in the layout that was asked for."""
    titled = request.group is None

    def written(data: Data, header: bool) -> str:
        groups, head = data["groups"], header and not request.quiet
        layout.only = _chosen(request, groups)
        if request.formats:
            from cli.render import lines

            return lines.text(groups, layout, tuple(map(lines.parse, request.formats)))
        if request.long:
            from cli.render import long

            return long.text(groups, layout, titled=titled and head)
        if request.description:
            from cli.render import description

            return description.text(groups, layout, titled=titled and head)
        if request.only_names:
            return vxprint.names(groups, layout)
        return vxprint.text(groups, layout, header=head, titled=titled)

    return written


def _commands(data: Data) -> str:
    from cli.render import commands

    return commands.text(data["groups"])
