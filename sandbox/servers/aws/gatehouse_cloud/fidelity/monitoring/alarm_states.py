"""Evaluates metric alarms period by period, from their creation on.

ministack takes all of a metric's dimensions together and all of an alarm's periods as one, and does not evaluate an alarm
as long as there is no data. CloudWatch evaluates each period of one metric, also those before the alarm was created:
without data they are missing data, which the alarm says how to treat. Metric math is not evaluated.
"""

import asyncio
import operator
import time

from ministack.services import cloudwatch

from gatehouse_cloud import patching

EVERY_SECONDS = 10
COMPARISONS = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def install() -> None:
    patching.extend(cloudwatch, "_evaluate_alarm", _evaluate)
    patching.extend(cloudwatch, "_describe_alarms", _describe)


async def watch() -> None:
    """Evaluate the alarms from time to time."""
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        cloudwatch._evaluate_all_alarms()


def _describe(original, params, cbor_data, is_cbor, is_json=False):
    cloudwatch._evaluate_all_alarms()
    return original(params, cbor_data, is_cbor, is_json)


def _evaluate(original, alarm):
    if not alarm.get("Namespace") or not alarm.get("MetricName"):
        return
    values = _values(alarm, time.time())
    old, new = alarm["StateValue"], state_of(alarm, values)
    if new == old:
        return
    reason = f"Threshold Crossed: the newest periods have {values}."
    alarm.update(StateValue=new, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
    cloudwatch._record_history(alarm["AlarmName"], old, new, reason)
    cloudwatch._dispatch_alarm_actions(alarm, old, new, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _values(alarm: dict, now: float) -> list[float | None]:
    """Return the statistic in each of an alarm's periods, the newest first; None where there is no data."""
    dimensions = cloudwatch._dims_key(cloudwatch._dims_from_list(alarm.get("Dimensions") or []))
    points = cloudwatch._metrics.get((alarm["Namespace"], alarm["MetricName"], dimensions)) or []
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    period = alarm.get("Period", 60)
    values = []
    for number in range(alarm.get("EvaluationPeriods", 1)):
        end = now - number * period
        inside = [point for point in points if end - period < point["Timestamp"] <= end]
        values.append(cloudwatch._stat_value(cloudwatch._calc_stats(inside), statistic, inside) if inside else None)
    return values


def state_of(alarm: dict, values: list[float | None]) -> str:
    """Return the state that CloudWatch gives an alarm for the values of its periods."""
    missing = alarm.get("TreatMissingData") or "missing"
    known = [value for value in values if value is not None]
    if not known and missing == "missing":
        return "INSUFFICIENT_DATA"
    if not known and missing == "ignore":
        return alarm["StateValue"]
    breaches = COMPARISONS[alarm["ComparisonOperator"]]
    bad = sum(breaches(value, alarm["Threshold"]) for value in known)
    if missing == "breaching":
        bad += len(values) - len(known)
    return "ALARM" if bad >= alarm.get("DatapointsToAlarm", len(values)) else "OK"
