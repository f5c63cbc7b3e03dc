"""Models how one distribution's configurations reach the edges. It is pure: the time is an argument.

Each update reaches the edges one after another in an order of its own; the first has it at once, the last when the
deployment ends. Updates may overlap: an edge that has a newer configuration never takes an older one.
"""

import random
from dataclasses import dataclass, field


@dataclass(frozen=True)
class _Update:
    etag: str
    config: str
    arrives: tuple[float, ...]  # when each edge has it
    deployed: float


@dataclass
class Rollout:
    """The configurations of one distribution that some edge may still use, oldest first."""

    updates: list[_Update] = field(default_factory=list)

    def begin(self, etag: str, config: str, edges: int, seconds: float, now: float) -> None:
        """Deploy a configuration, beginning now."""
        if self.deployed(now):
            del self.updates[:-1]
        steps = max(edges - 1, 1)
        delays = [seconds * step / steps for step in range(edges)] if edges > 1 else [seconds]
        random.shuffle(delays)
        self.updates.append(_Update(etag, config, tuple(now + delay for delay in delays), now + seconds))

    @property
    def etag(self) -> str | None:
        """The ETag of the newest configuration."""
        return self.updates[-1].etag if self.updates else None

    def deployed(self, now: float) -> bool:
        """Report whether every edge has the newest configuration."""
        return not self.updates or now >= self.updates[-1].deployed

    def config_at(self, edge: int, now: float) -> str | None:
        """Return an edge's configuration; None before it has any."""
        return next((update.config for update in reversed(self.updates) if now >= update.arrives[edge]), None)

    def configurations(self, now: float) -> list[str]:
        """Return the configurations that edges have or are about to have."""
        kept = self.updates[-1:] if self.deployed(now) else self.updates
        return [update.config for update in kept]

    def edges_on_newest(self, now: float) -> int:
        """Return how many edges have the newest configuration."""
        return sum(now >= arrival for arrival in self.updates[-1].arrives) if self.updates else 0
