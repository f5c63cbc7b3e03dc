"""Point-in-time recovery: the errors and the members of AWS's responses.

An absent table is a TableNotFoundException, on which the deployment's provider relies. The description has the number of
days, and the times between which the table can be restored: since recovery was enabled, until five minutes ago.
"""

import json
import time

from ministack.core.responses import error_response_json, json_response
from ministack.services import dynamodb

from gatehouse_cloud import patching

# A member of a table's record: since when recovery is enabled, and for how many days.
RECOVERY = "_recovery"
DAYS = 35
BEHIND_SECONDS = 300


def install() -> None:
    patching.extend(dynamodb, "_describe_continuous_backups", _describe)
    patching.extend(dynamodb, "_update_continuous_backups", _update)


def _describe(original, data):
    name = dynamodb._normalize_table_name(data.get("TableName"))
    table = dynamodb._tables.get(name)
    if table is None:
        return error_response_json("TableNotFoundException", f"Table not found: {name}", 400)
    return _with_times(original(data), table.get(RECOVERY))


def _update(original, data):
    name = dynamodb._normalize_table_name(data.get("TableName"))
    table, wanted = dynamodb._tables.get(name), data.get("PointInTimeRecoverySpecification") or {}
    if table is None:
        return error_response_json("TableNotFoundException", f"Table not found: {name}", 400)
    if table["TableStatus"] == "CREATING":
        message = f"Backups are being enabled for the table: {name}. Please retry later"
        return error_response_json("ContinuousBackupsUnavailableException", message, 400)
    days = wanted.get("RecoveryPeriodInDays", DAYS)
    if not isinstance(days, int) or not 1 <= days <= DAYS:
        message = f"RecoveryPeriodInDays is {days}; it must be between 1 and {DAYS}"
        return error_response_json("ValidationException", message, 400)
    if wanted.get("PointInTimeRecoveryEnabled"):
        table[RECOVERY] = {"since": (table.get(RECOVERY) or {}).get("since", time.time()), "days": days}
    else:
        table.pop(RECOVERY, None)
    return _with_times(original(data), table.get(RECOVERY))


def _with_times(response: tuple, recovery: dict | None) -> tuple:
    if response[0] != 200 or recovery is None:
        return response
    body = json.loads(response[2])
    body["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"].update(
        {
            "RecoveryPeriodInDays": recovery["days"],
            "EarliestRestorableDateTime": int(recovery["since"]),
            "LatestRestorableDateTime": int(max(recovery["since"], time.time() - BEHIND_SECONDS)),
        }
    )
    return json_response(body)
