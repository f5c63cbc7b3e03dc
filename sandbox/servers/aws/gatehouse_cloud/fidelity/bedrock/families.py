"""The families of models, and what Bedrock and they accept in a conversation.

It is made from AWS's documentation and from errors of the service that others reported, and deliberately shares nothing
with the table of the function that is tested with it. Where sources differ, the stricter one is taken. The rows are
tried in order; each has its sources.
"""

import re
from dataclasses import dataclass, replace

GUIDE = "https://docs.aws.amazon.com/bedrock/latest/userguide/"
NOVA_GUIDE = "https://docs.aws.amazon.com/nova/latest/"

FEATURES = GUIDE + "conversation-inference-supported-models-features.html"
CACHING = GUIDE + "prompt-caching.html"
STRUCTURED = GUIDE + "structured-output.html"
PROFILES = GUIDE + "inference-profiles-support.html"
TOOL_CHOICE = "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolChoice.html"
CLAUDE_BODY = GUIDE + "model-parameters-anthropic-claude-messages-request-response.html"
CLAUDE_THINKING = GUIDE + "claude-messages-extended-thinking.html"

ALL_CHOICES = frozenset({"auto", "any", "tool"})
CACHED_ALL = frozenset({"tools", "system", "messages"})
CACHED_NOVA = frozenset({"system", "messages"})


@dataclass(frozen=True)
class Family:
    """What models of a family accept. A limit of 0 is none."""

    name: str
    pattern: str  # of the model's id, without a geography
    sources: tuple[str, ...]
    max_tokens: int
    on_demand: bool = True  # without an inference profile
    system: bool = True
    documents: bool = False
    images: bool = False
    prefill: bool = False  # the conversation may end with the assistant's turn
    text_with_results: bool = False  # a turn may have other blocks beside those of tool results

    tools: bool = False
    streamed_tools: bool = False
    tool_choices: frozenset[str] = frozenset()
    tool_status: bool = False  # a tool's result may say that it failed
    structured: bool = False  # outputConfig.textFormat, and strict tools

    sampling: bool = True  # temperature and topP
    temperature_with_top_p: bool = True
    stop_sequences: bool = True
    blank_stop_sequences: bool = True
    fields: frozenset[str] = frozenset()  # of additionalModelRequestFields

    thinking: frozenset[str] = frozenset()  # Claude's types of thinking
    efforts: frozenset[str] = frozenset()  # levels of reasoning, for families that have such
    always_reasons: bool = False
    reasoning_back: bool = False  # whether reasoning may be in a history

    cached: frozenset[str] = frozenset()  # the members that may have cache points
    cache_minimum: int = 0  # tokens of a prefix that is cached
    cached_hour: bool = False  # whether a cache point may have a ttl of an hour

    @property
    def claude(self) -> bool:
        """Report whether it is Anthropic's, which checks what Bedrock passes on to it."""
        return self.name.startswith("claude")

    @property
    def nova(self) -> bool:
        """Report whether it is Amazon's Nova."""
        return self.name.startswith("nova")


CLAUDE_3 = Family(
    "claude-3",
    r"anthropic\.claude-3-(haiku|sonnet|opus)-.*",
    (FEATURES, CLAUDE_BODY),
    max_tokens=4096,
    documents=True,
    images=True,
    prefill=True,
    text_with_results=True,
    tools=True,
    streamed_tools=True,
    tool_choices=ALL_CHOICES,
    tool_status=True,
    blank_stop_sequences=False,
    fields=frozenset({"top_k", "anthropic_beta", "anthropic_version"}),
)
CLAUDE_THINKS = replace(
    CLAUDE_3,
    name="claude-3-7-sonnet",
    pattern=r"anthropic\.claude-3-7-sonnet-.*",
    sources=(FEATURES, CLAUDE_THINKING, CACHING, PROFILES),
    max_tokens=64_000,
    on_demand=False,
    fields=CLAUDE_3.fields | {"thinking"},
    thinking=frozenset({"enabled", "disabled"}),
    reasoning_back=True,
    cached=CACHED_ALL,
    cache_minimum=1024,
)
# Both of temperature and top_p: https://github.com/aws-samples/bedrock-access-gateway/issues/191
CLAUDE_4_5 = replace(
    CLAUDE_THINKS,
    name="claude-sonnet-4-5",
    pattern=r"anthropic\.claude-sonnet-4-5-.*",
    sources=(*CLAUDE_THINKS.sources, STRUCTURED, "https://github.com/mem0ai/mem0/issues/3891"),
    temperature_with_top_p=False,
    structured=True,
    # For disable_parallel_tool_use: https://github.com/BerriAI/litellm/pull/34347
    fields=CLAUDE_THINKS.fields | {"tool_choice"},
    cached_hour=True,
)
CLAUDE_NEWEST = replace(
    CLAUDE_4_5,
    name="claude-newest",
    # Every other model of Claude's is taken for one of the newest, which accept least.
    pattern=r"anthropic\.claude-(?!instant|v2|3).*",
    sources=(
        GUIDE + "model-card-anthropic-claude-opus-4-7.html",
        "https://github.com/vybestack/llxprt-code/pull/3695",
        "https://github.com/danielmiessler/Fabric/releases/tag/v1.4.572",
    ),
    max_tokens=128_000,
    prefill=False,
    sampling=False,
    structured=False,
    fields=CLAUDE_4_5.fields | {"output_config"},
    thinking=frozenset({"adaptive", "disabled"}),
    efforts=frozenset({"low", "medium", "high", "xhigh", "max"}),
)
NOVA = Family(
    "nova",
    r"amazon\.nova-(lite|pro)-.*",
    (
        FEATURES,
        CACHING,
        NOVA_GUIDE + "userguide/complete-request-schema.html",
        NOVA_GUIDE + "userguide/tool-choice.html",
        NOVA_GUIDE + "userguide/tool-use-definition.html",
    ),
    max_tokens=10_000,
    documents=True,
    images=True,
    prefill=True,
    text_with_results=True,
    tools=True,
    streamed_tools=True,
    tool_choices=ALL_CHOICES,
    tool_status=True,
    fields=frozenset({"inferenceConfig"}),
    cached=CACHED_NOVA,
    cache_minimum=1000,
)
LLAMA_3_1 = Family(
    "llama-3-1",
    r"meta\.llama3-(1|3)-.*",
    (FEATURES, TOOL_CHOICE, "https://github.com/browser-use/browser-use/issues/710", PROFILES),
    max_tokens=8192,
    documents=True,
    tools=True,
)
MISTRAL_7B = Family(
    "mistral-7b",
    r"mistral\.mistral-7b-.*",
    (
        FEATURES,
        GUIDE + "model-parameters-mistral-text-completion.html",
        "https://github.com/567-labs/instructor/issues/1753",
    ),
    max_tokens=8192,
    system=False,
    documents=True,
    fields=frozenset({"top_k"}),
)
MISTRAL_LARGE = Family(
    "mistral-large",
    r"mistral\.(mistral-large|mistral-small)-24.*",
    (FEATURES, TOOL_CHOICE),
    max_tokens=8192,
    documents=True,
    tools=True,
    streamed_tools=True,
    tool_choices=frozenset({"auto", "any"}),
    fields=frozenset({"top_k"}),
)
GPT_OSS = Family(
    "gpt-oss",
    r"openai\.gpt-oss-.*",
    (FEATURES, STRUCTURED, "https://github.com/crewAIInc/crewAI/issues/3317"),
    max_tokens=128_000,
    text_with_results=True,
    tools=True,
    streamed_tools=True,
    tool_choices=frozenset({"auto"}),
    structured=True,
    stop_sequences=False,
    fields=frozenset({"reasoning_effort"}),
    efforts=frozenset({"low", "medium", "high"}),
    always_reasons=True,
)

FAMILIES = (
    CLAUDE_3,
    replace(
        CLAUDE_3,
        name="claude-3-5-sonnet",
        pattern=r"anthropic\.claude-3-5-sonnet-.*",
        sources=(FEATURES, "https://github.com/vercel/ai/issues/2772"),
        max_tokens=8192,
    ),
    replace(
        CLAUDE_3,
        name="claude-3-5-haiku",
        pattern=r"anthropic\.claude-3-5-haiku-.*",
        sources=(FEATURES, CACHING, PROFILES),
        max_tokens=8192,
        on_demand=False,
        images=False,
        cached=CACHED_ALL,
        cache_minimum=2048,
    ),
    CLAUDE_THINKS,
    replace(CLAUDE_THINKS, name="claude-sonnet-4", pattern=r"anthropic\.claude-sonnet-4-2.*"),
    replace(CLAUDE_THINKS, name="claude-opus-4", pattern=r"anthropic\.claude-opus-4-2.*", max_tokens=32_000),
    replace(
        CLAUDE_THINKS,
        name="claude-opus-4-1",
        pattern=r"anthropic\.claude-opus-4-1-.*",
        sources=(*CLAUDE_THINKS.sources, "https://github.com/BoltAI/BoltAI/issues/399"),
        max_tokens=32_000,
        temperature_with_top_p=False,
    ),
    CLAUDE_4_5,
    replace(CLAUDE_4_5, name="claude-4-5", pattern=r"anthropic\.claude-(haiku|opus)-4-5-.*", cache_minimum=4096),
    replace(
        CLAUDE_4_5,
        name="claude-4-6",
        pattern=r"anthropic\.claude-(sonnet|opus)-4-6.*",
        sources=(
            *CLAUDE_4_5.sources,
            GUIDE + "model-card-anthropic-claude-opus-4-6.html",
            "https://github.com/anomalyco/opencode/issues/29760",
        ),
        max_tokens=128_000,
        prefill=False,
        fields=CLAUDE_4_5.fields | {"output_config"},
        thinking=frozenset({"enabled", "adaptive", "disabled"}),
        efforts=frozenset({"low", "medium", "high", "max"}),
        cache_minimum=4096,
    ),
    CLAUDE_NEWEST,
    NOVA,
    replace(NOVA, name="nova-premier", pattern=r"amazon\.nova-premier-.*", on_demand=False),
    replace(NOVA, name="nova-micro", pattern=r"amazon\.nova-micro-.*", documents=False, images=False),
    replace(
        NOVA,
        name="nova-2",
        pattern=r"amazon\.nova-2-(lite|pro)-.*",
        sources=(
            CACHING,
            NOVA_GUIDE + "nova2-userguide/extended-thinking.html",
            "https://github.com/UKGovernmentBEIS/inspect_ai/issues/3767",
        ),
        max_tokens=65_535,
        on_demand=False,
        fields=NOVA.fields | {"reasoningConfig"},
        efforts=frozenset({"low", "medium", "high"}),
        reasoning_back=True,
    ),
    Family(
        "titan-text",
        r"amazon\.titan-text-(express|lite)-.*",
        (FEATURES, "https://github.com/Mintplex-Labs/anything-llm/issues/2486"),
        max_tokens=4096,
        system=False,
        documents=True,
    ),
    Family("titan-text-premier", r"amazon\.titan-text-premier-.*", (FEATURES,), max_tokens=3072, system=False),
    Family("llama-3", r"meta\.llama3-\d+b-.*", (FEATURES,), max_tokens=2048, documents=True),
    LLAMA_3_1,
    replace(LLAMA_3_1, name="llama-3-2", pattern=r"meta\.llama3-2-(11|90)b-.*", images=True),
    replace(LLAMA_3_1, name="llama-3-2-small", pattern=r"meta\.llama3-2-[13]b-.*", tools=False),
    replace(LLAMA_3_1, name="llama-4", pattern=r"meta\.llama4-.*", images=True, on_demand=False),
    MISTRAL_7B,
    replace(MISTRAL_7B, name="mixtral", pattern=r"mistral\.mixtral-.*", max_tokens=4096),
    MISTRAL_LARGE,
    replace(MISTRAL_LARGE, name="pixtral", pattern=r"mistral\.pixtral-.*", images=True, on_demand=False),
    replace(
        MISTRAL_LARGE,
        name="mistral-3",
        pattern=r"mistral\.(mistral-large-3|ministral|magistral|voxtral)-.*",
        sources=(STRUCTURED,),
        text_with_results=True,
        tool_choices=frozenset({"auto"}),
        structured=True,
    ),
    Family(
        "command-r",
        r"cohere\.command-r.*",
        (FEATURES, GUIDE + "model-parameters-cohere-command-r-plus.html"),
        max_tokens=4096,
        documents=True,
        tools=True,
        streamed_tools=True,
        fields=frozenset({"k", "seed", "frequency_penalty", "presence_penalty"}),
    ),
    Family(
        "jamba",
        r"ai21\.jamba-1-5-.*",
        (FEATURES, GUIDE + "model-parameters-jamba.html"),
        max_tokens=4096,
        documents=True,
        tools=True,
        streamed_tools=True,
        fields=frozenset({"frequency_penalty", "presence_penalty"}),
    ),
    Family(
        "deepseek-r1",
        r"deepseek\.r1-.*",
        (FEATURES, "https://github.com/langchain-ai/langchain-aws/issues/447"),
        max_tokens=32_768,
        on_demand=False,
        documents=True,
        always_reasons=True,
    ),
    GPT_OSS,
    Family(
        "open-weights",
        r"(qwen|deepseek|moonshot|moonshotai|minimax|nvidia|zai|google)\..*",
        (STRUCTURED,),
        max_tokens=8192,
        text_with_results=True,
        tools=True,
        streamed_tools=True,
        tool_choices=frozenset({"auto", "any"}),
        structured=True,
    ),
)
_PATTERNS = tuple((re.compile(family.pattern), family) for family in FAMILIES)


def of(model: str) -> Family | None:
    """Return the family of a foundation model for conversations, by its id."""
    return next((family for pattern, family in _PATTERNS if pattern.fullmatch(model)), None)
