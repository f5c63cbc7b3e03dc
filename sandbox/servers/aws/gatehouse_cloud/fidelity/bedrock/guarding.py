"""Applies a guardrail to a conversation's input and output, by ministack's evaluation of its policies."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ministack.services import bedrock_runtime

from gatehouse_cloud.fidelity.bedrock.refusals import Refused

TRACED = ("enabled", "enabled_full")


@dataclass
class Guard:
    """The guardrail that a request names; false if it names none."""

    config: dict
    messages: list[dict]
    guardrail: dict | None
    assessments: dict = field(default_factory=dict)

    @classmethod
    def of(cls, body: dict) -> "Guard":
        """Return the guard of a request."""
        config = body.get("guardrailConfig") or {}
        if not config:
            return cls({}, body["messages"], None)
        identifier = config.get("guardrailIdentifier", "")
        found = bedrock_runtime._resolve_guardrail(identifier, config.get("guardrailVersion", "DRAFT"))
        if found is None:
            raise Refused(f"Guardrail with identifier {identifier} not found.", "ResourceNotFoundException", 404)
        return cls(config, body["messages"], found)

    def __bool__(self) -> bool:
        return self.guardrail is not None

    def apply(self, complete: Callable[[], tuple[list[dict], str]]) -> tuple[list[dict], str]:
        """Return the completion, or what the guardrail has in place of it."""
        if self.guardrail is None:
            return complete()
        if blocked := self.blocked_input():
            return blocked
        blocks, stop_reason = complete()
        result = self.check_output("".join(block.get("text", "") for block in blocks))
        if result["blocked"]:
            return self.blocked_output()
        if result["anonymized"]:
            others = [block for block in blocks if "text" not in block]
            return [{"text": result["masked_text"]}, *others], stop_reason
        return blocks, stop_reason

    def blocked_input(self) -> tuple[list[dict], str] | None:
        """Return what the guardrail has in place of a completion of this input; None if it lets the input through."""
        text = bedrock_runtime._last_user_text(self.messages)
        given = bedrock_runtime._evaluate_guardrail(self.guardrail, "INPUT", text)
        if not given["blocked"]:
            return None
        self.assessments = {"inputAssessment": {self.guardrail["GuardrailId"]: given["assessment"]}}
        return self._blocked("BlockedInputMessaging")

    def check_output(self, text: str) -> dict:
        """Return the evaluation of a text of the model."""
        result = bedrock_runtime._evaluate_guardrail(self.guardrail, "OUTPUT", text)
        self.assessments = {"outputAssessments": {self.guardrail["GuardrailId"]: [result["assessment"]]}}
        return result

    def blocked_output(self) -> tuple[list[dict], str]:
        """Return what the guardrail has in place of a completion that it blocks."""
        return self._blocked("BlockedOutputsMessaging")

    def masked(self, text: str) -> str:
        """Return a text without the personal data that the guardrail masks."""
        return bedrock_runtime._evaluate_guardrail(self.guardrail, "OUTPUT", text)["masked_text"]

    def _blocked(self, message: str) -> tuple[list[dict], str]:
        return [{"text": self.guardrail.get(message) or "Blocked by guardrail."}], "guardrail_intervened"

    def trace(self) -> dict:
        """Return the member trace of a response, if the request enables it."""
        if self.config.get("trace") in TRACED:
            return {"trace": {"guardrail": self.assessments}}
        return {}
