"""The tests that don't run, each with its reason. Those of a suite by others that need an option are in its class."""

import target

STREAMING = "the API doesn't stream"
OPTIONS = "the backend has no such option"

# By a part of the test's name. A test that streams beside other calls runs with the client's own option not to stream.
_BY_NAME = {
    "test_langchain.py": {
        "test_stream": STREAMING,
        "test_astream": STREAMING,
        "test_usage_metadata_streaming": STREAMING,
        "test_structured_output_pydantic_2_v1": "the client's parser of pydantic.v1 takes nothing from a stream of one piece",
    }
}


def reason(file: str, name: str) -> str:
    """Return why a test doesn't run; empty if it does."""
    if target.STREAMS:
        return ""
    for part, why in _BY_NAME.get(file, {}).items():
        if name.startswith(part):
            return why
    return ""
