"""ministack with the extensions of the sandbox: one extension per module, whose docstring says why it exists."""
