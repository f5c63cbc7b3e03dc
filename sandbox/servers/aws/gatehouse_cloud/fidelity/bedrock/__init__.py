"""Amazon Bedrock: conversations and embeddings, strictly checked and forwarded to a server; guardrails; inference profiles."""
