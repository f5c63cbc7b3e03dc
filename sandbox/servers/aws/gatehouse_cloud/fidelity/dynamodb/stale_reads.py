"""Reads that are eventually consistent: they don't see the newest writes.

On AWS a read without ConsistentRead "might not reflect the results of a recently completed write"; in ministack each read
does, so that a missing ConsistentRead is never noticed. Here the delay is a control, and each such
read sees the items as they were before it. Transactions, conditions and updates always see the newest ones.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from ministack.services import dynamodb

from gatehouse_cloud import patching

# A member of a table's record: when items changed, their keys, and the items before.
CHANGES = "_changes"


class Staleness:
    """How far eventually consistent reads are behind, in seconds."""

    def __init__(self):
        self.seconds: float = 0


def install(staleness: Staleness) -> None:
    def set_item(original, table, pk_val, sk_val, item):
        before = original(table, pk_val, sk_val, item)
        _note(staleness, table, pk_val, sk_val, before)
        return before

    def remove_item(original, table, pk_val, sk_val):
        before = original(table, pk_val, sk_val)
        _note(staleness, table, pk_val, sk_val, before)
        return before

    def read(original, data):
        if data.get("ConsistentRead"):
            return original(data)
        with _behind(staleness, [data.get("TableName")]):
            return original(data)

    def read_batch(original, data):
        batches = data.get("RequestItems")
        batches = batches if isinstance(batches, dict) else {}
        names = [name for name, batch in batches.items() if isinstance(batch, dict) and not batch.get("ConsistentRead")]
        with _behind(staleness, names):
            return original(data)

    patching.extend(dynamodb, "_set_item", set_item)
    patching.extend(dynamodb, "_remove_item", remove_item)
    for name in ("_get_item", "_query", "_scan"):
        patching.extend(dynamodb, name, read)
    patching.extend(dynamodb, "_batch_get_item", read_batch)


def _note(staleness: Staleness, table: dict, partition, sort, before: dict | None) -> None:
    if not staleness.seconds:
        return
    changes = table.setdefault(CHANGES, [])
    changes.append((time.monotonic(), partition, sort, before))
    while changes[0][0] < time.monotonic() - staleness.seconds:
        changes.pop(0)


@contextmanager
def _behind(staleness: Staleness, names: list) -> Iterator[None]:
    """Let tables have the items that they had before the delay. Requests are handled one at a time."""
    tables = [dynamodb._tables.get(dynamodb._normalize_table_name(name)) for name in names if isinstance(name, str)]
    present = [(table, table["items"]) for table in tables if table is not None]
    since = time.monotonic() - staleness.seconds
    try:
        for table, items in present:
            recent = [change for change in table.get(CHANGES, ()) if change[0] >= since]
            table["items"] = _before(items, recent)
        yield
    finally:
        for table, items in present:
            table["items"] = items


def _before(items: dict, changes: list[tuple]) -> dict:
    """Return items as they were before changes."""
    if not changes:
        return items
    found = {partition: dict(members) for partition, members in items.items()}
    for _, partition, sort, before in reversed(changes):
        members = found.setdefault(partition, {})
        if before is None:
            members.pop(sort, None)
        else:
            members[sort] = before
        if not members:
            del found[partition]
    return found
