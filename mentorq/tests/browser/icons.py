"""`python -m mentorq.tests.browser.icons` prints the icons that the desk's pages may show, for `make fonts`."""

import re
from pathlib import Path

import unfold

from mentorq.tests.servers import BASE_DIR

UNFOLD = Path(unfold.__file__).parent
# Of names that mean the same icon the font has one: navigate_before, file_upload.
OTHER_NAMES = {"chevron_left", "upload"}
ICON = re.compile(r'(?:material-symbols-outlined[^>]*>\s*|icon"?[=:] ?"|SYMBOL": "|content: ?")([a-z][a-z0-9_]*)(?=\s*<|")')
SOURCES = [
    *(UNFOLD / "templates").rglob("*.html"), UNFOLD / "sites.py", UNFOLD / "static" / "unfold" / "css" / "styles.css",
    *(BASE_DIR / "mentorq_backend" / "templates").rglob("*.html"), BASE_DIR / "mentorq" / "settings.py",
]  # fmt: skip


def icons() -> set[str]:
    """Return the names that stand in django-unfold's templates and styles, in our templates and in the settings."""
    return {name for file in SOURCES for name in ICON.findall(file.read_text())}


if __name__ == "__main__":
    print(*sorted(icons() | OTHER_NAMES), sep=",")  # noqa: T201 - a script
