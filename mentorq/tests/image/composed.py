"""deploy/compose.yaml, read as `docker compose` reads it."""

import re
import shlex
from dataclasses import dataclass
from typing import Any

import yaml

from mentorq.tests.servers import BASE_DIR

COMPOSE = BASE_DIR / "deploy" / "compose.yaml"
VARIABLE = re.compile(r"\$\{(\w+)(?::\?[^}]*)?\}")


@dataclass
class Service:
    """A service, with what `variables` (those of .env) fill in."""

    name: str
    described: dict[str, Any]
    variables: dict[str, str]

    @property
    def command(self) -> list[str]:
        """Its command; empty if it has the image's."""
        command = self.described.get("command", [])
        return shlex.split(command) if isinstance(command, str) else command

    @property
    def environment(self) -> dict[str, str]:
        """What it gets from .env, which `environment:` overrides."""
        own = {name: filled(str(value), self.variables) for name, value in self.described["environment"].items()}
        return {**(self.variables if "env_file" in self.described else {}), **own}

    @property
    def tmpfs(self) -> dict[str, str]:
        """The folders in memory, each with its options."""
        parts = (item.partition(":") for item in self.described.get("tmpfs", []))
        return {folder: options for folder, _, options in parts}

    def health(self, config: dict[str, Any]) -> list[str]:
        """The command of its health check: its own, or that of the image with this configuration."""
        own = self.described.get("healthcheck", {}).get("test")
        return list((own or config["Healthcheck"]["Test"])[1:])


def filled(text: str, variables: dict[str, str]) -> str:
    """Put variables in; raises KeyError for one that is missing, as `:?` does."""
    return VARIABLE.sub(lambda found: variables[found[1]], text)


def services(variables: dict[str, str]) -> dict[str, Service]:
    described = yaml.safe_load(COMPOSE.read_text())["services"]
    return {name: Service(name, described[name], variables) for name in described}
