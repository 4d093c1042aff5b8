"""This machine's clock beside another one's."""

from mentorq.operations.doctor.findings import Finding, amber, green, red

SOME, LEEWAY = 5, 30  # seconds; tokens of a clock that differs by more are refused
REMEDY = "Let NTP set both clocks (`timedatectl set-ntp on`). A clock that differs by more than 30 s invalidates tokens."


def difference(whose: str, seconds: float) -> Finding:
    """`seconds`: how far the other clock is ahead of ours."""
    size = abs(seconds)
    if size < SOME:
        return green("clock", f"It agrees with that of {whose}, within {SOME} s.")
    text = f"That of {whose} is {size:.0f} s {'ahead of' if seconds > 0 else 'behind'} this machine's."
    return red("clock", text, REMEDY) if size > LEEWAY else amber("clock", text, REMEDY)
