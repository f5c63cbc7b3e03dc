"""LangChain's own tests of integrations, with its client for OpenAI."""

import httpx
import pytest
from langchain_core.messages import AIMessage
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests

import media
import target


class TestChatOpenAI(ChatModelIntegrationTests):
    @property
    def chat_model_class(self) -> type[ChatOpenAI]:
        return ChatOpenAI

    @property
    def chat_model_params(self) -> dict:
        return {
            "model": target.VISION,
            "base_url": target.URL,
            "api_key": target.KEY,
            "timeout": target.TIMEOUT,
            "max_retries": 0,
            "disable_streaming": not target.STREAMS,
            "stream_usage": target.STREAMS,
        }

    @property
    def model_override_value(self) -> str:
        return target.CHAT

    supports_json_mode = True
    supports_image_inputs = True
    supports_pdf_inputs = True

    # The API fetches nothing on a client's behalf.
    supports_image_urls = False
    # The chat API of OpenAI takes text only in the results of tools, and Anthropic's parts are another API's.
    supports_image_tool_message = False
    supports_pdf_tool_message = False
    supports_anthropic_inputs = False

    @property
    def supported_usage_metadata_details(self) -> dict:
        details = ["cache_read_input"] + ["reasoning_output"] * target.OPENAI
        return {"invoke": details, "stream": details}

    def invoke_with_reasoning_output(self, *, stream: bool = False) -> AIMessage:
        model = self._model(model=target.REASONING, reasoning_effort="low")
        return _result(model, "What is 3 times 4?", stream)

    def invoke_with_cache_read_input(self, *, stream: bool = False) -> AIMessage:
        model = self._model()
        question = "Remember this. " * 1500
        _result(model, question, stream)
        return _result(model, question, stream)

    def _model(self, **changed) -> ChatOpenAI:
        return ChatOpenAI(**{**self.chat_model_params, **changed})


def _result(model: ChatOpenAI, question: str, stream: bool) -> AIMessage:
    if not stream:
        return model.invoke(question)
    full = None
    for chunk in model.stream(question):
        full = chunk if full is None else full + chunk
    return full


@pytest.fixture(autouse=True)
def local_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the files that the tests fetch from the internet."""

    def get(url: str, **_) -> httpx.Response:
        return httpx.Response(200, content=media.PDF if url.endswith(".pdf") else media.PNG)

    monkeypatch.setattr(httpx, "get", get)
