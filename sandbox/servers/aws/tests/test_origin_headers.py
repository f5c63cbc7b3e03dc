"""The record of custom headers that changes of distributions send to origins."""

import json

from .harness import CloudTest, distribution_config


class OriginHeadersTest(CloudTest):
    options = ("--deploy-seconds", "0")

    def test_a_record_names_the_parameter_with_a_headers_value(self):
        cloudfront, ssm = self.cloud.client("cloudfront"), self.cloud.client("ssm")
        for name, value in {"/ring/1": "first", "/ring/2": "second"}.items():
            ssm.put_parameter(Name=name, Value=value, Type="SecureString")
        created = cloudfront.create_distribution(DistributionConfig=distribution_config("api.example.com", "first"))
        distribution, etag = created["Distribution"]["Id"], created["ETag"]

        def change(value: str, etag: str) -> str:
            config = cloudfront.get_distribution_config(Id=distribution)["DistributionConfig"]
            config["Origins"]["Items"][0]["CustomHeaders"]["Items"][0]["HeaderValue"] = value
            return cloudfront.update_distribution(Id=distribution, IfMatch=etag, DistributionConfig=config)["ETag"]

        newer = change("second", etag)
        with self.assertRaises(cloudfront.exceptions.ClientError):
            change("first", etag)
        ssm.delete_parameter(Name="/ring/1")
        newer = change("first", newer)

        changes = self.cloud.control("origin-headers")
        mine = [change for change in changes if change["distribution"] == distribution]
        self.assertEqual(
            [(change["operation"], [header["parameter"] for header in change["headers"]]) for change in mine],
            [("CreateDistribution", ["/ring/1"]), ("UpdateDistribution", ["/ring/2"]), ("UpdateDistribution", [None])],
        )
        self.assertEqual({header["name"] for change in mine for header in change["headers"]}, {"x-origin-verify"})
        self.assertNotIn("second", json.dumps(changes))
        since = self.cloud.control(f"origin-headers?since={mine[1]['n']}")
        self.assertEqual([change["n"] for change in since], [mine[2]["n"]])
