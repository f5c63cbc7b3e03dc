"""Amazon Bedrock: conversations and embeddings, strictly checked and answered by a server; guardrails; inference profiles."""
