"""WAF's control plane."""

from botocore.exceptions import ClientError

from .harness import CloudTest

GROUP = "arn:aws:logs:us-east-1:000000000000:log-group:aws-waf-logs-test"
SHOWN = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "test"}


class FirewallTest(CloudTest):
    def acl(self, name: str) -> dict:
        return self.cloud.client("wafv2").create_web_acl(
            Name=name,
            Scope="CLOUDFRONT",
            DefaultAction={"Allow": {}},
            VisibilityConfig=SHOWN,
            CustomResponseBodies={"slow": {"ContentType": "APPLICATION_JSON", "Content": "{}"}},
            AssociationConfig={"RequestBody": {"CLOUDFRONT": {"DefaultSizeInspectionLimit": "KB_64"}}},
        )["Summary"]

    def get(self, acl: dict) -> dict:
        return self.cloud.client("wafv2").get_web_acl(Name=acl["Name"], Scope="CLOUDFRONT", Id=acl["Id"])

    def test_a_web_acl_keeps_its_members(self):
        acl = self.acl("kept")
        self.assertEqual(self.get(acl)["WebACL"]["CustomResponseBodies"]["slow"]["Content"], "{}")
        limits = {"RequestBody": {"CLOUDFRONT": {"DefaultSizeInspectionLimit": "KB_32"}}}
        self.cloud.client("wafv2").update_web_acl(
            Name="kept",
            Scope="CLOUDFRONT",
            Id=acl["Id"],
            LockToken=acl["LockToken"],
            DefaultAction={"Allow": {}},
            VisibilityConfig=SHOWN,
            AssociationConfig=limits,
        )
        after = self.get(acl)["WebACL"]
        self.assertEqual(after["AssociationConfig"], limits)
        self.assertNotIn("CustomResponseBodies", after)

    def test_a_web_acl_has_a_logging_configuration(self):
        waf, acl = self.cloud.client("wafv2"), self.acl("logged")
        configuration = {
            "ResourceArn": acl["ARN"],
            "LogDestinationConfigs": [GROUP],
            "RedactedFields": [{"SingleHeader": {"Name": "x-origin-verify"}}],
        }
        waf.put_logging_configuration(LoggingConfiguration=configuration)
        kept = waf.get_logging_configuration(ResourceArn=acl["ARN"])["LoggingConfiguration"]
        self.assertEqual({name: kept[name] for name in configuration}, configuration)
        waf.delete_logging_configuration(ResourceArn=acl["ARN"])
        for call in (waf.get_logging_configuration, waf.delete_logging_configuration):
            with self.assertRaises(waf.exceptions.WAFNonexistentItemException):
                call(ResourceArn=acl["ARN"])

    def test_a_log_groups_name_has_the_required_prefix(self):
        acl = self.acl("elsewhere")
        for destination in (GROUP.replace("aws-waf-logs-", ""), GROUP + ":*"):
            with self.assertRaises(ClientError):
                self.cloud.client("wafv2").put_logging_configuration(
                    LoggingConfiguration={"ResourceArn": acl["ARN"], "LogDestinationConfigs": [destination]}
                )
