"""Keeps what a function prints and what a message says out of the launcher's own log, and that log short.

ministack repeats a function's output and the text of short messages at info level. The output is where AWS has it, in
CloudWatch Logs; a log file of the local run must not hold anything the program treats as a secret.
"""

import logging

from ministack import app

from gatehouse_cloud import patching

# The format strings, not the formatted lines: no payload can imitate or evade them.
SILENCED = ("output:\n%s", "output (attempt %d):\n%s", "SMS to %s: %s")


class _WithoutPayloads(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not any(text in str(record.msg) for text in SILENCED)


def install() -> None:
    patching.assign(app, "BANNER", "ministack on port {port}")
    for handler in logging.getLogger().handlers:
        handler.addFilter(_WithoutPayloads())
