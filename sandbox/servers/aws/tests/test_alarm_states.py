"""The states of alarms, also before there is data."""

import json
import time

from .harness import CloudTest, wait_for


class AlarmStateTest(CloudTest):
    def setUp(self):
        self.watch = self.cloud.client("cloudwatch")
        # A name of its own for each test.
        self.metric = self.id().rpartition(".")[2]

    def alarm(self, name: str, **settings) -> str:
        """An alarm on more than five in each of two minutes; returns its name."""
        self.watch.put_metric_alarm(
            **{
                "AlarmName": f"{self.metric}-{name}",
                "Namespace": "Test",
                "MetricName": self.metric,
                "Dimensions": [{"Name": "Stack", "Value": "one"}],
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 2,
                "Threshold": 5,
                "ComparisonOperator": "GreaterThanThreshold",
                **settings,
            }
        )
        return f"{self.metric}-{name}"

    def put(self, value: float, seconds_ago: float, stack: str = "one") -> None:
        """Publish a value of the metric."""
        datum = {
            "MetricName": self.metric,
            "Dimensions": [{"Name": "Stack", "Value": stack}],
            "Value": value,
            "Timestamp": time.time() - seconds_ago,
        }
        self.watch.put_metric_data(Namespace="Test", MetricData=[datum])

    def state(self, name: str) -> str:
        return self.watch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]

    def test_missing_data_counts_from_the_alarms_creation_on(self):
        for treatment, state in (
            ("breaching", "ALARM"),
            ("notBreaching", "OK"),
            ("missing", "INSUFFICIENT_DATA"),
            ("ignore", "INSUFFICIENT_DATA"),
        ):
            name = self.alarm(treatment, TreatMissingData=treatment)
            self.assertEqual(self.state(name), state, treatment)

    def test_each_period_counts_by_itself(self):
        every = self.alarm("every", TreatMissingData="notBreaching")
        one = self.alarm("one", TreatMissingData="notBreaching", DatapointsToAlarm=1)
        self.put(4, 10)
        self.put(4, 20)
        self.assertEqual((self.state(every), self.state(one)), ("OK", "ALARM"))
        self.put(6, 70)
        self.assertEqual((self.state(every), self.state(one)), ("ALARM", "ALARM"))

    def test_other_dimensions_are_another_metric(self):
        name = self.alarm("apart", TreatMissingData="notBreaching", DatapointsToAlarm=1)
        self.put(100, 10, "two")
        self.assertEqual(self.state(name), "OK")

    def test_the_topic_depends_on_the_state(self):
        topics, queues = self.cloud.client("sns"), self.cloud.client("sqs")
        topic = topics.create_topic(Name="told")["TopicArn"]
        queue = queues.create_queue(QueueName="told")["QueueUrl"]
        arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}}
        queues.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
        topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        name = self.alarm("quiet", AlarmActions=[topic], InsufficientDataActions=[topic], DatapointsToAlarm=1)
        self.assertEqual(self.state(name), "INSUFFICIENT_DATA")
        self.assertNotIn("Messages", queues.receive_message(QueueUrl=queue))  # as it was made
        self.put(6, 10)
        self.assertEqual(self.state(name), "ALARM")
        wait_for(lambda: queues.receive_message(QueueUrl=queue).get("Messages"))
