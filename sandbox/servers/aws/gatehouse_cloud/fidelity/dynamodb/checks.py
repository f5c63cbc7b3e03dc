"""DynamoDB's rules for expressions beyond their grammar, with its messages.

They concern the request alone: reserved words, functions and their operands, names and values that are not defined, and
paths of an update that overlap. updates.py and conditions.py have those that depend on an item.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations

from ministack.services import dynamodb
from ministack.services._dynamodb_keywords import AWS_KEYWORDS

from gatehouse_cloud.fidelity.dynamodb.syntax import (
    COMPARATORS,
    Call,
    Node,
    Operation,
    Parenthesized,
    Path,
    Refused,
    Update,
    Value,
    bare,
    walk,
)

# How many operands a function has.
IN_CONDITIONS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
    "size": 1,
}
IN_UPDATES = {"if_not_exists": 2, "list_append": 2}

# The functions whose first operand must be a document path.
OF_PATHS = ("attribute_exists", "attribute_not_exists", "if_not_exists")
TYPES = ("B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M")
# The types of literal operands that an operator or a function accepts.
ACCEPTED = {
    "begins_with": ("S", "B"),
    "size": ("S", "B", "SS", "NS", "BS", "L", "M"),
    "list_append": ("L",),
    "+": ("N",),
    "-": ("N",),
    **{comparator: ("S", "N", "B") for comparator in ("<", "<=", ">", ">=")},
}
SETS = ("SS", "NS", "BS")
TYPE_NAMES = {"S": "STRING", "N": "NUMBER", "B": "BINARY", "M": "MAP", "L": "LIST", "BOOL": "BOOLEAN", "NULL": "NULL"}


class Scope:
    """The names and values that a request defines, and those that its expressions use."""

    def __init__(self, names: dict | None, values: dict | None):
        self.names, self.values = names or {}, values or {}
        self.used: set[str] = set()

    def resolve(self, path: Path) -> tuple[str | int, ...]:
        """Return a path with the names in place of their references."""
        return tuple(self._name(part) for part in path.parts)

    def value(self, node: Value) -> dict:
        """Return a value that the request defines."""
        self.used.add(node.reference)
        if node.reference not in self.values:
            raise Refused(
                f"An expression attribute value used in expression is not defined; attribute value: {node.reference}"
            )
        return self.values[node.reference]

    def literal_type(self, node: Node) -> str | None:
        """Return the type of a value in the request; None for any other operand."""
        node = bare(node)
        return next(iter(self.value(node)), None) if isinstance(node, Value) else None

    def _name(self, part: str | int) -> str | int:
        if not isinstance(part, str) or not part.startswith("#"):
            return part
        self.used.add(part)
        if part not in self.names:
            raise Refused(
                f"An expression attribute name used in the document path is not defined; attribute name: {part}"
            )
        return self.names[part]


def condition(node: Node, scope: Scope) -> None:
    """Check a condition, a filter or a key condition."""
    nodes = list(walk(node))
    if any(isinstance(each, Parenthesized) and isinstance(each.inner, Parenthesized) for each in nodes):
        raise Refused("The expression has redundant parentheses;")
    _functions(nodes, IN_CONDITIONS, IN_UPDATES, "a condition expression")
    if misused := next(_misused(node), None):
        raise Refused(f"The function is not allowed to be used this way in an expression; function: {misused.function}")
    _reserved(nodes)
    _defined(nodes, scope)
    for each in nodes:
        _operands(each, scope)


def update(found: Update, scope: Scope) -> None:
    """Check an update."""
    nodes = [each for action in found.actions for each in _nodes(action)]
    _reserved(nodes)
    _functions(nodes, IN_UPDATES, IN_CONDITIONS, "an update expression")
    for section in found.sections:
        if found.sections.count(section) > 1:
            raise Refused(f'The "{section}" section can only be used once in an update expression;')
    _defined(nodes, scope)
    _distinct_paths([scope.resolve(action.path) for action in found.actions])
    for action in found.actions:
        if action.section in ("ADD", "DELETE"):
            _set_operand(action.section, scope.literal_type(action.operand))
    for each in nodes:
        _operands(each, scope)


def projection(paths: Iterable[Path], scope: Scope) -> None:
    """Check a projection."""
    paths = list(paths)
    _reserved(paths)
    _defined(paths, scope)


def _nodes(action) -> Iterator[Node]:
    yield action.path
    if action.operand is not None:
        yield from walk(action.operand)


def _reserved(nodes: Iterable[Node]) -> None:
    for node in nodes:
        for part in node.parts if isinstance(node, Path) else ():
            if isinstance(part, str) and part.upper() in AWS_KEYWORDS:
                raise Refused(f"Attribute name is a reserved keyword; reserved keyword: {part}")


def _functions(nodes: Iterable[Node], allowed: dict, others: dict, kind: str) -> None:
    for node in nodes:
        if not isinstance(node, Call) or node.function in allowed:
            continue
        if node.function in others:
            raise Refused(f"The function is not allowed in {kind}; function: {node.function}")
        raise Refused(f"Invalid function name; function: {node.function}")


def _misused(node: Node, condition: bool = True) -> Iterator[Call]:
    """Yield size where a condition is required, and the other functions where an operand is."""
    node = bare(node)
    if isinstance(node, Call):
        if (node.function == "size") == condition:
            yield node
        below, conditions = node.operands, False
    else:
        below, conditions = getattr(node, "operands", ()), getattr(node, "operator", "") in ("AND", "OR", "NOT")
    for each in below:
        yield from _misused(each, conditions)


def _defined(nodes: Iterable[Node], scope: Scope) -> None:
    for node in nodes:
        if isinstance(node, Path):
            scope.resolve(node)
        elif isinstance(node, Value):
            scope.value(node)


def _operands(node: Node, scope: Scope) -> None:
    """Check the number, the kind and the types of a function's or an operator's operands."""
    if isinstance(node, Call):
        name, label = node.function, "operator or function"
        if len(node.operands) != {**IN_CONDITIONS, **IN_UPDATES}[name]:
            raise Refused(
                "Incorrect number of operands for operator or function; "
                f"operator or function: {name}, number of operands: {len(node.operands)}"
            )
        if name in OF_PATHS and not isinstance(bare(node.operands[0]), Path):
            raise Refused(f"Operator or function requires a document path; operator or function: {name}")
        if name == "attribute_type":
            _type_operand(scope, node.operands[1])
    elif isinstance(node, Operation):
        name, label = node.operator, "operator" if node.operator in COMPARATORS else "operator or function"
        if name == "BETWEEN":
            _bounds(scope, *node.operands[1:])
    else:
        return
    _different(name, node.operands, scope)
    for operand in node.operands:
        kind = scope.literal_type(operand)
        if kind and kind not in ACCEPTED.get(name, TYPES):
            raise Refused(f"Incorrect operand type for operator or function; {label}: {name}, operand type: {kind}")


def _type_operand(scope: Scope, operand: Node) -> None:
    kind = scope.literal_type(operand)
    if kind != "S":
        raise Refused(
            "Incorrect operand type for operator or function; operator or function: attribute_type, "
            f"operand type: {kind or '{NS,SS,L,BS,N,M,B,BOOL,NULL,S}'}"
        )
    name = scope.value(bare(operand))["S"]
    if name not in TYPES:
        raise Refused(f"Invalid attribute type name found; type: {name}, valid types: {{{','.join(TYPES)}}}")


def _bounds(scope: Scope, low: Node, high: Node) -> None:
    first, second = scope.literal_type(low), scope.literal_type(high)
    if not first or not second:
        return
    low, high = scope.value(bare(low)), scope.value(bare(high))
    texts = (
        f"lower bound operand: AttributeValue: {{{first}:{low[first]}}}, "
        f"upper bound operand: AttributeValue: {{{second}:{high[second]}}}"
    )
    if first != second:
        raise Refused(f"The BETWEEN operator requires same data type for lower and upper bounds; {texts}")
    if dynamodb._compare_ddb(low, ">", high):
        raise Refused(f"The BETWEEN operator requires upper bound to be greater than or equal to lower bound; {texts}")


def _different(name: str, operands: tuple[Node, ...], scope: Scope) -> None:
    if name not in (*COMPARATORS, "contains", "begins_with", "attribute_type"):
        return
    paths = [scope.resolve(each) for each in map(bare, operands) if isinstance(each, Path)]
    if len(paths) == 2 and paths[0] == paths[1]:
        raise Refused(
            "The first operand must be distinct from the remaining operands for this operator or function; "
            f"operator: {name}, first operand: {_text(paths[0])}"
        )


def _set_operand(section: str, kind: str | None) -> None:
    if kind not in SETS and (section, kind) != ("ADD", "N"):
        # DynamoDB names ADD's types for DELETE as well.
        raise Refused(
            f"Incorrect operand type for operator or function; operator: {section}, "
            f"operand type: {TYPE_NAMES.get(kind, kind)}, typeSet: ALLOWED_FOR_ADD_OPERAND"
        )


def _distinct_paths(paths: list[tuple[str | int, ...]]) -> None:
    problems = [problem for pair in combinations(paths, 2) if (problem := _collision(*pair))]
    for kind in ("overlap", "conflict"):
        for found, one, two in problems:
            if found == kind:
                raise Refused(
                    f"Two document paths {kind} with each other; must remove or rewrite one of these paths; "
                    f"path one: {_text(one)}, path two: {_text(two)}"
                )


def _collision(one: tuple, two: tuple) -> tuple[str, tuple, tuple] | None:
    """Return how two paths collide: one is in the other, or one takes for a list what the other takes for a map."""
    for first, second in zip(one, two):
        if type(first) is not type(second):
            return "conflict", one, two
        if first != second:
            return None
    return "overlap", one, two


def _text(path: tuple[str | int, ...]) -> str:
    return "[" + ", ".join(f"[{part}]" if isinstance(part, int) else part for part in path) + "]"
