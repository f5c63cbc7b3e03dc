"""What AWS does and ministack doesn't: refusals, limits, delays, permissions, and members of responses."""
