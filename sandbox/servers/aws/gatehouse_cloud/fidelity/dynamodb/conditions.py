"""Evaluates conditions as DynamoDB does.

ministack evaluates the part of a condition that it understands and ignores the rest. So "used + :n <= allowed" holds,
although arithmetic is for update expressions only, and a function that DynamoDB doesn't know is taken for an attribute.
It also finds two absent attributes equal, and takes the size of a number for 0.
"""

from ministack.services import dynamodb

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.dynamodb import checks, syntax
from gatehouse_cloud.fidelity.dynamodb.syntax import COMPARATORS, Call, Node, Operation, Path, bare

# The types whose values have a size.
SIZED = ("S", "B", "SS", "NS", "BS", "L", "M")
# The type of a set's members.
MEMBERS = {"SS": "S", "NS": "N", "BS": "B"}


def install() -> None:
    patching.extend(dynamodb, "_evaluate_condition", _evaluate)


def _evaluate(original, expr, item, attr_values, attr_names, slot="ConditionExpression"):
    if not expr or not expr.strip():
        return True
    scope = checks.Scope(attr_names, attr_values)
    try:
        found = syntax.condition(expr)
        checks.condition(found, scope)
    except syntax.Refused as problem:
        raise ValueError(f"Invalid {slot}: {problem}") from None
    return holds(found, item or {}, scope)


def holds(node: Node, item: dict, scope: checks.Scope) -> bool:
    """Report whether an item meets a condition."""
    node = bare(node)
    if isinstance(node, Call):
        return _function(node, item, scope)
    operands = node.operands
    if node.operator == "NOT":
        return not holds(operands[0], item, scope)
    if node.operator == "AND":
        return holds(operands[0], item, scope) and holds(operands[1], item, scope)
    if node.operator == "OR":
        return holds(operands[0], item, scope) or holds(operands[1], item, scope)
    return _compared(node, [_value(operand, item, scope) for operand in operands])


def _compared(node: Operation, values: list[dict | None]) -> bool:
    if node.operator in COMPARATORS:
        return compare(node.operator, *values)
    if node.operator == "BETWEEN":
        return compare(">=", values[0], values[1]) and compare("<=", values[0], values[2])
    return any(compare("=", values[0], other) for other in values[1:])


def compare(operator: str, left: dict | None, right: dict | None) -> bool:
    """Compare two values; what is absent is unequal to everything, and so are values of two types."""
    if left is None or right is None:
        return operator == "<>"
    return dynamodb._compare_ddb(left, operator, right)


def _value(node: Node, item: dict, scope: checks.Scope) -> dict | None:
    node = bare(node)
    if isinstance(node, Path):
        return dynamodb._get_at_path(item, scope.resolve(node))
    if isinstance(node, Call):
        return _size(_value(node.operands[0], item, scope))
    return scope.value(node)


def _size(value: dict | None) -> dict | None:
    if value is None or next(iter(value)) not in SIZED:
        return None
    return {"N": str(dynamodb._ddb_size(value))}


def _function(node: Call, item: dict, scope: checks.Scope) -> bool:
    value, *others = (_value(operand, item, scope) for operand in node.operands)
    if node.function == "attribute_exists":
        return value is not None
    if node.function == "attribute_not_exists":
        return value is None
    other = others[0]
    if value is None or other is None:
        return False
    if node.function == "attribute_type":
        return next(iter(value)) == other["S"]
    if node.function == "begins_with":
        return _same_text(value, other, lambda text, part: text.startswith(part))
    return _contains(value, other)


def _contains(value: dict, member: dict) -> bool:
    ((kind, content),) = value.items()
    if kind in MEMBERS:
        return any(compare("=", {MEMBERS[kind]: each}, member) for each in content)
    if kind == "L":
        return any(compare("=", each, member) for each in content)
    return _same_text(value, member, lambda text, part: part in text)


def _same_text(value: dict, part: dict, test) -> bool:
    """Test two strings, or two binaries."""
    kind, text = dynamodb._ddb_comparable(value)
    other, found = dynamodb._ddb_comparable(part)
    return kind == other and kind in ("S", "B") and test(text, found)
