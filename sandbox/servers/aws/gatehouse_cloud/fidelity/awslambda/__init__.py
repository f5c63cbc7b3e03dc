"""Lambda: how functions run, their limits, versions, logs and permissions."""
