#!/usr/bin/env python3
"""Calls the model API with OpenAI's own client and keys that are refused, and counts the requests that it sends.

    openai_refusals.py http://127.0.0.1:4567/api

Reads keys from the environment variables UNKNOWN_KEY, SPENT_KEY and RATED_KEY. Prints one JSON object for each: its name, the
client's exception, and how many requests it sent. test/e2e/budgets/openai_test.go has what each must be.
"""

import json
import os
import sys

import openai

HELLO = [{"role": "user", "content": "Hello"}]


def main() -> None:
    for name in ("UNKNOWN_KEY", "SPENT_KEY", "RATED_KEY"):
        print(json.dumps({"name": name, **refused(os.environ[name])}), flush=True)


def refused(key: str) -> dict:
    """Return the exception that the client raises with a key, and the number of requests that it sent."""
    sent = []
    with openai.DefaultHttpxClient(event_hooks={"request": [sent.append]}) as http:
        client = openai.OpenAI(base_url=sys.argv[1], api_key=key, max_retries=1, timeout=30, http_client=http)
        try:
            client.chat.completions.create(model="amazon.nova-micro-v1:0", messages=HELLO, max_completion_tokens=5)
        except openai.APIStatusError as error:
            return {"got": f"{type(error).__name__} {error.status_code} {error.code}", "sent": len(sent)}
    return {"got": "no error", "sent": len(sent)}


if __name__ == "__main__":
    main()
