"""The life of a table: it is CREATING for a moment, then ACTIVE, and DELETING for a moment.

ministack creates and deletes a table within the request. On AWS a table that isn't ACTIVE has no items that a request
could reach, can't be changed, and its name is taken until it is gone. DescribeTable also has the members that
AWS adds for tables with capacity on demand, and the refusal of deletion has AWS's message.
"""

import json
import time

from ministack.core.responses import error_response_json, json_response, request_scope
from ministack.services import dynamodb

from gatehouse_cloud import patching

CREATION_SECONDS = 1
DELETION_SECONDS = 1

# A member of a table's record: when its present state ends.
UNTIL = "_until"

OF_ITEMS = (
    "GetItem",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "Query",
    "Scan",
    "BatchGetItem",
    "BatchWriteItem",
    "TransactGetItems",
    "TransactWriteItems",
)
CHANGES = ("UpdateTable", "DeleteTable", "UpdateTimeToLive")
STATES = {"CREATING": "created", "DELETING": "deleted"}
PROTECTED = (
    "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
)
# What DynamoDB keeps ready for a new table with capacity on demand, in units per second.
WARM = {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"}


def install() -> None:
    patching.extend(dynamodb, "handle_request", _request)
    patching.extend(dynamodb, "_create_table", _create)
    patching.extend(dynamodb, "_delete_table", _delete)
    patching.extend(dynamodb, "_table_description", _description)


async def _request(original, method, path, headers, body, query_params):
    _proceed()
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    for name in names(body):
        status = (dynamodb._tables.get(name) or {}).get("TableStatus")
        if action in OF_ITEMS and status in STATES:
            return error_response_json("ResourceNotFoundException", "Requested resource not found", 400)
        if action in CHANGES and status in STATES:
            return _in_use(name, status)
    return await original(method, path, headers, body, query_params)


def names(body: bytes) -> list[str]:
    """Return the tables that a request names."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return []
    if not isinstance(request, dict):
        return []
    found = [request.get("TableName")]
    if isinstance(request.get("RequestItems"), dict):
        found.extend(request["RequestItems"])
    members = request.get("TransactItems")
    for member in members if isinstance(members, list) else []:
        actions = member.values() if isinstance(member, dict) else []
        found.extend(each.get("TableName") for each in actions if isinstance(each, dict))
    return list(dict.fromkeys(dynamodb._normalize_table_name(each) for each in found if isinstance(each, str)))


def _create(original, data):
    name = dynamodb._normalize_table_name(data.get("TableName"))
    if (dynamodb._tables.get(name) or {}).get("TableStatus") == "DELETING":
        return _in_use(name, "DELETING")
    response = original(data)
    if response[0] != 200:
        return response
    return _enter(name, "CREATING", CREATION_SECONDS)


def _delete(original, data):
    name = dynamodb._normalize_table_name(data.get("TableName"))
    table = dynamodb._tables.get(name)
    if table is None or table["TableStatus"] == "DELETING":
        return original(data)  # absent, or its time is over
    if table.get("DeletionProtectionEnabled"):
        return error_response_json("ValidationException", PROTECTED, 400)
    return _enter(name, "DELETING", DELETION_SECONDS)


def _enter(name: str, status: str, seconds: float) -> tuple:
    dynamodb._tables[name].update({"TableStatus": status, UNTIL: time.monotonic() + seconds})
    return json_response({"TableDescription": dynamodb._table_description(name)})


def _in_use(name: str, status: str) -> tuple:
    message = f"Attempt to change a resource which is still in use: Table is being {STATES[status]}: {name}"
    return error_response_json("ResourceInUseException", message, 400)


def _proceed() -> None:
    """End the states whose time is over."""
    for (account, region, name), table in list(dynamodb._tables.all_items()):
        if table["TableStatus"] not in STATES or table.get(UNTIL, 0) > time.monotonic():
            continue
        if table["TableStatus"] == "CREATING":
            table["TableStatus"] = "ACTIVE"
        else:
            with request_scope(account, region):
                dynamodb._delete_table({"TableName": name})


def _description(original, name):
    description, table = original(name), dynamodb._tables[name]
    description["ProvisionedThroughput"] = {"NumberOfDecreasesToday": 0, **description["ProvisionedThroughput"]}
    billing = description.get("BillingModeSummary") or {}
    if billing.get("BillingMode") == "PAY_PER_REQUEST":
        since = {"LastUpdateToPayPerRequestDateTime": description["CreationDateTime"]}
        description["BillingModeSummary"] = {**since, **billing}
        if "WarmThroughput" not in table:
            description["WarmThroughput"] = WARM
    return description
