"""What the doctor prints."""

import re
from io import StringIO

from django.core.management import call_command


def doctor(*arguments):
    out, code = StringIO(), 0
    try:
        call_command("doctor", *arguments, stdout=out, no_color=True)
    except SystemExit as end:
        code = end.code
    return out.getvalue(), code


def wrong(*arguments):
    """Return the lines that are not green, each with its remedy, and the exit status."""
    text, code = doctor(*arguments)
    return re.findall(r"^((?:amber|red) .*)\n {7}(.*)$", text, re.MULTILINE), code
