"""The API under test, as the environment variable CLIENT_SUITES describes it in JSON."""

import json
import os

_described = json.loads(os.environ["CLIENT_SUITES"])

URL = _described["url"]
CHAT = _described["chat"]  # the models, by purpose
VISION = _described["vision"]
REASONING = _described["reasoning"]
EMBEDDINGS = _described["embeddings"]

STREAMS = _described["streams"]  # whether the API streams
GATEWAY = _described["gateway"]  # whether it is Gatehouse, or else the scripted model itself
OPENAI = _described["backend"] == "openai"  # whether the backend has all options of OpenAI's API
PASS_THROUGH = _described["passThrough"]  # members beyond OpenAI's API that it forwards

KEY = _described["key"]
TIMEOUT = 30
