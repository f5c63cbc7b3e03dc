"""DynamoDB: expressions, permissions of items, the life of a table, errors."""
