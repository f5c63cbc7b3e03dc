"""Keeps all members of metric alarms, also for clients that speak CloudWatch's query protocol.

ministack stores every member of an alarm only when it comes as JSON or CBOR, and returns some of them in the query
protocol; Terraform's provider speaks that and would change each alarm at every deployment. Requests and responses are
translated with the API's own model, and the members of metric math, which ministack drops, are kept (but not evaluated).
"""

import json
from datetime import datetime, timezone
from functools import cache
from xml.etree.ElementTree import Element, SubElement, tostring

import botocore.session
from ministack.services import cloudwatch

from gatehouse_cloud import patching

MATH = ("Metrics", "ThresholdMetricId", "EvaluateLowSampleCountPercentile")


def install() -> None:
    patching.extend(cloudwatch, "_put_metric_alarm", _put)
    patching.extend(cloudwatch, "_describe_alarms", _describe)


def _put(original, params, cbor_data, is_cbor, is_json=False):
    given = cbor_data if is_cbor or is_json else parse(_shape("PutMetricAlarmInput"), params)
    refused_or_stored = original(params, given, is_cbor, True if not is_cbor else is_json)
    if refused_or_stored[0] != 200:
        return original(params, cbor_data, is_cbor, is_json)
    alarm = cloudwatch._alarms[given["AlarmName"]]
    alarm.update({name: given[name] for name in MATH if name in given})
    # Defaults that AWS has only for an alarm on one metric with a plain statistic.
    for name in (
        ("Statistic", "Period") if "Metrics" in given else ("Statistic",) if "ExtendedStatistic" in given else ()
    ):
        alarm.pop(name)
    if is_cbor or is_json:
        return refused_or_stored
    return cloudwatch._xml(200, "PutMetricAlarmResponse", "")


def _describe(original, params, cbor_data, is_cbor, is_json=False):
    if is_cbor or is_json:
        return original(params, cbor_data, is_cbor, is_json)
    status, _, body = original(params, parse(_shape("DescribeAlarmsInput"), params), False, True)
    if status != 200:
        return original(params, cbor_data, is_cbor, is_json)
    result = Element("DescribeAlarmsResult")
    render(result, _shape("DescribeAlarmsOutput"), json.loads(body))
    return cloudwatch._xml(200, "DescribeAlarmsResponse", tostring(result, encoding="unicode"))


@cache
def _shape(name: str):
    return botocore.session.get_session().get_service_model("cloudwatch").shape_for(name)


def parse(shape, params: dict, prefix: str = ""):
    """Return the value of a shape in a query's parameters, None if it is missing."""
    if shape.type_name == "structure":
        parts = {name: parse(member, params, f"{prefix}.{name}".lstrip(".")) for name, member in shape.members.items()}
        return {name: value for name, value in parts.items() if value is not None} or (None if prefix else {})
    if shape.type_name == "list":
        items = []
        while (item := parse(shape.member, params, f"{prefix}.member.{len(items) + 1}")) is not None:
            items.append(item)
        return items or None
    if prefix not in params:
        return None
    text = params[prefix][0] if isinstance(params[prefix], list) else params[prefix]
    return {"boolean": lambda: text == "true", "integer": lambda: int(text), "double": lambda: float(text)}.get(
        shape.type_name, lambda: text
    )()


def render(parent: Element, shape, value) -> None:
    """Write a value of a shape as the query protocol's XML."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if value.get(name) not in (None, "", []):
                render(SubElement(parent, name), member, value[name])
    elif shape.type_name == "list":
        for item in value:
            render(SubElement(parent, "member"), shape.member, item)
    elif shape.type_name == "boolean":
        parent.text = "true" if value else "false"
    elif shape.type_name == "timestamp" and isinstance(value, (int, float)):
        parent.text = datetime.fromtimestamp(value, timezone.utc).isoformat()
    else:
        parent.text = str(value)
