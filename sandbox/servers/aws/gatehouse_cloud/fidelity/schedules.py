"""EventBridge Scheduler to the second.

ministack looks for due schedules every ten seconds, so one that fires each minute would drift by that much.
"""

from ministack.services import scheduler

from gatehouse_cloud import patching

SWEEP_SECONDS = 1


def install() -> None:
    patching.assign(scheduler, "_SCHEDULE_TICK_INTERVAL", SWEEP_SECONDS)
