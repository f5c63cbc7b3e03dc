"""Functions: environment, logs, metrics, concurrency, schedules."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from unittest.mock import Mock

from botocore.exceptions import ClientError

from gatehouse_cloud.fidelity.awslambda import environments

from .harness import CloudTest, package, wait_for

TALKS = """
import os
def handle(event):
    print("said " + event.get("word", "nothing"), flush=True)
    return dict(os.environ)
"""
SLOW = """
import time
def handle(event):
    time.sleep(0.6)
    return "slept"
"""
MEASURES = """
import json
def handle(event):
    print(json.dumps({"_aws": {"Timestamp": 1, "CloudWatchMetrics": [{"Namespace": "Gatehouse", "Dimensions": [["stack"]],
        "Metrics": [{"Name": "KeyAge", "Unit": "Seconds"}]}]}, "stack": "local", "KeyAge": 42}), flush=True)
"""
WRITE_LOGS = {"Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}


class FunctionTest(CloudTest):
    def messages(self, group: str) -> list[str]:
        logs = self.cloud.client("logs")
        if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            return []
        return [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]

    def test_the_environment_is_the_functions_own(self):
        self.cloud.function(
            "environment", TALKS, self.cloud.role("environment"), Environment={"Variables": {"OWN": "here"}}
        )
        environment = self.cloud.invoke("environment")
        self.assertEqual(environment["OWN"], "here")
        self.assertEqual(environment["AWS_ENDPOINT_URL"], f"http://127.0.0.1:{self.cloud.port}")
        self.assertTrue(environment["AWS_ACCESS_KEY_ID"].startswith("ASIA"))
        self.assertFalse({"SURROUNDINGS", "AUTH", "GATEWAY_PORT", "TMPDIR", "DOCKER_HOST", "HOME"} & set(environment))

    def test_logs_go_to_one_stream(self):
        self.cloud.client("logs").create_log_group(logGroupName="/aws/lambda/logged")
        self.cloud.function("logged", TALKS, self.cloud.role("logged", WRITE_LOGS))
        for word in ("one", "two"):
            self.cloud.invoke("logged", {"word": word})
        messages = self.messages("/aws/lambda/logged")
        self.assertEqual([line for line in messages if line.startswith("said")], ["said one", "said two"])
        self.assertEqual([line.split()[0] for line in messages], ["START", "said", "END", "REPORT"] * 2)
        streams = self.cloud.client("logs").describe_log_streams(logGroupName="/aws/lambda/logged")["logStreams"]
        self.assertEqual(len(streams), 1)

    def test_without_permission_there_is_no_log(self):
        self.cloud.client("logs").create_log_group(logGroupName="/aws/lambda/unlogged")
        self.cloud.function("unlogged", TALKS, self.cloud.role("unlogged"))
        self.cloud.invoke("unlogged")
        self.assertEqual(self.messages("/aws/lambda/unlogged"), [])
        self.cloud.permit("unlogged", WRITE_LOGS)
        self.cloud.invoke("unlogged")
        self.assertIn("said nothing", self.messages("/aws/lambda/unlogged"))

    def test_a_missing_group_requires_a_permission_of_its_own(self):
        self.cloud.function("grouped", TALKS, self.cloud.role("grouped", WRITE_LOGS))
        self.cloud.invoke("grouped")
        self.assertEqual(self.messages("/aws/lambda/grouped"), [])
        self.cloud.permit("grouped", WRITE_LOGS, {"Action": "logs:CreateLogGroup", "Resource": "*"})
        self.cloud.invoke("grouped")
        self.assertIn("said nothing", self.messages("/aws/lambda/grouped"))

    def test_printed_metrics_reach_cloudwatch(self):
        self.cloud.function("measures", MEASURES, self.cloud.role("measures"))
        self.cloud.invoke("measures")
        [metric] = self.cloud.client("cloudwatch").list_metrics(Namespace="Gatehouse")["Metrics"]
        self.assertEqual(
            (metric["MetricName"], metric["Dimensions"]), ("KeyAge", [{"Name": "stack", "Value": "local"}])
        )

    def test_reserved_concurrency_is_honoured(self):
        self.cloud.function("reserved", SLOW, self.cloud.role("reserved"))
        self.cloud.client("lambda").put_function_concurrency(FunctionName="reserved", ReservedConcurrentExecutions=1)
        with ThreadPoolExecutor() as together:
            outcomes = list(together.map(lambda _: self.outcome("reserved"), range(3)))
        self.assertIn("ran", outcomes)
        self.assertIn("TooManyRequestsException", outcomes)

    def outcome(self, name: str) -> str:
        try:
            self.cloud.invoke(name)
            return "ran"
        except ClientError as error:
            return error.response["Error"]["Code"]

    def test_a_killed_environment_fails_its_invocation_and_the_next_one_works(self):
        self.cloud.function("killed", SLOW, self.cloud.role("killed"))
        answers = []
        running = threading.Thread(target=lambda: answers.append(self.cloud.invoke("killed")))
        running.start()
        wait_for(lambda: self.cloud.control("kill", {"function": "killed"})["killed"])
        running.join()
        self.assertIn("errorType", answers[0])
        self.assertEqual(self.cloud.invoke("killed"), "slept")

    def test_an_update_ends_no_invocation(self):
        role = self.cloud.role("updated")
        self.cloud.function("updated", SLOW, role)
        client = self.cloud.client("lambda")
        for change in (
            lambda: client.update_function_configuration(FunctionName="updated", Environment={"Variables": {"A": "b"}}),
            lambda: client.update_function_code(FunctionName="updated", ZipFile=package(SLOW.replace("slept", "new"))),
            lambda: client.delete_function(FunctionName="updated"),
        ):
            with ThreadPoolExecutor() as pool:
                first = self.cloud.invoke("updated")
                running = pool.submit(self.cloud.invoke, "updated")
                time.sleep(0.2)
                change()
                self.assertEqual(running.result(), first)
        self.assertEqual(first, "new")

    def test_an_environment_is_busy_once_it_is_chosen(self):
        free, chosen, locked = (Mock(in_use=used, _lock=threading.Lock()) for used in (False, True, False))
        ended = Mock()
        with locked._lock:
            environments._unless_busy(ended, [None, free, chosen, locked])
        ended.assert_called_once_with(workers=[free])

    def test_a_schedule_fires_in_time_with_its_input(self):
        self.cloud.client("logs").create_log_group(logGroupName="/aws/lambda/scheduled")
        arn = self.cloud.function("scheduled", TALKS, self.cloud.role("scheduled", WRITE_LOGS))
        start = datetime.now(timezone.utc).replace(microsecond=0)
        for seconds in (2, 3):
            at = start + timedelta(seconds=seconds)
            self.cloud.client("scheduler").create_schedule(
                Name=f"at-{seconds}",
                ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})",
                FlexibleTimeWindow={"Mode": "OFF"},
                Target={
                    "Arn": arn,
                    "RoleArn": "arn:aws:iam::000000000000:role/scheduled",
                    "Input": json.dumps({"word": f"tick {seconds}"}),
                },
            )
        for seconds in (2, 3):
            wait_for(lambda: f"said tick {seconds}" in self.messages("/aws/lambda/scheduled"), 6)
            late = datetime.now(timezone.utc) - start - timedelta(seconds=seconds)
            self.assertLess(late, timedelta(seconds=1.7))

    def test_an_invoke_configuration_has_no_age_unless_set(self):
        functions = self.cloud.client("lambda")
        self.cloud.function("retried", TALKS, self.cloud.role("retried"))
        functions.put_function_event_invoke_config(FunctionName="retried", MaximumRetryAttempts=1)
        config = functions.get_function_event_invoke_config(FunctionName="retried")
        self.assertEqual((config["MaximumRetryAttempts"], "MaximumEventAgeInSeconds" in config), (1, False))

    def test_the_launchers_log_holds_no_output_payload_or_value(self):
        self.cloud.function("quiet", TALKS, self.cloud.role("quiet"))
        self.cloud.invoke("quiet", {"word": "payload-marker"})
        self.cloud.client("lambda").invoke(
            FunctionName="quiet", InvocationType="Event", Payload=b'{"word": "payload-marker"}'
        )
        self.cloud.client("ssm").put_parameter(Name="/quiet", Value="value-marker", Type="SecureString")
        self.cloud.client("sns").publish(PhoneNumber="+15550100", Message="message-marker")
        time.sleep(0.3)
        output = self.cloud.output()
        self.assertIn("SSM PutParameter: /quiet", output)
        self.assertNotRegex(output, "(payload|value|message)-marker")
        self.assertNotRegex(json.dumps(self.cloud.control("calls")), "(payload|value|message)-marker")
