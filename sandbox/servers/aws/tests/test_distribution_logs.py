"""Access logs of distributions: what is delivered to a bucket, and when nothing is."""

import gzip
import json
import time

from .harness import REGION, CloudTest, Viewer, wait_for
from .test_gateway import ECHO

ACCOUNT = "000000000000"
FIELDS = ["date", "time", "cs-method", "cs-uri-stem", "sc-status", "x-edge-request-id", "ssl-cipher"]


class DistributionLogTest(CloudTest):
    options = ("--deploy-seconds", "0")

    def setUp(self):
        self.s3, self.logs = self.cloud.client("s3"), self.cloud.client("logs")
        api = self.cloud.api(self.cloud.function(f"echo-{time.time_ns()}", ECHO, self.cloud.role(f"r{time.time_ns()}")))
        self.id = self.cloud.distribution(f"{api}.execute-api.{REGION}.amazonaws.com")
        self.viewer = Viewer(self.cloud)
        self.addCleanup(self.viewer.close)
        self.name = f"logs-{time.time_ns()}"
        self.s3.create_bucket(Bucket=self.name)

    def deliver(self, form: str = "json") -> str:
        """Deliver the distribution's log to the bucket; returns the delivery's id."""
        arn = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{self.id}"
        self.logs.put_delivery_source(name=self.name, logType="ACCESS_LOGS", resourceArn=arn)
        destination = self.logs.put_delivery_destination(
            name=self.name,
            outputFormat=form,
            deliveryDestinationConfiguration={"destinationResourceArn": f"arn:aws:s3:::{self.name}"},
        )["deliveryDestination"]["arn"]
        return self.logs.create_delivery(
            deliverySourceName=self.name, deliveryDestinationArn=destination, recordFields=FIELDS
        )["delivery"]["id"]

    def objects(self) -> list[str]:
        return [found["Key"] for found in self.s3.list_objects_v2(Bucket=self.name).get("Contents", [])]

    def test_a_request_is_a_line_with_its_id(self):
        self.deliver()
        ids = [self.viewer.get(path, {"x-amz-cf-id": "forged"})[1]["x-amz-cf-id"] for path in ("/x?a=b", "/y")]
        self.assertEqual(self.objects(), [], "later than the response")
        key = wait_for(self.objects, 10)[0]
        self.assertRegex(key, rf"^AWSLogs/{ACCOUNT}/CloudFront/{self.id}\.\d{{4}}-\d\d-\d\d-\d\d\.[0-9a-f]+\.gz$")
        content = self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()
        lines = [json.loads(line) for line in gzip.decompress(content).splitlines()]
        self.assertEqual([list(line) for line in lines], [FIELDS, FIELDS])
        self.assertEqual([line["x-edge-request-id"] for line in lines], ids)
        self.assertEqual([line["cs-uri-stem"] for line in lines], ["/x", "/y"])
        self.assertEqual((lines[0]["sc-status"], lines[0]["ssl-cipher"]), ("200", "-"))

    def test_nothing_is_delivered_without_a_delivery(self):
        self.viewer.get()
        gone = self.deliver()
        self.viewer.get()
        self.logs.delete_delivery(id=gone)
        self.deliver("w3c")
        self.viewer.get()
        time.sleep(5)
        self.assertEqual(self.objects(), [])
