"""CloudWatch: alarms, logs, saved queries."""
