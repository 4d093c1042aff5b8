"""Upkeep: when it was last seen, and webhooks that were switched off."""

from collections.abc import Iterator

from mentorq.operations.doctor.findings import Finding, amber, green
from mentorq_backend.events.schedule import current
from mentorq_backend.upkeep.models import REMEDY, UpkeepState

SWITCH_ON = "Look at what its receiver answers, then switch it on at the desk."


def upkeep() -> Iterator[Finding]:
    """A server works without upkeep, so a missing one is amber, as on /readyz."""
    state = UpkeepState.read(current().events)
    if state.warning:
        yield amber("upkeep", f"{state.seen.capitalize()}. {state.warning.removesuffix(REMEDY).strip()}", REMEDY)
    else:
        yield green("upkeep", f"{state.seen.capitalize()}.")
    for sentence in state.switched_off:
        yield amber("webhooks", sentence, SWITCH_ON)
