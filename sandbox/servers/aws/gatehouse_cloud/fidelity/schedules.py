"""Fires schedules of EventBridge Scheduler within a second.

ministack checks for due schedules every ten seconds, so that one for every minute would drift by that much.
"""

from ministack.services import scheduler

from gatehouse_cloud import patching

SWEEP_SECONDS = 1


def install() -> None:
    patching.assign(scheduler, "_SCHEDULE_TICK_INTERVAL", SWEEP_SECONDS)
