"""Updates, transactions and other requests for items of DynamoDB."""

import time

from .harness import wait_for
from .tables import NAME, TableTest, attribute, key

BAD_PATH = "The document path provided in the update expression is invalid for update"
BAD_TYPE = "An operand in the update expression has an incorrect data type"
FAILED = "The conditional request failed"


def update_problem(problem: str) -> str:
    return f"Invalid UpdateExpression: {problem}"


class UpdateTest(TableTest):
    """Update expressions."""

    def test_a_counter_a_map_and_what_is_over_change_at_once(self):
        self.put(rev=1, h={"dead": 3}, r1=9)
        update = "SET #u = if_not_exists(#u, :0) + :hold, #r = if_not_exists(#r, :0) + :1, h.#id = :hold REMOVE h.#dead, #old"
        names = {"#u": "u$m2026-11", "#r": "r2", "#id": "t5xk2a-9fQ3", "#dead": "dead", "#old": "r1", "#rev": "rev"}
        condition = (
            "#rev = :1 AND attribute_not_exists(h.#id) AND size(h) < :par AND (attribute_not_exists(#u) OR #u <= :room)"
        )
        values = {"v0": 0, "v1": 1, "hold": 7, "par": 2, "room": 10}
        self.assertEqual(
            self.update(update, condition, names, **values),
            {
                "rev": {"N": "1"},
                "u$m2026-11": {"N": "7"},
                "r2": {"N": "1"},
                "h": {"M": {"t5xk2a-9fQ3": {"N": "7"}}},
            },
        )
        self.assert_refused(
            FAILED, self.update, update, condition, names, code="ConditionalCheckFailedException", **values
        )
        settle = "SET #u = #u - :less REMOVE h.#id"
        names = {"#u": "u$m2026-11", "#id": "t5xk2a-9fQ3"}
        self.assertEqual(
            self.update(settle, "attribute_exists(h.#id)", names, less=5),
            {"rev": {"N": "1"}, "u$m2026-11": {"N": "2"}, "r2": {"N": "1"}, "h": {"M": {}}},
        )
        self.assert_refused(
            FAILED,
            self.update,
            settle,
            "attribute_exists(h.#id)",
            names,
            code="ConditionalCheckFailedException",
            less=5,
        )

    def test_actions_read_the_item_as_it_was(self):
        self.put(a=1, b=2, l=[0, 1, 2, 3])
        self.assertEqual(
            self.update("REMOVE a, l[1] SET b = a, c = b, l[3] = :x, l[9] = :z, l[7] = :y", x=8, y=9, z=10),
            {"b": {"N": "1"}, "c": {"N": "2"}, "l": attribute([0, 2, 8, 9, 10])},
        )
        self.assertEqual(self.update("set c = (:n) - c", n=5)["c"], {"N": "3"})
        self.assertEqual(self.update("SET d = list_append(if_not_exists(d, :e), :l)", e=[], l=[1])["d"], attribute([1]))

    def test_paths_that_overlap_are_refused(self):
        self.put(h={"a": 1})
        for update, problem in (
            ("SET h.#a = :n, h = :n", "overlap with each other; {}path one: [h, a], path two: [h]"),
            ("SET h = :n REMOVE h.#a", "overlap with each other; {}path one: [h], path two: [h, a]"),
            ("SET c.#a = :n, c.#b = :n", "overlap with each other; {}path one: [c, a], path two: [c, a]"),
            ("ADD c :n REMOVE c", "overlap with each other; {}path one: [c], path two: [c]"),
            ("SET h.#a = :n, h[1] = :n", "conflict with each other; {}path one: [h, a], path two: [h, [1]]"),
        ):
            with self.subTest(update):
                names = {name: "a" for name in ("#a", "#b") if name in update}
                text = problem.format("must remove or rewrite one of these paths; ")
                self.assert_refused(update_problem(f"Two document paths {text}"), self.update, update, "", names, n=1)

    def test_the_parent_of_a_path_must_be_there(self):
        self.put(n=1, l=[1], h={})
        for update, values in (
            ("SET g.x = :n", {"n": 1}),
            ("SET n.x = :n", {"n": 1}),
            ("SET l.x = :n", {"n": 1}),
            ("SET h[0] = :n", {"n": 1}),
            ("SET h.x.y = :n", {"n": 1}),
            ("REMOVE g.x", {}),
            ("ADD g.x :n", {"n": 1}),
        ):
            with self.subTest(update):
                self.assert_refused(BAD_PATH, self.update, update, **values)
        self.assertEqual(self.update("REMOVE g, h.x, l[7]"), {"n": {"N": "1"}, "l": attribute([1]), "h": attribute({})})

    def test_an_update_that_only_removes_creates_no_item(self):
        for update, values in (("REMOVE a", {}), ("DELETE a :s", {"s": {"x"}}), ("REMOVE a DELETE b :s", {"s": {"x"}})):
            self.tables.update_item(**self.request(update, **values))
            self.assertNotIn("Item", self.tables.get_item(TableName=NAME, Key=self.key), update)
        self.put()
        self.tables.update_item(**self.request("REMOVE a"))
        self.assertIn("Item", self.tables.get_item(TableName=NAME, Key=self.key))
        self.key = key("C#other")
        self.tables.update_item(**self.request("REMOVE a SET b = :n", n=1))
        self.assertEqual(self.item(), {"b": {"N": "1"}})

    def test_operands_have_types(self):
        self.put(s="a", n=1, names={"a"})
        absent = "The provided expression refers to an attribute that does not exist in the item"
        for update, problem, value in (
            ("SET x = x + :v", absent, 1),
            ("SET x = y", absent, None),
            ("SET x = s + :v", BAD_TYPE, 1),
            ("SET x = list_append(s, :v)", BAD_TYPE, [1]),
            ("ADD s :v", BAD_TYPE, 1),
            ("ADD n :v", BAD_TYPE, {"a"}),
            ("DELETE n :v", BAD_TYPE, {"a"}),
            (
                "SET x = n + :v",
                update_problem(
                    "Incorrect operand type for operator or function; operator or function: +, operand type: S"
                ),
                "a",
            ),
            (
                "ADD n :v",
                update_problem(
                    "Incorrect operand type for operator or function; "
                    "operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND"
                ),
                "a",
            ),
        ):
            with self.subTest(update):
                self.assert_refused(problem, self.update, update, **({} if value is None else {"v": value}))

    def test_numbers_and_sets_are_added(self):
        self.assertEqual(self.update("ADD n :n, members :a", n=2, a={"x"}), {"n": {"N": "2"}, "members": {"SS": ["x"]}})
        found = self.update("ADD n :n, members :a", n=-5, a={"x", "y"})
        self.assertEqual((found["n"], sorted(found["members"]["SS"])), ({"N": "-3"}, ["x", "y"]))
        self.assertEqual(self.update("DELETE members :a", a={"x", "y", "z"}), {"n": {"N": "-3"}})

    def test_sums_are_exact(self):
        self.put(n={"N": "12345678901234567890123456789012345678"})
        self.assertEqual(
            self.update("SET n = n - :n, m = n + :n", n=1),
            {
                "n": {"N": "12345678901234567890123456789012345677"},
                "m": {"N": "12345678901234567890123456789012345679"},
            },
        )
        self.assertEqual(self.update("ADD n :n", n=3)["n"], {"N": "12345678901234567890123456789012345680"})
        problem = "Attempting to store more than 38 significant digits in a Number"
        self.assert_refused(problem, self.update, "SET n = n + :n", n={"N": "0.1"})

    def test_what_is_no_update_is_refused(self):
        for update, problem, values in (
            ("SET a", 'Syntax error; token: "<EOF>", near: "a"', {}),
            ("SET a = :n + :n + :n", 'Syntax error; token: "+", near: ":n + :n"', {"n": 1}),
            ("SET a = b * :n", 'Syntax error; token: "*", near: "b * :n"', {"n": 1}),
            ("REMOVE a = :n", 'Syntax error; token: "=", near: "a = :n"', {"n": 1}),
            ("SET :n = :n", 'Syntax error; token: ":n", near: "SET :n ="', {"n": 1}),
            ("SET _a = :n", 'Syntax error; token: "_", near: "SET _a"', {"n": 1}),
            ("SET a = :n SET b = :n", 'The "SET" section can only be used once in an update expression;', {"n": 1}),
            ("SET a = f(:n)", "Invalid function name; function: f", {"n": 1}),
            ("SET a = size(b)", "The function is not allowed in an update expression; function: size", {}),
            (
                "SET a = if_not_exists(:n, :n)",
                "Operator or function requires a document path; operator or function: if_not_exists",
                {"n": 1},
            ),
        ):
            with self.subTest(update):
                self.assert_refused(update_problem(problem), self.update, update, **values)

    def test_reserved_words_need_a_name(self):
        for word in ("on", "keys", "at", "unit", "ttl", "TTL", "a.keys"):
            problem = f"Attribute name is a reserved keyword; reserved keyword: {word.rpartition('.')[2]}"
            with self.subTest(word):
                self.assert_refused(update_problem(problem), self.update, f"SET {word} = :n", n=1)
        free = ("c", "id", "exp", "rev", "models", "inf", "lim", "per", "rpm", "par", "h", "n", "i", "o", "cost")
        self.update("SET " + ", ".join(f"{name} = :n" for name in free), n=1)
        self.assertEqual(set(self.item()), set(free))

    def test_definitions_and_references_match(self):
        undefined = "An expression attribute {0} used in {1} is not defined; attribute {0}: {2}"
        unused = "Value provided in ExpressionAttribute{} unused in expressions: keys: {{{}}}"
        name, value = undefined.format("name", "the document path", "#1"), undefined.format("value", "expression", ":0")
        for update, names, values, problem in (
            ("SET a = :0", {}, {"v1": 1}, update_problem(value)),
            ("SET #1 = :v", {"#2": "a"}, {"v": 1}, update_problem(name)),
            ("SET a = :v1", {}, {"v1": 1}, update_problem(undefined.format("value", "expression", ":v1"))),
            ("SET #ab = :v", {"#a": "a", "#ab": "b"}, {"v": 1}, unused.format("Names", "#a")),
            ("SET a = :ab", {}, {"ab": 1, "a": 1}, unused.format("Values", ":a")),
            (
                "SET a = :v",
                {"#a-b": "a"},
                {"v": 1},
                'ExpressionAttributeNames contains invalid key: Syntax error; key: "#a-b"',
            ),
        ):
            with self.subTest(update):
                self.assert_refused(problem, self.update, update, "", names, **values)
        # Also in a condition that fails, and in one of several expressions.
        self.assert_refused(
            f"1 validation error detected: Invalid ConditionExpression: {value}",
            self.update,
            "SET a = :v",
            "a = :0",
            v=1,
        )
        self.assert_refused(update_problem(value), self.update, "SET a = :0", "attribute_exists(a)")

    def test_keys_do_not_change(self):
        for update, name in (("SET pk = :s", "pk"), ("SET #k = :s", "sk"), ("REMOVE sk", "sk"), ("ADD pk :s", "pk")):
            names = {"#k": "sk"} if "#k" in update else None
            values = {"s": {"N": "1"} if "ADD" in update else "x"} if ":s" in update else {}
            problem = f"Cannot update attribute {name}. This attribute is part of the key"
            with self.subTest(update):
                self.assert_refused(
                    f"One or more parameter values were invalid: {problem}", self.update, update, "", names, **values
                )


class ItemTest(TableTest):
    """What an item can be."""

    def write(self, **attributes) -> None:
        self.tables.put_item(TableName=NAME, Item={**self.key, **attributes})

    def test_a_set_has_members(self):
        problem = "One or more parameter values were invalid: An string set  may not be empty"
        self.assert_refused(problem, self.write, members={"SS": []})

    def test_a_key_has_content_and_a_type(self):
        problem = "The AttributeValue for a key attribute cannot contain an empty string value. Key: pk"
        self.key = key("")
        self.assert_refused(f"One or more parameter values are not valid. {problem}", self.write)
        self.assert_refused(f"One or more parameter values are not valid. {problem}", self.update, "SET a = :n", n=1)
        self.key = {"pk": {"S": "a"}, "sk": {"N": "1"}}
        problem = "The provided key element does not match the schema"
        self.assert_refused(problem, self.update, "SET a = :n", n=1)

    def test_a_number_has_38_digits(self):
        self.write(n={"N": "1" * 38})
        problem = "Attempting to store more than 38 significant digits in a Number"
        self.assert_refused(f"1 validation error detected: {problem}", self.write, n={"N": "1" * 39})

    def test_an_item_has_400_kilobytes(self):
        overhead = sum(len(name) + len(value["S"]) for name, value in self.key.items()) + len("x")
        self.write(x={"S": "a" * (400 * 1024 - overhead)})
        self.assert_refused(
            "Item size has exceeded the maximum allowed size", self.write, x={"S": "a" * (400 * 1024 - overhead + 1)}
        )
        self.assert_refused("Item size to update has exceeded the maximum allowed size", self.update, "SET y = :n", n=1)

    def test_a_query_reads_a_partition(self):
        for day in ("2026-11-28#m", "2026-11-29#m", "2026-12-01#m"):
            self.tables.update_item(
                TableName=NAME,
                Key=key("U#acme", day),
                UpdateExpression="ADD n :1, i :in, o :out, cost :c",
                ExpressionAttributeValues={name: {"N": "1"} for name in (":1", ":in", ":out", ":c")},
            )
        found = self.tables.query(
            TableName=NAME,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :from AND :to",
            ExpressionAttributeValues={
                ":pk": {"S": "U#acme"},
                ":from": {"S": "2026-11-29"},
                ":to": {"S": "2026-12-31"},
            },
            ConsistentRead=True,
        )
        self.assertEqual([item["sk"]["S"] for item in found["Items"]], ["2026-11-29#m", "2026-12-01#m"])

    def test_reads_are_behind_unless_they_are_consistent(self):
        self.addCleanup(self.cloud.control, "stale-reads", {"seconds": 0})
        self.put(n=1)
        self.assertEqual(self.cloud.control("stale-reads", {"seconds": 2}), {"seconds": 2})
        written = time.monotonic()
        self.assertEqual(self.update("ADD n :n", "n = :n", n=1), {"n": {"N": "2"}})
        self.update("ADD n :n", "n = :two", n=1, two=2)
        batch = {NAME: {"Keys": [self.key]}}
        query = {
            "TableName": NAME,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": self.key["pk"]},
        }
        reads = {
            "GetItem": lambda: self.tables.get_item(TableName=NAME, Key=self.key)["Item"],
            "BatchGetItem": lambda: self.tables.batch_get_item(RequestItems=batch)["Responses"][NAME][0],
            "Query": lambda: self.tables.query(**query)["Items"][0],
            "Scan": lambda: next(
                item for item in self.tables.scan(TableName=NAME)["Items"] if item["pk"] == self.key["pk"]
            ),
        }
        behind = {name: read()["n"]["N"] for name, read in reads.items()}
        consistent = self.item(), self.tables.query(**query, ConsistentRead=True)["Items"][0]["n"]
        member = {"Get": {"TableName": NAME, "Key": self.key}}
        transacted = self.tables.transact_get_items(TransactItems=[member])["Responses"][0]["Item"]["n"]
        self.assertLess(time.monotonic() - written, 2, "too slow to tell")
        self.assertEqual(behind, dict.fromkeys(reads, "1"))
        self.assertEqual((*consistent, transacted), ({"n": {"N": "3"}}, {"N": "3"}, {"N": "3"}))
        self.tables.delete_item(TableName=NAME, Key=self.key)
        self.assertIn("Item", self.tables.get_item(TableName=NAME, Key=self.key))
        self.assertNotIn("Item", self.tables.get_item(TableName=NAME, Key=self.key, ConsistentRead=True))
        wait_for(lambda: "Item" not in self.tables.get_item(TableName=NAME, Key=self.key))

    def test_a_key_condition_has_one_comparison_for_each_key(self):
        def query(condition: str, **settings) -> None:
            given = {f":{name}": {"S": name} for name in "ab" if f":{name}" in condition + str(settings)}
            values = {"ExpressionAttributeValues": given} if given else {}
            self.tables.query(TableName=NAME, KeyConditionExpression=condition, **values, **settings)

        for condition in ("pk = :a", ":a = pk", "(pk = :a) AND (begins_with(sk, :b))", "sk < :b AND pk = :a"):
            query(condition)
        operator, invalid = (
            "Invalid operator used in KeyConditionExpression: ",
            "Invalid condition in KeyConditionExpression: ",
        )
        for condition, problem in (
            ("pk = :a OR pk = :b", f"{operator}OR"),
            ("pk = :a AND sk <> :b", f"{operator}<>"),
            ("pk = :a AND NOT sk = :b", f"{operator}NOT"),
            ("pk = :a AND attribute_exists(sk)", f"{operator}attribute_exists"),
            ("pk = :a AND size(sk) = :b", "KeyConditionExpressions cannot contain nested operations"),
            ("pk = :a AND :a = :b", f"{invalid}No key attribute specified"),
            ("pk = :a AND sk > :a AND sk < :b", "KeyConditionExpressions must only contain one condition per key"),
            ("pk > :a", "Query key condition not supported"),
            ("begins_with(pk, :a)", "Query key condition not supported"),
            ("sk = :a", "Query condition missed key schema element: pk"),
            ("pk = :a AND n = :b", "Query condition missed key schema element: n"),
        ):
            with self.subTest(condition):
                self.assert_refused(problem, query, condition)
        problem = "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk"
        self.assert_refused(problem, query, "pk = :a", FilterExpression="n = :a OR sk = :b")


class TransactionTest(TableTest):
    """TransactWriteItems."""

    def setUp(self):
        super().setUp()
        self.put(rev=1)
        self.sum = key("S", self._testMethodName)
        self.tables.put_item(TableName=NAME, Item={**self.sum, "sum": {"N": "10"}})

    def members(self, rev: int = 1, room: int = 10, update: str = "SET rev = rev + :1") -> list[dict]:
        """A change of the test's item, and one of a sum."""
        return [
            {
                "Update": {
                    **self.request(update, "rev = :rev", v1=1, rev=rev),
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                }
            },
            {
                "Update": {
                    "TableName": NAME,
                    "Key": self.sum,
                    "UpdateExpression": "SET #s = #s + :more",
                    "ConditionExpression": "#s <= :room",
                    "ExpressionAttributeNames": {"#s": "sum"},
                    "ExpressionAttributeValues": {":more": {"N": "5"}, ":room": {"N": str(room)}},
                }
            },
        ]

    def transact(self, members: list[dict], **settings) -> None:
        self.tables.transact_write_items(TransactItems=members, **settings)

    def state(self) -> tuple[str, str]:
        item = self.tables.get_item(TableName=NAME, Key=self.sum)["Item"]
        return self.item()["rev"]["N"], item["sum"]["N"]

    def cancelled(self, members: list[dict], *codes: str) -> list[dict]:
        problem = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{', '.join(codes)}]"
        refused = self.assert_refused(problem, self.transact, members, code="TransactionCanceledException")
        self.assertEqual([reason["Code"] for reason in refused["CancellationReasons"]], list(codes))
        return refused["CancellationReasons"]

    def test_all_members_take_effect_or_none(self):
        self.transact(self.members())
        self.assertEqual(self.state(), ("2", "15"))
        reasons = self.cancelled(self.members(rev=1, room=20), "ConditionalCheckFailed", "None")
        self.assertEqual(reasons[0]["Item"]["rev"], {"N": "2"})
        reasons = self.cancelled(self.members(rev=2), "None", "ConditionalCheckFailed")
        self.assertNotIn("Item", reasons[1])
        self.assertEqual(self.state(), ("2", "15"))

    def test_a_token_makes_a_transaction_once(self):
        for _ in range(2):
            self.transact(self.members(), ClientRequestToken="once-1")
        self.assertEqual(self.state(), ("2", "15"))
        with self.assertRaises(self.tables.exceptions.IdempotentParameterMismatchException):
            self.transact(self.members(rev=2, room=20), ClientRequestToken="once-1")
        self.assertEqual(self.state(), ("2", "15"))

    def test_an_item_is_in_a_transaction_once(self):
        problem = "Transaction request cannot include multiple operations on one item"
        self.assert_refused(problem, self.transact, [self.members()[0]] * 2)
        problem = "TransactItems can only contain one of Check, Put, Update or Delete"
        self.assert_refused(
            problem, self.transact, [{**self.members()[0], "Delete": {"TableName": NAME, "Key": key("other")}}]
        )

    def test_an_invalid_member_cancels_or_refuses_it(self):
        key_problem = (
            "One or more parameter values were invalid: Cannot update attribute sk. This attribute is part of the key"
        )
        for update, problem in (("SET g.x = :1", BAD_PATH), ("SET sk = :1", key_problem)):
            reasons = self.cancelled(self.members(update=update), "ValidationError", "None")
            self.assertEqual(reasons[0]["Message"], problem)
        for update, problem in (
            ("SET rev = rev * :1", 'Syntax error; token: "*", near: "rev * :1"'),
            (
                "SET rev = :1, rev = :1",
                "Two document paths overlap with each other; must remove or rewrite one of these "
                "paths; path one: [rev], path two: [rev]",
            ),
        ):
            self.assert_refused(update_problem(problem), self.transact, self.members(update=update))
        self.assertEqual(self.state(), ("1", "10"))
