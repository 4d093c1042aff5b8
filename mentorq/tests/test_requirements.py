"""What a fresh machine needs: `pip install -r requirements.txt && pytest` runs the suite."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from mentorq.settings import BASE_DIR

APPS = ("mentorq", "mentorq_users", "mentorq_backend")


def pinned(file):
    """The names of the distributions in a file of requirements, as PyPI normalizes them."""
    return {normalized(name) for name in re.findall(r"^([\w-]+)(?:\[.*\])?==", (BASE_DIR / file).read_text(), re.MULTILINE)}


def normalized(name):
    return name.lower().replace("_", "-")


def imports(module):
    """The packages that this file of ours imports, anywhere in it."""
    for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
        match node:
            case ast.Import():
                yield from (alias.name.partition(".")[0] for alias in node.names)
            case ast.ImportFrom(module=str(name)):
                yield name.partition(".")[0]


def test_the_suite_imports_nothing_that_requirements_txt_lacks():
    ours = [module for name, module in sys.modules.items() if name.partition(".")[0] in APPS]
    packages = packages_distributions()

    used = {normalized(name) for module in ours for package in imports(module) for name in packages.get(package, [])}

    assert used & (pinned("requirements-dev.txt") - pinned("requirements.txt")) == set()
    assert used >= {"django", "pytest"}
