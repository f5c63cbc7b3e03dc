"""Saved queries of CloudWatch Logs."""

from .harness import CloudTest


class SavedQueryTest(CloudTest):
    def test_queries_are_stored_until_they_are_deleted(self):
        logs = self.cloud.client("logs")
        saved = logs.put_query_definition(name="here/errors", logGroupNames=["/a"], queryString="fields @message")
        query_id = saved["queryDefinitionId"]
        logs.put_query_definition(name="elsewhere/errors", queryString="fields @timestamp")
        logs.put_query_definition(
            queryDefinitionId=query_id, name="here/errors", logGroupNames=["/b"], queryString="limit 1"
        )
        [found] = logs.describe_query_definitions(queryDefinitionNamePrefix="here/")["queryDefinitions"]
        self.assertEqual(
            (found["queryDefinitionId"], found["queryString"], found["logGroupNames"]), (query_id, "limit 1", ["/b"])
        )
        self.assertTrue(logs.delete_query_definition(queryDefinitionId=query_id)["success"])
        self.assertEqual(logs.describe_query_definitions(queryDefinitionNamePrefix="here/")["queryDefinitions"], [])
        with self.assertRaises(logs.exceptions.ResourceNotFoundException):
            logs.delete_query_definition(queryDefinitionId=query_id)

    def test_other_actions_are_ministacks(self):
        logs = self.cloud.client("logs")
        logs.create_log_group(logGroupName="/group")
        self.assertEqual(logs.describe_log_groups()["logGroups"][0]["logGroupName"], "/group")
