"""Metric alarms through CloudWatch's query protocol, as Terraform's provider speaks it."""

import unittest
import urllib.parse
import urllib.request
from xml.etree import ElementTree

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .harness import REGION, CloudTest

NAMESPACE = "{http://monitoring.amazonaws.com/doc/2010-08-01/}"
ALARM = {
    "AlarmName": "errors", "AlarmDescription": "a < b", "Namespace": "Gatehouse", "MetricName": "Errors", "Period": "300",
    "EvaluationPeriods": "1", "Threshold": "0.5", "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "breaching",
    "ActionsEnabled": "true", "AlarmActions.member.1": "arn:aws:sns:us-east-1:000000000000:a",
    "InsufficientDataActions.member.1": "arn:aws:sns:us-east-1:000000000000:b",
    "Dimensions.member.1.Name": "stack", "Dimensions.member.1.Value": "local",
}
MATH = {
    "AlarmName": "math", "EvaluationPeriods": "1", "Threshold": "1", "ComparisonOperator": "GreaterThanThreshold",
    "Metrics.member.1.Id": "e", "Metrics.member.1.Expression": "FILL(m, 0)", "Metrics.member.1.ReturnData": "true",
    "Metrics.member.2.Id": "m", "Metrics.member.2.MetricStat.Stat": "Sum", "Metrics.member.2.MetricStat.Period": "60",
    "Metrics.member.2.MetricStat.Metric.Namespace": "Gatehouse", "Metrics.member.2.MetricStat.Metric.MetricName": "Repairs",
}


class AlarmTest(CloudTest):
    def query(self, action: str, **parameters: str) -> ElementTree.Element:
        data = urllib.parse.urlencode({"Action": action, "Version": "2010-08-01", **parameters})
        url = f"http://127.0.0.1:{self.cloud.port}/"
        signed = AWSRequest("POST", url, data=data, headers={"Content-Type": "application/x-www-form-urlencoded"})
        SigV4Auth(Credentials("test", "test"), "monitoring", REGION).add_auth(signed)
        with urllib.request.urlopen(urllib.request.Request(url, data.encode(), dict(signed.headers.items()))) as response:
            return ElementTree.fromstring(response.read())

    def described(self, name: str) -> ElementTree.Element:
        [alarm] = self.query("DescribeAlarms", **{"AlarmNames.member.1": name}).iter(f"{NAMESPACE}MetricAlarms")
        [member] = alarm
        return member

    def text(self, alarm: ElementTree.Element, path: str) -> str | None:
        return alarm.findtext("/".join(NAMESPACE + part for part in path.split("/")))

    def test_every_member_comes_back(self):
        self.query("PutMetricAlarm", Statistic="Sum", **ALARM)
        alarm = self.described("errors")
        for name, value in {**ALARM, "Statistic": "Sum"}.items():
            path = name.replace(".1", "").replace(".", "/")
            self.assertEqual(self.text(alarm, path), value, name)

    def test_a_percentile_has_no_plain_statistic(self):
        self.query("PutMetricAlarm", ExtendedStatistic="p99", **ALARM)
        alarm = self.described("errors")
        self.assertEqual((self.text(alarm, "ExtendedStatistic"), self.text(alarm, "Statistic")), ("p99", None))

    def test_metric_math_comes_back(self):
        self.query("PutMetricAlarm", **MATH)
        alarm = self.described("math")
        self.assertEqual(self.text(alarm, "Metrics/member/Expression"), "FILL(m, 0)")
        self.assertEqual(self.text(alarm, "Metrics/member/MetricStat/Metric/MetricName"), "Repairs")
        self.assertIsNone(self.text(alarm, "Period"))


if __name__ == "__main__":
    unittest.main()
