"""`vxprint -e`: which records an expression is true of, in the language of vol_pattern(4).

Fields, numbers, lengths such as `10m` and texts in quotes; `== != < <= > >= ~ !~`, `!`, `&&`, `||`
and parentheses, as in awk. A comparison with a field that a record does not have is false.
Functions of the original, and its quantifiers over plexes and subdisks, are not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NoReturn

from cli import units
from cli.failure import UsageError
from cli.render import vxprint
from cli.render.fields import Record, Value
from cli.render.related import Related, is_known, known_names
from cli.render.vxprint import Group

LENGTH_MAX = 1000
DEPTH_MAX = 50
KINDS = ("v", "pl", "sd")
"""The kinds that are searched, as in the original."""

Term = Callable[[Record, Related], "Value | bool | None"]
_TOKEN = re.compile(
    r"""\s*(?:(\d+[A-Za-z]?)|"([^"]*)"|'([^']*)'|([A-Za-z_]\w*)|([=!<>]=|!~|&&|\|\||[<>~!()]))"""
)
_ORDERS: dict[str, Callable[[Value, Value], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,  # type: ignore[operator] # both are numbers, or both texts
    "<=": lambda a, b: a <= b,  # type: ignore[operator] # as above
    ">": lambda a, b: a > b,  # type: ignore[operator] # as above
    ">=": lambda a, b: a >= b,  # type: ignore[operator] # as above
}


def matching(groups: list[Group], expression: str) -> frozenset[str]:
    """Return the IDs of the records of which an expression is true.

    Raises:
        UsageError: it is none.

    """
    term = _Parser(expression).whole()
    found = set()
    for group in groups:
        related = Related(group)
        found |= {
            str(record["rid"])
            for record in vxprint.records_of(group)
            if record["type"] in KINDS and _is_true(term(record, related))
        }
    return frozenset(found)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        if len(text) > LENGTH_MAX:
            self._fail("it is too long")
        self.tokens = self._tokens()
        self.depth = 0

    def _fail(self, reason: str) -> NoReturn:
        raise UsageError(
            f"-e {self.text[:LENGTH_MAX]!r} is no expression: {reason}",
            fix="write one such as 'v_len > 10m && state != \"ACTIVE\"'",
        )

    def _tokens(self) -> list[tuple[str, str]]:
        """Return kind and text of each token, the last first."""
        found, at = list[tuple[str, str]](), 0
        text = self.text.rstrip()
        while at < len(text):
            token = _TOKEN.match(text, at)
            if token is None:
                self._fail(f"{text[at : at + 10].strip()!r} means nothing")
            number, double, single, name, sign = token.groups()
            quoted = double if double is not None else single
            if quoted is not None:
                found.append(("text", quoted))
            else:
                kind = "number" if number else "name" if name else "sign"
                found.append((kind, number or name or sign))
            at = token.end()
        return [("end", ""), *reversed(found)]

    def whole(self) -> Term:
        term = self.either()
        if self.tokens[-1][0] != "end":
            self._fail(f"{self.tokens[-1][1]!r} is one too many")
        return term

    def take(self, *signs: str) -> str | None:
        """Take one of some signs, if it comes next."""
        kind, text = self.tokens[-1]
        if kind == "sign" and text in signs:
            self.tokens.pop()
            return text
        return None

    def either(self) -> Term:
        left = self.both()
        while self.take("||"):
            left = _either(left, self.both())
        return left

    def both(self) -> Term:
        left = self.one()
        while self.take("&&"):
            left = _both(left, self.one())
        return left

    def one(self) -> Term:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            self._fail("it is too deep")
        term = _not(self.one()) if self.take("!") else self.compared(self.operand())
        self.depth -= 1
        return term

    def compared(self, left: Term) -> Term:
        sign = self.take(*_ORDERS, "~", "!~")
        if sign in ("~", "!~"):
            return _matches(left, self.regular(), negated=sign == "!~")
        return left if sign is None else _compared(left, sign, self.operand())

    def regular(self) -> re.Pattern[str]:
        kind, text = self.tokens.pop()
        try:
            found = re.compile(text) if kind == "text" else None
        except re.error as error:
            found, text = None, f"{text} ({error})"
        if found is None:
            self._fail(f"behind ~ comes a pattern in quotes, not {text or 'the end'}")
        return found

    def operand(self) -> Term:
        kind, text = self.tokens.pop()
        if text == "(" and kind == "sign":
            term = self.either()
            if not self.take(")"):
                self._fail("a parenthesis is not closed")
            return term
        if kind == "name":
            if not is_known(text):
                self._fail(f"there is no field {text}; there are {known_names()}")
            return lambda record, related: related.value(record, text)
        if kind not in ("text", "number"):
            self._fail(
                f"{text!r} stands where a field or value should" if text else "it ends early"
            )
        value: Value = units.sectors(text) if kind == "number" else text
        return lambda _record, _related: value


def _is_true(value: Value | bool | None) -> bool:
    return value not in (None, "", "off", "-") and bool(value)


def _either(left: Term, right: Term) -> Term:
    return lambda record, of: _is_true(left(record, of)) or _is_true(right(record, of))


def _both(left: Term, right: Term) -> Term:
    return lambda record, of: _is_true(left(record, of)) and _is_true(right(record, of))


def _not(term: Term) -> Term:
    return lambda record, of: not _is_true(term(record, of))


def _compared(left: Term, sign: str, right: Term) -> Term:
    order = _ORDERS[sign]

    def compared(record: Record, of: Related) -> bool:
        one, other = left(record, of), right(record, of)
        if one is None or other is None:
            return False
        if isinstance(one, int) and isinstance(other, int):
            return order(one, other)
        return order(str(one), str(other))

    return compared


def _matches(term: Term, regular: re.Pattern[str], *, negated: bool) -> Term:
    def matches(record: Record, of: Related) -> bool:
        value = term(record, of)
        return value is not None and (regular.search(str(value)) is None) == negated

    return matches
