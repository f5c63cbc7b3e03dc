"""Metric alarms through CloudWatch's query protocol, as Terraform's provider speaks it."""

from xml.etree.ElementTree import Element

from .harness import CloudTest

NAMESPACE = "{http://monitoring.amazonaws.com/doc/2010-08-01/}"
ALARM = {
    "AlarmName": "errors",
    "AlarmDescription": "a < b",
    "Namespace": "Gatehouse",
    "MetricName": "Errors",
    "Period": "300",
    "EvaluationPeriods": "1",
    "Threshold": "0.5",
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "breaching",
    "ActionsEnabled": "true",
    "AlarmActions.member.1": "arn:aws:sns:us-east-1:000000000000:a",
    "InsufficientDataActions.member.1": "arn:aws:sns:us-east-1:000000000000:b",
    "Dimensions.member.1.Name": "stack",
    "Dimensions.member.1.Value": "local",
}
MATH = {
    "AlarmName": "math",
    "EvaluationPeriods": "1",
    "Threshold": "1",
    "ComparisonOperator": "GreaterThanThreshold",
    "Metrics.member.1.Id": "e",
    "Metrics.member.1.Expression": "FILL(m, 0)",
    "Metrics.member.1.ReturnData": "true",
    "Metrics.member.2.Id": "m",
    "Metrics.member.2.MetricStat.Stat": "Sum",
    "Metrics.member.2.MetricStat.Period": "60",
    "Metrics.member.2.MetricStat.Metric.Namespace": "Gatehouse",
    "Metrics.member.2.MetricStat.Metric.MetricName": "Repairs",
}


class AlarmTest(CloudTest):
    def query(self, action: str, **parameters: str) -> Element:
        status, response = self.cloud.signed(
            "monitoring", "/", {"Action": action, "Version": "2010-08-01", **parameters}
        )
        self.assertEqual(status, 200)
        return response

    def described(self, name: str) -> Element:
        [alarm] = self.query("DescribeAlarms", **{"AlarmNames.member.1": name}).iter(f"{NAMESPACE}MetricAlarms")
        [member] = alarm
        return member

    def text(self, alarm: Element, path: str) -> str | None:
        return alarm.findtext("/".join(NAMESPACE + part for part in path.split("/")))

    def test_every_member_is_returned(self):
        self.query("PutMetricAlarm", Statistic="Sum", **ALARM)
        alarm = self.described("errors")
        for name, value in {**ALARM, "Statistic": "Sum"}.items():
            path = name.replace(".1", "").replace(".", "/")
            self.assertEqual(self.text(alarm, path), value, name)

    def test_a_percentile_has_no_plain_statistic(self):
        self.query("PutMetricAlarm", ExtendedStatistic="p99", **ALARM)
        alarm = self.described("errors")
        self.assertEqual((self.text(alarm, "ExtendedStatistic"), self.text(alarm, "Statistic")), ("p99", None))

    def test_metric_math_is_returned(self):
        self.query("PutMetricAlarm", **MATH)
        alarm = self.described("math")
        self.assertEqual(self.text(alarm, "Metrics/member/Expression"), "FILL(m, 0)")
        self.assertEqual(self.text(alarm, "Metrics/member/MetricStat/Metric/MetricName"), "Repairs")
        self.assertIsNone(self.text(alarm, "Period"))
