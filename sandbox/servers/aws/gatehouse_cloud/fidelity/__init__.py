"""Extensions that make ministack behave as AWS: refusals, limits, delays, permissions, members of responses."""
