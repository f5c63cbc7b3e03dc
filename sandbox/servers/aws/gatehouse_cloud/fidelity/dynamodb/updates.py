"""Applies update expressions as DynamoDB does.

ministack skips what it doesn't understand, and lets the second of two sections replace the first; it applies actions
whose paths overlap, sets members of what is no map, adds numbers to other types, and rounds sums to 28 digits. Paths
whose parent is absent are refused by REMOVE and ADD as by SET. An update that only removes creates no item.
"""

import copy
from decimal import Context, Decimal

from ministack.core.responses import error_response_json
from ministack.services import dynamodb

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.dynamodb import checks, syntax
from gatehouse_cloud.fidelity.dynamodb.syntax import Action, Call, Node, Operation, Path, Refused, bare

BAD_PATH = "The document path provided in the update expression is invalid for update"
BAD_TYPE = "An operand in the update expression has an incorrect data type"
ABSENT = "The provided expression refers to an attribute that does not exist in the item"
KEY = "One or more parameter values were invalid: Cannot update attribute {}. This attribute is part of the key"

# Enough for the exact sum of any two numbers, whose exponents are -130 to 125.
EXACT = Context(prec=512)


def install() -> None:
    patching.extend(dynamodb, "_apply_update_expression", _apply)
    patching.extend(dynamodb, "_update_item", _update)
    patching.extend(dynamodb, "_transact_write_items", _transact)


def _apply(original, item, expr, attr_values, attr_names, updated_attrs=None):
    scope = checks.Scope(attr_names, attr_values)
    try:
        found = syntax.update(expr)
        checks.update(found, scope)
    except Refused as problem:
        raise ValueError(f"Invalid UpdateExpression: {problem}") from None
    updated = set() if updated_attrs is None else updated_attrs
    updated |= {scope.resolve(action.path) for action in found.actions}
    return _changed(item, found, scope), updated


def _changed(item: dict, found: syntax.Update, scope: checks.Scope) -> dict:
    """Return an item after an update. Each action sees the item as it was before all of them."""
    values = [_set_value(action, item, scope) for action in found.actions]
    changed = copy.deepcopy(item)
    paths = [scope.resolve(action.path) for action in found.actions]
    targets = [(_container(changed, path), path[-1], value) for path, value in zip(paths, values, strict=True)]
    # Of the indexes beyond a list's end, the first is appended first.
    in_order = sorted(targets, key=lambda target: target[1] if isinstance(target[1], int) else -1)
    for container, part, value in in_order:
        if value is not None:
            _store(container, part, copy.deepcopy(value))
    # Indexes are those before the update, so the last of a list goes first.
    for container, part, value in reversed(in_order):
        if value is None:
            _store(container, part, None)
    return changed


def _container(item: dict, path: tuple[str | int, ...]) -> dict | list:
    """Return the map or the list that has the last part of a path."""
    parent = dynamodb._get_at_path(item, path[:-1]) if len(path) > 1 else {"M": item}
    kind = "L" if isinstance(path[-1], int) else "M"
    if parent is None or kind not in parent:
        raise Refused(BAD_PATH)
    return parent[kind]


def _store(container: dict | list, part: str | int, value: dict | None) -> None:
    """Set or remove a member of a map or a list; what is set beyond the end of a list is appended."""
    if isinstance(container, dict):
        if value is None:
            container.pop(part, None)
        else:
            container[part] = value
    elif part < len(container):
        if value is None:
            del container[part]
        else:
            container[part] = value
    elif value is not None:
        container.append(value)


def _set_value(action: Action, item: dict, scope: checks.Scope) -> dict | None:
    """Return the value that an action leaves; None to remove it."""
    if action.section == "REMOVE":
        return None
    operand = _value(action.operand, item, scope)
    if action.section == "SET":
        return operand
    present = dynamodb._get_at_path(item, scope.resolve(action.path))
    ((kind, members),) = operand.items()
    if present is None:
        return operand if action.section == "ADD" else None
    if kind not in present:
        raise Refused(BAD_TYPE)
    if kind == "N":
        return _total(present, "+", operand)
    if action.section == "DELETE":
        left = [each for each in present[kind] if not _among(kind, each, members)]
        return {kind: left} if left else None
    return {kind: present[kind] + [each for each in members if not _among(kind, each, present[kind])]}


def _among(kind: str, member: str, members: list[str]) -> bool:
    single = kind[0]
    return any(dynamodb._ddb_equals({single: member}, {single: other}) for other in members)


def _value(node: Node, item: dict, scope: checks.Scope) -> dict:
    node = bare(node)
    if isinstance(node, Path):
        found = dynamodb._get_at_path(item, scope.resolve(node))
        if found is None:
            raise Refused(ABSENT)
        return found
    if isinstance(node, Operation):
        left, right = (_value(operand, item, scope) for operand in node.operands)
        return _total(left, node.operator, right)
    if isinstance(node, Call):
        return _function(node, item, scope)
    return scope.value(node)


def _function(node: Call, item: dict, scope: checks.Scope) -> dict:
    first, second = node.operands
    if node.function == "if_not_exists":
        found = dynamodb._get_at_path(item, scope.resolve(bare(first)))
        return found if found is not None else _value(second, item, scope)
    lists = [_value(operand, item, scope) for operand in node.operands]
    if not all("L" in each for each in lists):
        raise Refused(BAD_TYPE)
    return {"L": lists[0]["L"] + lists[1]["L"]}


def _total(left: dict, operator: str, right: dict) -> dict:
    if "N" not in left or "N" not in right:
        raise Refused(BAD_TYPE)
    operate = EXACT.add if operator == "+" else EXACT.subtract
    text = str(operate(Decimal(left["N"]), Decimal(right["N"])))
    if problem := dynamodb._number_error(text):
        raise Refused(problem)
    return {"N": dynamodb._ddb_canonicalize_number(text)}


def _update(original, data):
    """Create no item by an update that only removes."""
    table = dynamodb._tables.get(dynamodb._normalize_table_name(data.get("TableName")))
    key = data.get("Key")
    absent = table is not None and isinstance(key, dict) and dynamodb._get_item_by_key(table, key) is None
    response = original(data)
    if response[0] == 200 and absent and _only_removes(data.get("UpdateExpression")):
        partition, sort, _ = dynamodb._resolve_table_key_values(table, key, allow_extra=False)
        dynamodb._remove_item(table, partition, sort)
    return response


def _only_removes(expression: str | None) -> bool:
    return bool(expression) and set(syntax.update(expression).sections) <= {"REMOVE", "DELETE"}


def _transact(original, data):
    """Refuse updates of keys, which ministack applies in a transaction, and members of several actions."""
    members = data.get("TransactItems")
    if isinstance(members, list) and any(isinstance(member, dict) and len(member) > 1 for member in members):
        problem = "TransactItems can only contain one of Check, Put, Update or Delete"
        return error_response_json("ValidationException", problem, 400)
    reasons = {
        index: KEY.format(name)
        for index, member in enumerate(members if isinstance(members, list) else [])
        if isinstance(member, dict) and isinstance(member.get("Update"), dict) and (name := _key(member["Update"]))
    }
    if reasons:
        return dynamodb._transact_validation_cancel_response(len(members), reasons)
    return original(data)


def _key(request: dict) -> str:
    """Return the key attribute that an update would change; an empty string if there is none, or it is refused anyway."""
    table = dynamodb._tables.get(dynamodb._normalize_table_name(request.get("TableName", ""))) or {}
    scope = checks.Scope(request.get("ExpressionAttributeNames"), request.get("ExpressionAttributeValues"))
    try:
        found = syntax.update(request.get("UpdateExpression") or "")
        checks.update(found, scope)
    except Refused:
        return ""
    changed = [scope.resolve(action.path)[0] for action in found.actions]
    return next((name for name in (table.get("pk_name"), table.get("sk_name")) if name and name in changed), "")
