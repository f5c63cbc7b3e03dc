"""The controls under /_gatehouse/, and injected faults."""

import json
import time
import urllib.error

from botocore.exceptions import ClientError

from .harness import CloudTest, get


class ControlsTest(CloudTest):
    def tearDown(self):
        self.cloud.control("faults", [])

    def put(self, name: str) -> None:
        self.cloud.client("ssm").put_parameter(Name=name, Value="v", Type="String")

    def exists(self, name: str) -> bool:
        return bool(self.cloud.client("ssm").get_parameters(Names=[name])["Parameters"])

    def refused(self, name: str, value) -> str:
        with self.assertRaises(urllib.error.HTTPError) as refusal:
            self.cloud.control(name, value)
        self.assertEqual(refusal.exception.code, 400)
        return json.loads(refusal.exception.read())["error"]

    def test_the_instance_stays_the_same(self):
        self.assertEqual(self.cloud.control("instance"), self.cloud.control("instance"))

    def test_cloudfront_settings(self):
        self.assertEqual(self.cloud.control("cloudfront", {"deploySeconds": 0.5, "edges": 2})["edges"], 2)
        self.assertEqual(self.cloud.control("cloudfront")["deploySeconds"], 0.5)
        for wrong in ({"edges": 0}, {"deploySeconds": -1}, {"edge": 1}, [], {"edges": "two"}):
            self.refused("cloudfront", wrong)

    def test_the_speed_of_streams(self):
        first = self.cloud.control("streams")
        self.assertEqual(
            (first["limited"], first["unlimitedBytes"], first["bytesPerSecond"]), (False, 6 << 20, 2 << 20)
        )
        self.assertEqual(self.cloud.control("streams", {"limited": True, "unlimitedBytes": 10})["unlimitedBytes"], 10)
        for wrong in ({"limited": 1}, {"largest": -1}, {"bytesPerSecond": 0}, {"largest": True}, {"speed": 1}, []):
            self.refused("streams", wrong)
        self.assertEqual(self.cloud.control("streams", first), first)

    def test_an_unknown_control_names_the_known_ones(self):
        status, body = get(f"http://127.0.0.1:{self.cloud.port}/_gatehouse/nothing")
        self.assertEqual(status, 404)
        self.assertIn(b"/_gatehouse/faults", body)

    def test_an_error_before_has_no_effect(self):
        self.cloud.control("faults", [{"service": "ssm", "action": "PutParameter", "mode": "error-before", "times": 1}])
        with self.assertRaises(ClientError) as failed:
            self.put("/before")
        self.assertEqual(
            (
                failed.exception.response["Error"]["Code"],
                failed.exception.response["ResponseMetadata"]["HTTPStatusCode"],
            ),
            ("InternalFailure", 500),
        )
        self.assertFalse(self.exists("/before"))
        self.put("/before")  # the fault hit once

    def test_an_error_after_took_effect(self):
        self.cloud.control(
            "faults",
            [
                {
                    "service": "ssm",
                    "action": "PutParameter",
                    "mode": "error-after",
                    "times": 1,
                    "status": 400,
                    "code": "ThrottlingException",
                }
            ],
        )
        with self.assertRaises(ClientError) as failed:
            self.put("/after")
        self.assertEqual(failed.exception.response["Error"]["Code"], "ThrottlingException")
        self.assertTrue(self.exists("/after"))

    def test_cloudfront_faults_are_readable_to_sdks(self):
        self.cloud.control(
            "faults",
            [
                {
                    "service": "cloudfront",
                    "mode": "error-before",
                    "times": 1,
                    "status": 503,
                    "code": "ServiceUnavailable",
                }
            ],
        )
        with self.assertRaises(ClientError) as failed:
            self.cloud.client("cloudfront").list_distributions()
        self.assertEqual(failed.exception.response["Error"]["Code"], "ServiceUnavailable")

    def test_a_delay(self):
        self.cloud.control("faults", [{"service": "ssm", "mode": "delay", "seconds": 0.3, "times": 1}])
        began = time.monotonic()
        self.exists("/x")
        self.assertGreaterEqual(time.monotonic() - began, 0.3)

    def test_a_probability_and_the_list_of_what_fired(self):
        self.cloud.control(
            "faults", [{"service": "ssm", "action": "GetParameters", "mode": "error-before", "probability": 0.5}]
        )
        failed = 0
        for _ in range(60):
            try:
                self.exists("/x")
            except ClientError:
                failed += 1
        self.assertTrue(10 < failed < 50)
        report = self.cloud.control("faults")
        self.assertEqual((report["faults"][0]["fired"], len(report["fired"])), (failed, failed))
        self.assertEqual(
            {(hit["service"], hit["action"], hit["mode"]) for hit in report["fired"]},
            {("ssm", "GetParameters", "error-before")},
        )

    def test_a_fault_may_hit_one_principal_only(self):
        self.cloud.control(
            "faults", [{"service": "ssm", "mode": "error-before", "probability": 1, "principal": "role/rotator"}]
        )
        self.exists("/x")

    def test_an_api_gateway_action_goes_by_its_name(self):
        self.cloud.control(
            "faults", [{"service": "apigateway", "action": "GetApis", "mode": "error-before", "times": 1}]
        )
        with self.assertRaises(ClientError):
            self.cloud.client("apigatewayv2").get_apis()

    def test_invalid_faults_are_refused(self):
        good = {"service": "ssm", "mode": "delay", "times": 1, "seconds": 1}
        for change in ({"mode": "explode"}, {"service": ""}, {"probability": 0.5}, {"seconds": 0}, {"color": "red"}):
            self.refused("faults", [{**good, **change}])
        self.refused("faults", good)
        self.refused("faults", [{**good, "times": None, "probability": 2}])
