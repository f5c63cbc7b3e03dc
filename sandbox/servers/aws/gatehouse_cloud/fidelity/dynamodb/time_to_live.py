"""Time to live: its states, and items that stay.

- DynamoDB deletes an expired item "typically within two days" ("Items that have expired and not been deleted will still
  show up in reads, queries, and scans"); ministack deletes it within a minute, so that hardly a
  test would read one. Here none is deleted.
- A change is ENABLING or DISABLING before it takes effect, and the next one is refused for an hour.
"""

import time

from ministack.core.responses import error_response_json, json_response
from ministack.services import dynamodb

from gatehouse_cloud import patching

CHANGE_SECONDS = 1
INTERVAL_SECONDS = 3600

# A member of a table's record. ministack's own settings stay empty, so that it deletes nothing.
SETTING = "_time_to_live"


def install() -> None:
    patching.extend(dynamodb, "_describe_ttl", _describe)
    patching.extend(dynamodb, "_update_ttl", _update)


def _describe(original, data):
    table = _table(data)
    if table is None:
        return original(data)
    return json_response({"TimeToLiveDescription": _description(table.get(SETTING))})


def _description(setting: dict | None) -> dict:
    changing = setting is not None and time.monotonic() < setting["changed"] + CHANGE_SECONDS
    if setting is None or not (setting["enabled"] or changing):
        return {"TimeToLiveStatus": "DISABLED"}
    states = ("DISABLING", "DISABLING") if not setting["enabled"] else ("ENABLED", "ENABLING")
    return {"AttributeName": setting["attribute"], "TimeToLiveStatus": states[changing]}


def _update(original, data):
    table, wanted = _table(data), data.get("TimeToLiveSpecification") or {}
    attribute = wanted.get("AttributeName")
    if table is None or not isinstance(attribute, str) or not attribute:
        return original(data)
    enabled, setting = bool(wanted.get("Enabled")), table.get(SETTING)
    if problem := _problem(setting, enabled, attribute):
        return error_response_json("ValidationException", problem, 400)
    table[SETTING] = {"enabled": enabled, "attribute": attribute, "changed": time.monotonic()}
    return json_response({"TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": enabled}})


def _problem(setting: dict | None, enabled: bool, attribute: str) -> str | None:
    if setting is not None and setting["enabled"] and attribute != setting["attribute"]:
        return f"TimeToLive is active on a different AttributeName: current AttributeName is {setting['attribute']}"
    if enabled == (setting is not None and setting["enabled"]):
        return f"TimeToLive is already {'enabled' if enabled else 'disabled'}"
    if setting is not None and time.monotonic() < setting["changed"] + INTERVAL_SECONDS:
        return "Time to live has been modified multiple times within a fixed interval"
    return None


def _table(data: dict) -> dict | None:
    return dynamodb._tables.get(dynamodb._normalize_table_name(data.get("TableName")))
