"""Authorizes requests to DynamoDB on the items and the attributes that they name, by DynamoDB's condition keys.

- dynamodb:LeadingKeys has the partition keys of the items in the table for which a permission is checked: one for an
  operation on an item, one or more for a query or a batch. Other operations have no such key; ForAllValues holds for those.
- dynamodb:Attributes has the attributes of the request, on their top level: those of the key or the item, and those in
  each of its expressions.
- dynamodb:ReturnValues is that of an operation that writes one item, NONE if it isn't given.

A transaction is authorized as the operation of each of its members, with that member's conditions alone. ministack has
the first and the last key in no request, and the second for projections only. A request to tag a table, or to list its
tags, is authorized on the table, which it names by its ARN.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator

from ministack.core import iam_actions, iam_evaluator
from ministack.services import dynamodb

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.dynamodb import checks, syntax
from gatehouse_cloud.fidelity.iam.authorization import json_body

WRITES = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
CONDITIONS = ("KeyConditionExpression", "FilterExpression", "ConditionExpression")


class Resource(str):
    """The ARN of a table or an index, with the conditions of a request for it."""

    conditions: dict[str, list[str]]
    return_values: str

    @classmethod
    def of(cls, arn: str, keys: Iterable[str], attributes: Iterable[str], return_values: str = "NONE") -> "Resource":
        """Return an ARN with the partition keys and the attributes of a request, each once."""
        resource = cls(arn)
        found = {"dynamodb:LeadingKeys": keys, "dynamodb:Attributes": attributes}
        resource.conditions = {name: list(dict.fromkeys(values)) for name, values in found.items()}
        resource.return_values = return_values
        return resource


def install() -> None:
    patching.extend(iam_actions, "dynamodb_resource_arns", _resources)
    patching.extend(iam_actions, "dynamodb_transaction_checks", _members)
    patching.extend(iam_evaluator, "enforce", _enforce)


def _enforce(original, access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
    if isinstance(resource_arn, Resource):
        # A key without values is none.
        conditions = {name: values for name, values in resource_arn.conditions.items() if values}
        service_context = {**(service_context or {}), **conditions}
        if iam_action in WRITES:
            service_context["dynamodb:ReturnValues"] = resource_arn.return_values
    return original(
        access_key_id, iam_action, service, region, resource_arn=str(resource_arn), service_context=service_context
    )


def _resources(original, body, region, account_id):
    request, arns = json_body(body), original(body, region, account_id)
    batches = request.get("RequestItems")
    if isinstance(batches, dict):
        tables = [name for name in batches if isinstance(name, str) and name]
        return [_of_batch(arn, name, batches[name]) for arn, name in zip(arns, tables, strict=True)]
    if arns:
        returned = request.get("ReturnValues")
        return [_of_request(arn, request, returned if isinstance(returned, str) else "NONE") for arn in arns]
    if isinstance(request.get("ResourceArn"), str):
        return [request["ResourceArn"]]
    # Named in the refusal of a transaction, which is authorized by its members.
    members = iam_actions.dynamodb_transaction_checks("dynamodb:TransactWriteItems", body, region, account_id)
    return [arn for _, arn in members[:1]]


def _members(original, iam_action, body, region, account_id):
    found = original(iam_action, body, region, account_id)
    members = json_body(body).get("TransactItems")
    # In the order of the original, which goes through the same members.
    requests = [
        request
        for member in (members if found else [])
        if isinstance(member, dict)
        for request in map(member.get, iam_actions._DYNAMODB_TRANSACT_ITEM_ACTIONS)
        if isinstance(request, dict) and isinstance(request.get("TableName"), str) and request["TableName"]
    ]
    return [(action, _of_request(arn, one)) for (action, arn), one in zip(found, requests, strict=True)]


def _of_request(arn: str, request: dict, return_values: str = "NONE") -> Resource:
    """Return the resource of a request for one table."""
    table = _table(request.get("TableName"))
    if table is None:
        return Resource.of(arn, (), ())
    name = table["pk_name"]
    if isinstance(request.get("IndexName"), str):
        name = dynamodb._resolve_index_keys(table, request["IndexName"])[0]
    items = [request.get("Key"), request.get("Item")]
    keys = [*_partitions(table["pk_name"], items), *_partition_of_query(name, request)]
    return Resource.of(arn, keys, [*_names(items), *_in_expressions(request)], return_values)


def _of_batch(arn: str, name: str, batch) -> Resource:
    """Return the resource of a batch's part for one table: of a BatchGetItem or a BatchWriteItem."""
    table = _table(name)
    if table is None:
        return Resource.of(arn, (), ())
    if isinstance(batch, dict):
        items, read = list(batch.get("Keys") or []), batch
    else:
        writes = [write for each in batch or [] if isinstance(each, dict) for write in each.values()]
        items = [write.get("Item") or write.get("Key") for write in writes if isinstance(write, dict)]
        read = {}
    return Resource.of(arn, _partitions(table["pk_name"], items), [*_names(items), *_in_expressions(read)])


def _names(items: Iterable) -> Iterator[str]:
    for item in items:
        yield from item if isinstance(item, dict) else ()


def _in_expressions(request: dict) -> Iterator[str]:
    """Yield the attributes in a request's expressions, and in its older parameters."""
    scope = checks.Scope(request.get("ExpressionAttributeNames"), request.get("ExpressionAttributeValues"))
    for path in _paths(request):
        try:
            yield str(scope.resolve(path)[0])
        except syntax.Refused:
            continue  # refused by the operation
    for field in ("AttributesToGet", "AttributeUpdates", "Expected", "KeyConditions", "QueryFilter", "ScanFilter"):
        if isinstance(request.get(field), list | dict):
            yield from (name for name in request[field] if isinstance(name, str))


def _paths(request: dict) -> Iterator[syntax.Path]:
    for field in (*CONDITIONS, "UpdateExpression", "ProjectionExpression"):
        text = request.get(field)
        if not isinstance(text, str) or not text.strip():
            continue
        try:
            yield from (node for node in _nodes(field, text) if isinstance(node, syntax.Path))
        except syntax.Refused:
            continue  # refused by the operation


def _nodes(field: str, text: str) -> Iterator[syntax.Node]:
    if field in CONDITIONS:
        yield from syntax.walk(syntax.condition(text))
    elif field == "ProjectionExpression":
        yield from syntax.projection(text)
    else:
        for action in syntax.update(text).actions:
            yield action.path
            if action.operand is not None:
                yield from syntax.walk(action.operand)


def _partitions(name: str, items: Iterable) -> Iterator[str]:
    """Yield the partition keys of items."""
    for item in items:
        if isinstance(item, dict):
            yield from _text(item.get(name))


def _partition_of_query(name: str, request: dict) -> Iterator[str]:
    """Yield the value to which a query compares a partition key."""
    older = request.get("KeyConditions")
    if isinstance(older, dict) and isinstance(older.get(name), dict):
        for value in older[name].get("AttributeValueList") or []:
            yield from _text(value)
    text = request.get("KeyConditionExpression")
    if not isinstance(text, str) or not text.strip():
        return
    scope = checks.Scope(request.get("ExpressionAttributeNames"), request.get("ExpressionAttributeValues"))
    try:
        for node in syntax.walk(syntax.condition(text)):
            if isinstance(node, syntax.Operation) and node.operator == "=":
                operands = [syntax.bare(operand) for operand in node.operands]
                if any(isinstance(each, syntax.Path) and scope.resolve(each) == (name,) for each in operands):
                    for value in (each for each in operands if isinstance(each, syntax.Value)):
                        yield from _text(scope.value(value))
    except syntax.Refused:
        return  # refused by the operation


def _text(value) -> Iterator[str]:
    """Yield a key's value as a condition compares it: a string, a number's text, or the bytes of a binary."""
    kind, content = next(iter(value.items()), ("", None)) if isinstance(value, dict) else ("", None)
    if kind in ("S", "N") and isinstance(content, str):
        yield content
    elif kind == "B" and isinstance(content, str):
        try:
            yield base64.b64decode(content).decode("latin-1")
        except binascii.Error:
            return  # refused by the operation


def _table(name) -> dict | None:
    return dynamodb._tables.get(dynamodb._normalize_table_name(name)) if isinstance(name, str) else None
