"""What the project's local run adds to ministack: one extension per module, its reason on top of it."""
