"""Lambda: execution environments, limits, versions, logs and permissions of functions."""
