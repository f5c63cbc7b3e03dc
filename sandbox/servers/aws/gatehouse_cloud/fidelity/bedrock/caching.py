"""Checks cache points, and counts the tokens that a prompt cache reads and writes.

A prefix of tools, system and messages is cached at each cache point, if it has the family's least number of tokens, for
five minutes after its last use, or an hour. The count of a prefix is its share of the conversation's characters.
"""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from gatehouse_cloud.fidelity.bedrock.families import Family
from gatehouse_cloud.fidelity.bedrock.refusals import Refused, by_model, malformed

MOST_POINTS = 4
SECONDS = {"5m": 300, "1h": 3600}
# Characters that an image or a document counts as: their bytes are no measure of their tokens.
MEDIA_CHARACTERS = 4000


@dataclass
class Usage:
    """The tokens of a prompt: all are the sum of these."""

    fresh: int
    read: int = 0
    written: int = 0


class Cache:
    """The prefixes that are cached, with their tokens and the time at which they expire."""

    def __init__(self):
        self._lock = threading.Lock()
        self._prefixes: dict[str, tuple[int, float]] = {}

    def use(self, model: str, body: dict, family: Family, tokens: int) -> Usage:
        """Read and write the prefixes of a request with that many tokens."""
        blocks = list(_blocks(body))
        if not any(point for _, point, _ in blocks):
            return Usage(tokens)
        now = time.monotonic()
        total = sum(len(text) for text, point, _ in blocks if not point) or 1
        with self._lock:
            return self._use(model, blocks, family, tokens, total, now)

    def _use(self, model, blocks, family, tokens, total, now) -> Usage:
        digest, characters, read, written = hashlib.sha256(model.encode()), 0, 0, 0
        last_point = max(number for number, (_, point, _) in enumerate(blocks) if point)
        for text, point, seconds in blocks[: last_point + 1]:
            if not point:
                digest.update(hashlib.sha256(text.encode()).digest())
                characters += len(text)
            prefix = digest.hexdigest()
            count, until = self._prefixes.get(prefix, (0, 0.0))
            if until > now:
                read = max(read, count)
                self._prefixes[prefix] = count, max(until, now + seconds)
            elif point:
                count = tokens * characters // total
                if count >= family.cache_minimum:
                    self._prefixes[prefix] = count, now + seconds
                    written = max(written, count)
        read = min(read, tokens)
        written = max(0, min(written, tokens) - read)
        return Usage(tokens - read - written, read, written)


def check(body: dict, family: Family) -> None:
    """Refuse cache points that Bedrock or the family's models don't accept."""
    places = list(_points(body))
    if not places:
        return
    if not family.cached:
        raise Refused(
            "You invoked an unsupported model or your request did not allow prompt caching. "
            "See the documentation for more information.",
            "AccessDeniedException",
            403,
        )
    for member, place, before, point in places:
        if member not in family.cached:
            pointer = place.replace(".", "/")
            raise malformed(f"#/{pointer}: extraneous key [cachePoint] is not permitted")
        if before is None or before == "cachePoint":
            raise by_model(f"{place}: cachePoint must follow a block that can be cached")
        if before == "reasoningContent":
            raise by_model(f"{place}: cache_control cannot be set for thinking blocks")
        if point.get("ttl") == "1h" and not family.cached_hour:
            raise by_model(f"{place}.cache_control.ttl: Extra inputs are not permitted")
    if len(places) > MOST_POINTS:
        raise by_model(f"A maximum of {MOST_POINTS} blocks with cache_control may be provided. Found {len(places)}.")
    times = [SECONDS[point.get("ttl") or "5m"] for _, _, _, point in places]
    if times != sorted(times, reverse=True):
        raise by_model("a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block")


def _points(body: dict) -> Iterator[tuple[str, str, str | None, dict]]:
    """Yield each cache point's member, its place, the kind of the block before it, and the point."""
    for member, path, blocks in _lists(body):
        before = None
        for number, block in enumerate(blocks):
            kind = next(name for name, value in block.items() if value is not None)
            if kind == "cachePoint":
                yield member, f"{path}.{number}", before, block["cachePoint"]
            before = kind


def _lists(body: dict) -> Iterator[tuple[str, str, list[dict]]]:
    yield "tools", "toolConfig.tools", (body.get("toolConfig") or {}).get("tools") or []
    yield "system", "system", body.get("system") or []
    for number, message in enumerate(body["messages"]):
        yield "messages", f"messages.{number}.content", message["content"]


def _blocks(body: dict) -> Iterator[tuple[str, bool, int]]:
    """Yield each block's text, whether it is a cache point, and for how long a prefix that ends there is cached."""
    for _, path, blocks in _lists(body):
        for block in blocks:
            point = block.get("cachePoint")
            yield _text(path, block), point is not None, SECONDS[(point or {}).get("ttl") or "5m"]


def _text(path: str, block: dict) -> str:
    text = json.dumps(block, sort_keys=True)
    for kind in ("image", "document"):
        if kind in block:
            digest = hashlib.sha256(text.encode()).hexdigest()
            return f"{path} {digest}".ljust(MEDIA_CHARACTERS)
    return f"{path} {text}"
