"""The grammar of DynamoDB's expressions: conditions, updates and projections.

A token that doesn't fit is refused with DynamoDB's message, which names the token, and the text from the token before it
to the one after it. checks.py has the rules beyond the grammar.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

TOKEN = re.compile(r"[:#][A-Za-z0-9_]+|[A-Za-z][A-Za-z0-9_]*|[0-9]+|<>|<=|>=|\S")
NAME = re.compile(r"#[A-Za-z0-9_]+|[A-Za-z][A-Za-z0-9_]*")
VALUE = re.compile(r":[A-Za-z0-9_]+")
END = "<EOF>"

COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
KEYWORDS = ("AND", "OR", "NOT", "BETWEEN", "IN")
SECTIONS = ("SET", "REMOVE", "ADD", "DELETE")


class Refused(ValueError):
    """An expression that DynamoDB refuses, with its reason."""


@dataclass(frozen=True)
class Path:
    """A document path: names, or references to names, and indexes of lists."""

    parts: tuple[str | int, ...]


@dataclass(frozen=True)
class Value:
    """A reference to a value, with its colon."""

    reference: str


@dataclass(frozen=True)
class Operation:
    """A comparison, a logical operator or a sum, with its operands."""

    operator: str
    operands: tuple["Node", ...]


@dataclass(frozen=True)
class Call:
    """A call of a function."""

    function: str
    operands: tuple["Node", ...]


@dataclass(frozen=True)
class Parenthesized:
    """What stands in parentheses."""

    inner: "Node"


Node = Path | Value | Operation | Call | Parenthesized


@dataclass(frozen=True)
class Action:
    """One action of an update: its section, what it changes, and its operand, which a REMOVE doesn't have."""

    section: str
    path: Path
    operand: Node | None = None


@dataclass(frozen=True)
class Update:
    """An update: its sections in their order, and all of their actions."""

    sections: tuple[str, ...]
    actions: tuple[Action, ...]


@lru_cache(1024)
def condition(expression: str) -> Node:
    """Parse a condition, a filter or a key condition."""
    return _Parser(expression).whole(_Parser.condition)


@lru_cache(1024)
def update(expression: str) -> Update:
    """Parse an update expression."""
    return _Parser(expression).whole(_Parser.update)


@lru_cache(1024)
def projection(expression: str) -> tuple[Path, ...]:
    """Parse a projection expression."""
    return _Parser(expression).whole(lambda parser: tuple(parser.listed(parser.path)))


def bare(node: Node) -> Node:
    """Return a node without its parentheses."""
    while isinstance(node, Parenthesized):
        node = node.inner
    return node


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all below it, in the order of the text."""
    yield node
    below = (node.inner,) if isinstance(node, Parenthesized) else getattr(node, "operands", ())
    for each in below:
        yield from walk(each)


Parsed = TypeVar("Parsed")


class _Parser:
    def __init__(self, text: str):
        self._text = text
        self._tokens = list(TOKEN.finditer(text))
        self._at = 0
        self._open = 0  # parentheses around a condition

    def whole(self, rule: Callable[["_Parser"], Parsed]) -> Parsed:
        """Apply a rule to the whole text."""
        found = rule(self)
        if self._at < len(self._tokens):
            self._refuse()
        return found

    def listed(self, rule: Callable[[], Parsed]) -> list[Parsed]:
        """Apply a rule to each part of a list that is separated by commas."""
        found = [rule()]
        while self._follows(","):
            self._take()
            found.append(rule())
        return found

    def condition(self) -> Node:
        """A condition: operands of OR."""
        return self._chain("OR", lambda: self._chain("AND", self._negation))

    def update(self) -> Update:
        """An update: its sections."""
        sections, actions = [], []
        while True:
            section = self._peek().upper()
            if section not in SECTIONS:
                self._refuse()
            self._take()
            sections.append(section)
            actions.extend(self.listed(lambda section=section: self._action(section)))
            if self._follows(END):
                return Update(tuple(sections), tuple(actions))

    def path(self) -> Path:
        """A document path."""
        if self._peek().upper() in SECTIONS + KEYWORDS:
            self._refuse()
        parts: list[str | int] = [self._match(NAME)]
        while self._follows(".") or self._follows("["):
            if self._take() == ".":
                parts.append(self._match(NAME))
            else:
                parts.append(int(self._match(re.compile("[0-9]+"))))
                self._expect("]")
        return Path(tuple(parts))

    def _action(self, section: str) -> Action:
        path = self.path()
        if section == "REMOVE":
            return Action(section, path)
        if section != "SET":
            return Action(section, path, Value(self._match(VALUE)))
        self._expect("=")
        return Action(section, path, self._sum())

    def _sum(self) -> Node:
        """An operand, or the sum or difference of two."""
        left = self._parenthesized(self._sum) if self._follows("(") else self._operand()
        if isinstance(bare(left), Operation) or self._peek() not in ("+", "-"):
            return left
        return Operation(self._take(), (left, self._parenthesized_operand()))

    def _chain(self, keyword: str, rule: Callable[[], Node]) -> Node:
        node = rule()
        while self._peek().upper() == keyword:
            self._take()
            node = Operation(keyword, (node, self._whole_condition(rule)))
        return node

    def _negation(self) -> Node:
        if self._peek().upper() != "NOT":
            return self._comparison()
        self._take()
        return Operation("NOT", (self._whole_condition(self._negation),))

    def _whole_condition(self, rule: Callable[[], Node]) -> Node:
        """Apply a rule whose result must not be a mere operand."""
        node = rule()
        if isinstance(bare(node), Path | Value):
            self._refuse()
        return node

    def _comparison(self) -> Node:
        left = self._parenthesized_condition() if self._follows("(") else self._operand()
        if isinstance(bare(left), Operation):
            return left
        following = self._peek().upper()
        if following in COMPARATORS:
            return Operation(self._take(), (left, self._parenthesized_operand()))
        if following == "BETWEEN":
            self._take()
            low = self._parenthesized_operand()
            if self._peek().upper() != "AND":
                self._refuse()
            self._take()
            return Operation(following, (left, low, self._parenthesized_operand()))
        if following == "IN":
            self._take()
            return Operation(following, (left, *self._arguments()))
        # A path or a value is a condition only as an operand within parentheses, which a comparator follows.
        if not isinstance(bare(left), Call) and not (self._open and following == ")"):
            self._refuse()
        return left

    def _parenthesized_condition(self) -> Node:
        self._open += 1
        node = self._parenthesized(self.condition)
        self._open -= 1
        return node

    def _parenthesized_operand(self) -> Node:
        return self._parenthesized(self._parenthesized_operand) if self._follows("(") else self._operand()

    def _parenthesized(self, rule: Callable[[], Node]) -> Node:
        self._expect("(")
        inner = rule()
        self._expect(")")
        return Parenthesized(inner)

    def _operand(self) -> Node:
        if VALUE.fullmatch(self._peek()):
            return Value(self._take())
        if self._peek(1) == "(" and NAME.fullmatch(self._peek()) and not self._peek().startswith("#"):
            if self._peek().upper() not in SECTIONS + KEYWORDS:
                return Call(self._take(), self._arguments())
        return self.path()

    def _arguments(self) -> tuple[Node, ...]:
        self._expect("(")
        found = self.listed(self._parenthesized_operand)
        self._expect(")")
        return tuple(found)

    def _peek(self, offset: int = 0) -> str:
        at = self._at + offset
        return self._tokens[at][0] if at < len(self._tokens) else END

    def _follows(self, token: str) -> bool:
        return self._peek() == token

    def _take(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1][0]

    def _match(self, pattern: re.Pattern) -> str:
        if not pattern.fullmatch(self._peek()):
            self._refuse()
        return self._take()

    def _expect(self, token: str) -> None:
        if not self._follows(token):
            self._refuse()
        self._take()

    def _refuse(self) -> None:
        around = self._tokens[max(0, self._at - 1) : self._at + 2]
        near = self._text[around[0].start() : around[-1].end()] if around else ""
        raise Refused(f'Syntax error; token: "{self._peek()}", near: "{near}"')
