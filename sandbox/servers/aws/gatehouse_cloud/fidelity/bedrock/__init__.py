"""Amazon Bedrock: guardrails, and completions by a real model."""
