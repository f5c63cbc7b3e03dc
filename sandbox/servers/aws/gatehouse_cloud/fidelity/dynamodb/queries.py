"""Refuses the key conditions and filters of a query that DynamoDB refuses.

A key condition has one comparison for each key, joined by AND: equality for the partition key; for the sort key also an
order, BETWEEN or begins_with. ministack evaluates any condition there. A filter has no key attributes.
"""

from collections.abc import Iterator

from ministack.core.responses import error_response_json
from ministack.services import dynamodb

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.dynamodb import checks, syntax
from gatehouse_cloud.fidelity.dynamodb.syntax import Call, Node, Operation, Path, Refused, bare

NO_KEY_CONDITIONS = ("OR", "NOT", "IN", "<>")


def install() -> None:
    patching.extend(dynamodb, "_query", _query)


def _query(original, data):
    table = dynamodb._tables.get(dynamodb._normalize_table_name(data.get("TableName")))
    conditions, filters = (_parsed(data.get(field)) for field in ("KeyConditionExpression", "FilterExpression"))
    scope = checks.Scope(data.get("ExpressionAttributeNames"), data.get("ExpressionAttributeValues"))
    if table is not None and conditions is not None:
        try:
            # What is wrong with any condition comes first; the original says it.
            checks.condition(conditions, scope)
            if filters is not None:
                checks.condition(filters, scope)
        except Refused:
            return original(data)
        index = data.get("IndexName")
        partition, sort, _ = dynamodb._resolve_index_keys(table, index if isinstance(index, str) else None)
        if problem := _problem(conditions, partition, scope) or _filtered(filters, (partition, sort), scope):
            return error_response_json("ValidationException", problem, 400)
    return original(data)


def _parsed(text) -> Node | None:
    try:
        return syntax.condition(text) if isinstance(text, str) and text.strip() else None
    except Refused:
        return None


def _problem(conditions: Node, partition: str, scope: checks.Scope) -> str | None:
    """Return what is wrong with a key condition."""
    parts = list(_parts(conditions))
    for part in parts:
        if problem := _of_part(part):
            return problem
    names = [scope.resolve(next(_operands(part, Path)))[0] for part in parts]
    if len(set(names)) < len(names):
        return "KeyConditionExpressions must only contain one condition per key"
    for name, part in zip(names, parts, strict=True):
        if name == partition and getattr(part, "operator", "") != "=":
            return "Query key condition not supported"
    return None


def _of_part(part: Node) -> str | None:
    """Return what is wrong with the condition for one key."""
    invalid = "Invalid condition in KeyConditionExpression: "
    operator = part.function if isinstance(part, Call) else part.operator
    if operator in NO_KEY_CONDITIONS or (isinstance(part, Call) and operator != "begins_with"):
        return f"Invalid operator used in KeyConditionExpression: {operator}"
    if any(_operands(part, Call)):
        return "KeyConditionExpressions cannot contain nested operations"
    paths = list(_operands(part, Path))
    if not paths:
        return f"{invalid}No key attribute specified"
    if operator in ("BETWEEN", "begins_with") and not isinstance(bare(part.operands[0]), Path):
        return f"{invalid}{operator} operator must have the key attribute as its first operand"
    if len(paths) > 1:
        return f"{invalid}Multiple attribute names used in one condition"
    if len(paths[0].parts) > 1:
        return "KeyConditionExpressions cannot have conditions on nested attributes"
    return None


def _parts(node: Node) -> Iterator[Node]:
    """Yield the conditions that AND joins."""
    node = bare(node)
    if isinstance(node, Operation) and node.operator == "AND":
        for each in node.operands:
            yield from _parts(each)
    else:
        yield node


def _operands(part: Node, kind: type) -> Iterator[Node]:
    return (each for each in map(bare, part.operands) if isinstance(each, kind))


def _filtered(filters: Node | None, keys: tuple[str | None, ...], scope: checks.Scope) -> str | None:
    """Return what is wrong with a filter: that it has a key attribute."""
    for node in syntax.walk(filters) if filters is not None else ():
        if isinstance(node, Path) and (name := scope.resolve(node)[0]) in keys:
            return f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {name}"
    return None
