"""Conditions of DynamoDB."""

import re

from .tables import NAME, TableTest

FAILED = "The conditional request failed"


def used(condition: str, values: dict) -> dict:
    """Return the values that a condition refers to."""
    return {name: value for name, value in values.items() if re.search(rf":{name}\b", condition)}


class ConditionTest(TableTest):
    """Conditions of an update that changes nothing that they read."""

    def setUp(self):
        super().setUp()
        self.put(
            used=5, allowed=6, label="abc", names={"a", "b"}, list=["a", 1], h={"x": 1, "deep": {"y": 2}}, flag=True
        )

    def check(self, condition: str, **values) -> None:
        """Make an update on a condition."""
        names = {name: real for name, real in (("#l", "list"), ("#n", "names")) if name in condition}
        self.update("ADD updates :increment", condition, names, increment=1, **values)

    def assert_meets(self, *conditions: str, **values) -> None:
        for condition in conditions:
            with self.subTest(condition):
                self.check(condition, **used(condition, values))

    def assert_fails(self, *conditions: str, **values) -> None:
        for condition in conditions:
            with self.subTest(condition):
                self.assert_refused(
                    FAILED, self.check, condition, code="ConditionalCheckFailedException", **used(condition, values)
                )

    def assert_invalid(self, condition: str, problem: str, **values) -> None:
        with self.subTest(condition):
            self.assert_refused(
                f"Invalid ConditionExpression: {problem}",
                self.update,
                "ADD updates :increment",
                condition,
                increment=1,
                **values,
            )

    def test_arithmetic_is_for_updates_only(self):
        for condition, values, problem in (
            ("used + :n <= allowed", {"n": 1}, 'token: "+", near: "used + :n"'),
            ("used <= allowed - :n", {"n": 1}, 'token: "-", near: "allowed - :n"'),
            ("used * :n <= allowed", {"n": 2}, 'token: "*", near: "used * :n"'),
            ("(used + :n) <= allowed", {"n": 1}, 'token: "+", near: "used + :n"'),
        ):
            self.assert_invalid(condition, f"Syntax error; {problem}", **values)

    def test_comparisons_decide(self):
        self.assert_meets(
            "used < :six AND (attribute_exists(allowed) OR used IN (:a, :six))",
            "used = :five AND used <= :five AND used >= :five AND NOT used <> :five",
            "used BETWEEN :a AND :five",
            "(used) < (allowed)",
            "NOT (used > allowed OR used = allowed)",
            "label > :s",
            six=6,
            five=5,
            a=1,
            s="aa",
        )
        self.assert_fails("used < :five", "used = :five AND used > :five", five=5)

    def test_another_type_is_unequal_and_in_no_order(self):
        self.assert_meets("used <> :s", "label <> :n", s="5", n=5)
        self.assert_fails("used = :s", "used < :s", "used >= :s", "label > :n", "flag = :s", s="5", n=5)

    def test_what_is_absent_is_unequal_and_in_no_order(self):
        self.assert_meets("absent <> :n", "absent <> nothing", "NOT absent < :n", n=1)
        self.assert_fails(
            "absent = :n", "absent < :n", "absent >= :n", "absent = nothing", "absent BETWEEN :n AND :n", n=1
        )

    def test_paths_lead_into_maps_and_lists(self):
        self.assert_meets(
            "attribute_exists(h.x)",
            "attribute_exists(h.deep.y)",
            "attribute_not_exists(h.z)",
            "attribute_not_exists(absent.x)",
            "attribute_not_exists(used.x)",
            "#l[1] = :one AND attribute_not_exists(#l[2])",
            one=1,
        )
        self.assert_fails("attribute_exists(h.z)", "attribute_exists(absent.x)", "attribute_not_exists(h.deep.y)")

    def test_sizes(self):
        self.assert_meets("size(h) = :two", "size(#n) = :two", "size(label) < :four", two=2, four=4)
        # Of what is absent, and of what has no size.
        self.assert_fails("size(absent) < :four", "size(h.z) >= :zero", "size(used) >= :zero", four=4, zero=0)

    def test_functions(self):
        self.assert_meets(
            "begins_with(label, :ab)",
            "contains(label, :bc)",
            "contains(#n, :a)",
            "contains(#l, :one)",
            "attribute_type(h, :M)",
            ab="ab",
            bc="bc",
            a="a",
            M="M",
            one=1,
        )
        self.assert_fails("begins_with(label, :bc)", "contains(#n, :bc)", "attribute_type(h, :L)", bc="bc", L="L")

    def test_a_condition_that_dynamodb_does_not_know_is_refused(self):
        for condition, problem, values in (
            ("limit < :n", "Attribute name is a reserved keyword; reserved keyword: limit", {"n": 1}),
            ("h.on = :n", "Attribute name is a reserved keyword; reserved keyword: on", {"n": 1}),
            ("used < :n AND", 'Syntax error; token: "<EOF>", near: "AND"', {"n": 1}),
            ("used", 'Syntax error; token: "<EOF>", near: "used"', {}),
            ("used = allowed AND (label)", 'Syntax error; token: "<EOF>", near: ")"', {}),
            ("lenght(label) = :n", "Invalid function name; function: lenght", {"n": 1}),
            ("SIZE(label) = :n", "Invalid function name; function: SIZE", {"n": 1}),
            (
                "if_not_exists(used, :n) = :n",
                "The function is not allowed in a condition expression; function: if_not_exists",
                {"n": 1},
            ),
            ("size(label)", "The function is not allowed to be used this way in an expression; function: size", {}),
            (
                "attribute_exists(used) = :n",
                "The function is not allowed to be used this way in an expression; function: attribute_exists",
                {"n": 1},
            ),
            (
                "attribute_exists(used, label)",
                "Incorrect number of operands for operator or function; "
                "operator or function: attribute_exists, number of operands: 2",
                {},
            ),
            (
                "attribute_exists(:n)",
                "Operator or function requires a document path; operator or function: attribute_exists",
                {"n": 1},
            ),
            (
                "used = used",
                "The first operand must be distinct from the remaining operands for this operator or function; "
                "operator: =, first operand: [used]",
                {},
            ),
            (
                "begins_with(label, :n)",
                "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
                {"n": 1},
            ),
            ("((used = :n))", "The expression has redundant parentheses;", {"n": 1}),
            (
                "used BETWEEN :n AND :m",
                "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
                "lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}",
                {"n": 2, "m": 1},
            ),
        ):
            self.assert_invalid(condition, problem, **values)

    def test_a_failed_condition_has_the_item_if_asked(self):
        request = self.request("ADD updates :one", "used > :n", one=1, n=9)
        refused = self.assert_refused(
            FAILED, self.tables.update_item, code="ConditionalCheckFailedException", **request
        )
        self.assertNotIn("Item", refused)
        refused = self.assert_refused(
            FAILED,
            self.tables.update_item,
            code="ConditionalCheckFailedException",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **request,
        )
        self.assertEqual(
            {name: refused["Item"][name] for name in ("pk", "used")}, {"pk": self.key["pk"], "used": {"N": "5"}}
        )
        # Without an item there is none to return.
        refused = self.assert_refused(
            FAILED,
            self.tables.put_item,
            code="ConditionalCheckFailedException",
            TableName=NAME,
            Item={"pk": {"S": "none"}, "sk": {"S": "C"}},
            ConditionExpression="attribute_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        self.assertNotIn("Item", refused)
