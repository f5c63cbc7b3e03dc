"""Fault injection and inspection for tests, served under /_gatehouse/. AWS has none of it."""
