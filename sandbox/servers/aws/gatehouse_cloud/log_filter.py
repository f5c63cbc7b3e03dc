"""Keeps the output of functions and the content of short messages out of the launcher's log, and that log short.

ministack repeats both at info level. The output is in CloudWatch Logs, as on AWS; a log file of the sandbox must not hold
anything that the program treats as a secret.
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
