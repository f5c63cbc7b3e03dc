"""Skips tests by skips.py, and prints one line of JSON for each test: its suite, name, outcome and detail."""

import json
import sys

import pytest

import skips

_results = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        why = skips.reason(item.path.name, item.name)
        if why:
            item.add_marker(pytest.mark.skip(reason=why))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when != "call" and report.passed:
        return
    suite, _, name = report.nodeid.partition("::")
    outcome, detail = report.outcome, ""
    if hasattr(report, "wasxfail"):
        outcome, detail = "skipped", report.wasxfail
    elif report.skipped:
        detail = report.longrepr[2].removeprefix("Skipped: ")
    elif report.failed:
        detail = str(report.longreprtext)[-3000:]
    _results.append(
        {"suite": suite.removeprefix("test_").removesuffix(".py"), "name": name, "outcome": outcome, "detail": detail}
    )


def pytest_sessionfinish() -> None:
    for result in _results:
        print("\nRESULT " + json.dumps(result), end="", file=sys.__stdout__, flush=True)
    print(file=sys.__stdout__)
