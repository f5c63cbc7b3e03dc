"""Replaces functions and attributes of ministack, and fails where ministack doesn't have them.

A release that renames one, or gives it other parameters, must stop the launcher with a clear message instead of leaving
an extension without effect.
"""

import functools
import inspect
import sys
import types
from collections.abc import Callable
from importlib import metadata
from typing import Any

VERSION = "1.5.33"


class Incompatible(Exception):
    """ministack differs from the release that an extension was written for."""


def check_version() -> None:
    """Refuse any release but the one the extensions were written and tested for."""
    try:
        found = metadata.version("ministack")
    except metadata.PackageNotFoundError:
        found = "(none)"
    if found != VERSION:
        raise Incompatible(
            f"this launcher extends ministack {VERSION}, but {found} is installed here ({sys.prefix}); "
            "install sandbox/servers/aws/requirements.txt with --require-hashes"
        )


def extend(owner: Any, name: str, extension: Callable) -> None:
    """Let extension(original, ...) stand in for owner.name; its other parameters must be the original's."""
    original = _present(owner, name)
    wanted = list(inspect.signature(original).parameters)
    given = list(inspect.signature(extension).parameters)[1:]
    if given != wanted:
        raise Incompatible(f"{_label(owner, name)} takes {wanted}, its extension {given}")

    # A plain function, so that it binds as a method where the owner is a class.
    @functools.wraps(original)
    def extended(*arguments, **keywords):
        return extension(original, *arguments, **keywords)

    setattr(owner, name, extended)


def wrap(owner: Any, name: str, wrapper: Callable) -> None:
    """Let wrapper(proceed, ...) stand in for owner.name; it takes those of the original's parameters that it needs.

    proceed() calls the original with the arguments of the call, proceed(name=value) with another one for name.
    """
    original = _present(owner, name)
    signature = inspect.signature(original)
    taken = list(inspect.signature(wrapper).parameters)[1:]
    if missing := [parameter for parameter in taken if parameter not in signature.parameters]:
        raise Incompatible(f"{_label(owner, name)} takes {list(signature.parameters)}, its wrapper also {missing}")

    @functools.wraps(original)
    def wrapped(*arguments, **keywords):
        call = signature.bind(*arguments, **keywords)
        call.apply_defaults()

        def proceed(**changes):
            call.arguments.update(changes)
            return original(*call.args, **call.kwargs)

        return wrapper(proceed, **{parameter: call.arguments[parameter] for parameter in taken})

    setattr(owner, name, wrapped)


def extend_entry(table: dict[str, Callable], name: str, extension: Callable) -> None:
    """Extend a function in a table, such as that of a service's actions."""
    if name not in table:
        raise Incompatible(f"ministack has no action {name}, which this launcher extends")
    # The table's function under its name, so that the same checks apply.
    holder = types.SimpleNamespace(**{"__name__": "action", name: table[name]})
    extend(holder, name, extension)
    table[name] = getattr(holder, name)


def assign(owner: Any, name: str, value: Any) -> None:
    """Give the existing attribute owner.name another value."""
    _present(owner, name)
    setattr(owner, name, value)


def _present(owner: Any, name: str) -> Any:
    try:
        return getattr(owner, name)
    except AttributeError:
        raise Incompatible(f"ministack has no {_label(owner, name)}, which this launcher extends") from None


def _label(owner: Any, name: str) -> str:
    return f"{getattr(owner, '__name__', owner)}.{name}"
