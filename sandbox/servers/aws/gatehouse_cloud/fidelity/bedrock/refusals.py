"""Refuses requests to Bedrock with the service's errors."""

from ministack.services import bedrock_runtime


class Refused(Exception):
    """A request that Bedrock refuses, with the response to it."""

    def __init__(self, message: str, code: str = "ValidationException", status: int = 400):
        super().__init__(message)
        self.code = code
        self.response = bedrock_runtime._error(code, message, status)


def by_model(message: str) -> Refused:
    """Return the refusal of a model, which Bedrock passes on."""
    return Refused(f"The model returned the following errors: {message}")


def malformed(message: str) -> Refused:
    """Return the refusal of a model whose body's schema the request doesn't match, such as Nova."""
    return by_model(f"Malformed input request: {message}, please reformat your input and try again.")


def unsupported(field: str) -> Refused:
    """Return the refusal of a field that the model has nothing like."""
    return Refused(f"This model doesn't support the {field} field. Remove {field} and try again.")
