"""The check of policies, with policies that must fail."""

import unittest

from check_policies import check_role, check_statement, overlap

EC2 = "arn:aws:ec2:us-east-1:123456789012"


def statement(action: str, resource: str, **condition: str) -> dict:
    made = {"Sid": "S", "Action": [action], "Resource": [resource]}
    if condition:
        made["Condition"] = {"StringEquals": {f"aws:{key}/stack": value for key, value in condition.items()}}
    return made


class CheckTest(unittest.TestCase):
    def assert_found(self, problems: list[str], part: str):
        self.assertTrue(any(part in problem for problem in problems), problems)

    def test_patterns_overlap_where_they_match_a_common_string(self):
        for one, other, expected in (
            (f"{EC2}:vpc/v*", f"{EC2}:vpc/*1", True),
            (f"{EC2}:vpc/a*c", f"{EC2}:vpc/abc", True),
            (f"{EC2}:vpc/a*", f"{EC2}:vpc/b*", False),
            ("arn:*:ec2:*:*:vpc/*", f"{EC2}:vpc/*", True),
            ("arn:*:ec2:*:*:vpc/*", f"{EC2}:*/*", True),
            ("arn:*:ec2:*:*:vpc/*", f"{EC2}:subnet/*", False),
            ("arn:*:ec2:*:*:vpc/*", f"{EC2}:vpc-endpoint/*", False),
        ):
            self.assertEqual(overlap(one, other), expected, (one, other))

    def test_right_statements_pass(self):
        for right in (
            statement("ec2:DeleteVpc", f"{EC2}:vpc/*", ResourceTag="dev"),
            statement("ec2:DescribeVpcs", "*"),
            statement("kms:CreateKey", "*", RequestTag="dev"),
        ):
            self.assertEqual(check_statement("p", right), [])

    def test_an_unknown_action_is_found(self):
        self.assert_found(check_statement("p", statement("ec2:DeleteEverything", "*")), "AWS has no action")

    def test_an_action_that_aws_requires_and_does_not_list_passes_on_named_resources(self):
        self.assertEqual(
            check_statement("p", statement("apigateway:TagResource", "arn:aws:apigateway:us-east-1::/apis")), []
        )
        self.assert_found(
            check_statement("p", statement("apigateway:TagResource", "*")), "must be allowed on named resources"
        )

    def test_the_wrong_resource_is_found(self):
        self.assert_found(check_statement("p", statement("ec2:DeleteVpc", f"{EC2}:subnet/*")), "requires vpc")
        self.assert_found(
            check_statement("p", statement("ec2:DescribeVpcs", f"{EC2}:vpc/*")), "requires *: it has no resource"
        )

    def test_a_resource_that_could_be_narrower_is_found(self):
        self.assert_found(check_statement("p", statement("ec2:DeleteVpc", "*")), "is allowed on *")

    def test_a_condition_that_never_holds_is_found(self):
        wrong = statement("lambda:DeleteFunction", "arn:aws:lambda:us-east-1:123456789012:function:f", RequestTag="dev")
        self.assert_found(check_statement("p", wrong), "has no condition key aws:RequestTag")

    def test_a_missing_permission_of_a_role_is_found(self):
        subnet = [statement("ec2:CreateSubnet", f"{EC2}:subnet/*")]
        problems = check_role("r", subnet)
        self.assert_found(problems, "ec2:CreateSubnet also requires vpc")
        self.assert_found(problems, "ec2:CreateSubnet also requires ec2:CreateTags")


if __name__ == "__main__":
    unittest.main()
