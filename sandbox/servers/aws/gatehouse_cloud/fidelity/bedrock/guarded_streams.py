"""Applies a guardrail to the events of a stream, in the two modes that a request can choose.

- sync, the default: pieces of text are held back until there are enough of them, and sent once they are checked. Personal
  data is masked.
- async: each piece is sent at once and checked then, so that text is out before the verdict on it. Nothing is masked.

Bedrock doesn't document how many pieces sync holds back; here it is until they have 200 characters or their block ends.
Each check is of the whole text so far, since a word may be in two pieces. Once a guardrail intervened, its message follows
and the stream ends; the model goes on to its end and is charged, which the metadata tell.
"""

from collections.abc import Iterator

from gatehouse_cloud.fidelity.bedrock.completion_responses import Event
from gatehouse_cloud.fidelity.bedrock.guarding import Guard

HELD_CHARACTERS = 200


def guarded(guard: Guard, events: Iterator[Event]) -> Iterator[Event]:
    """Yield the events that a guardrail lets through, and its message where it intervenes."""
    holds = guard.config.get("streamProcessingMode", "sync") == "sync"
    seen, held = "", []
    for event in events:
        piece = _text(event)
        held.append(event)
        if piece is not None and holds and sum(len(_text(one) or "") for one in held) < HELD_CHARACTERS:
            continue
        if not holds:
            yield event
        text = "".join(_text(one) or "" for one in held)
        seen += text
        result = guard.check_output(seen) if text else None
        if result and result["blocked"]:
            yield from _intervention(guard, held)
            for _ in events:
                pass
            return
        if holds:
            yield from _masked(guard, held, text) if result and result["anonymized"] else held
        held = []


def _text(event: Event) -> str | None:
    """Return the text of an event; None if it has none."""
    name, members = event
    return members["delta"].get("text") if name == "contentBlockDelta" else None


def _intervention(guard: Guard, held: list[Event]) -> Iterator[Event]:
    index = next(members["contentBlockIndex"] for name, members in held if name == "contentBlockDelta")
    (block,), stop_reason = guard.blocked_output()
    yield "contentBlockDelta", {"contentBlockIndex": index, "delta": {"text": block["text"]}}
    yield "contentBlockStop", {"contentBlockIndex": index}
    yield "messageStop", {"stopReason": stop_reason}


def _masked(guard: Guard, held: list[Event], text: str) -> Iterator[Event]:
    """Yield the events with their text in one piece, in which the personal data is masked."""
    sent = False
    for event in held:
        if _text(event) is None:
            yield event
        elif not sent:
            sent = True
            yield event[0], {**event[1], "delta": {"text": guard.masked(text)}}
