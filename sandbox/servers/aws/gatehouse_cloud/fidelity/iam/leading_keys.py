"""Authorizes requests to DynamoDB on the items that they name: the condition key dynamodb:LeadingKeys.

It has the partition keys of the items in the table for which a permission is checked: one for an operation on an item,
one or more for a query or a batch. A transaction is authorized as the operation of each of its members, and so with each
member's key alone. Other operations have no such key; ForAllValues holds for those. ministack has the key in no request.

A request to tag a table, or to list its tags, is authorized on the table, which it names by its ARN.
"""

import base64
import binascii
from collections.abc import Iterator

from ministack.core import iam_actions, iam_evaluator
from ministack.services import dynamodb

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.dynamodb import checks, syntax
from gatehouse_cloud.fidelity.iam.authorization import json_body

KEY = "dynamodb:LeadingKeys"


class Resource(str):
    """The ARN of a table or an index, with the partition keys of a request's items in it."""

    leading_keys: list[str]

    @classmethod
    def of(cls, arn: str, keys: Iterator[str]) -> "Resource":
        """Return an ARN with the keys of items, each once."""
        resource = cls(arn)
        resource.leading_keys = list(dict.fromkeys(keys))
        return resource


def install() -> None:
    patching.extend(iam_actions, "dynamodb_resource_arns", _resources)
    patching.extend(iam_actions, "dynamodb_transaction_checks", _members)
    patching.extend(iam_evaluator, "enforce", _enforce)


def _enforce(original, access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
    if isinstance(resource_arn, Resource) and resource_arn.leading_keys:
        service_context = {**(service_context or {}), KEY: resource_arn.leading_keys}
    return original(
        access_key_id, iam_action, service, region, resource_arn=str(resource_arn), service_context=service_context
    )


def _resources(original, body, region, account_id):
    request, arns = json_body(body), original(body, region, account_id)
    batches = request.get("RequestItems")
    if isinstance(batches, dict):
        tables = [name for name in batches if isinstance(name, str) and name]
        return [Resource.of(arn, _of_batch(name, batches[name])) for arn, name in zip(arns, tables, strict=True)]
    if arns:
        return [Resource.of(arn, _of_request(request)) for arn in arns]
    if isinstance(request.get("ResourceArn"), str):
        return [request["ResourceArn"]]
    # Named in the refusal of a transaction, which is authorized by its members.
    return [arn for _, arn in iam_actions.dynamodb_transaction_checks("dynamodb:TransactWriteItems", body, region, account_id)][:1]


def _members(original, iam_action, body, region, account_id):
    found = original(iam_action, body, region, account_id)
    members = json_body(body).get("TransactItems")
    # In the order of the original, which goes through the same members.
    requests = [
        member[kind]
        for member in (members if found else [])
        if isinstance(member, dict)
        for kind in iam_actions._DYNAMODB_TRANSACT_ITEM_ACTIONS
        if isinstance(member.get(kind), dict) and isinstance(member[kind].get("TableName"), str)
        if member[kind]["TableName"]
    ]
    return [(action, Resource.of(arn, _of_request(one))) for (action, arn), one in zip(found, requests, strict=True)]


def _of_request(request: dict) -> Iterator[str]:
    """Yield the partition keys of a request about one table."""
    table = _table(request.get("TableName"))
    if table is None:
        return
    for item in (request.get("Key"), request.get("Item")):
        yield from _of_item(table["pk_name"], item)
    name = table["pk_name"]
    if isinstance(request.get("IndexName"), str):
        name = dynamodb._resolve_index_keys(table, request["IndexName"])[0]
    yield from _of_query(name, request)


def _of_batch(name: str, batch) -> Iterator[str]:
    """Yield the partition keys of a batch's part for one table: of a BatchGetItem or a BatchWriteItem."""
    table = _table(name)
    if table is None:
        return
    for key in (batch.get("Keys") or []) if isinstance(batch, dict) else []:
        yield from _of_item(table["pk_name"], key)
    for write in batch if isinstance(batch, list) else []:
        for request in write.values() if isinstance(write, dict) else []:
            if isinstance(request, dict):
                yield from _of_item(table["pk_name"], request.get("Item") or request.get("Key"))


def _of_query(name: str, request: dict) -> Iterator[str]:
    """Yield the value to which a query compares a partition key."""
    legacy = request.get("KeyConditions")
    if isinstance(legacy, dict) and isinstance(legacy.get(name), dict):
        for value in legacy[name].get("AttributeValueList") or []:
            yield from _text(value)
    scope = checks.Scope(request.get("ExpressionAttributeNames"), request.get("ExpressionAttributeValues"))
    try:
        nodes = list(syntax.walk(syntax.condition(request.get("KeyConditionExpression") or "")))
        for node in nodes:
            if isinstance(node, syntax.Operation) and node.operator == "=":
                left, right = (syntax.bare(operand) for operand in node.operands)
                if isinstance(left, syntax.Path) and scope.resolve(left) == (name,) and isinstance(right, syntax.Value):
                    yield from _text(scope.value(right))
    except syntax.Refused:
        return


def _of_item(name: str, item) -> Iterator[str]:
    if isinstance(item, dict):
        yield from _text(item.get(name))


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
