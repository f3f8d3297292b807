"""What the local stack may be told: a port, a place for its state, and little else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.local.pidfile import running_port

__all__ = ["ACCOUNT", "PROJECT", "REGION", "STAGE", "Settings", "SettingsError"]

PROJECT = Path(__file__).resolve().parents[2]
STAGE = "local"
REGION = "us-east-1"
ACCOUNT = "000000000000"


class SettingsError(ValueError):
    """An environment variable holds what cannot be used; the message says which and what to do."""


@dataclass(frozen=True)
class Settings:
    """Where one local stack listens and keeps its state.

    Attributes
    ----------
    port
        Of the front door; the emulator and the containers take the next two.
    state_dir
        Everything that is kept between runs, and the logs.
    package_dir
        The packaged app; shared by all stacks of this clone, since it is the same for all.
    fit_handler, render_handler
        What the two container functions run, as ``module:function``.
    """

    port: int = 5000
    state_dir: Path = PROJECT / ".local"
    package_dir: Path = PROJECT / ".local" / "package"
    fit_handler: str = "fitter_lambda.handler:fit"
    render_handler: str = "fitter_lambda.handler:render"

    @property
    def emulator_port(self) -> int:
        """Port of the emulated AWS."""
        return self.port + 1

    @property
    def containers_port(self) -> int:
        """Port where the container functions are invoked."""
        return self.port + 2

    @property
    def url(self) -> str:
        """Address of the front door."""
        return f"http://localhost:{self.port}"

    @property
    def emulator_url(self) -> str:
        """Endpoint of the emulated AWS."""
        return f"http://127.0.0.1:{self.emulator_port}"

    @property
    def containers_url(self) -> str:
        """Address under which the emulator invokes the container functions."""
        return f"http://127.0.0.1:{self.containers_port}"

    @property
    def token_file(self) -> Path:
        """The administrator's token, bare."""
        return self.state_dir / "token"

    @property
    def pid_file(self) -> Path:
        """The running stack's process id."""
        return self.state_dir / "pid"

    @property
    def logs(self) -> Path:
        """Folder of the logs."""
        return self.state_dir / "logs"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read PORT and HELIOGRAPH_LOCAL_DIR.

        Without PORT it is the port of the stack that runs with this state, if one does.

        Raises
        ------
        SettingsError
            When PORT is no port, or leaves no room for the two after it.

        Examples
        --------
        >>> Settings.from_environment({"PORT": "6000"}).url
        'http://localhost:6000'
        """
        given = environment.get("HELIOGRAPH_LOCAL_DIR")
        state = Path(given).resolve() if given else PROJECT / ".local"
        text = environment.get("PORT") or str(running_port(state / "pid") or 5000)
        if not text.isdigit() or not 1024 <= int(text) <= 65533:
            raise SettingsError(
                f"PORT is {text!r}; expected a number from 1024 to 65533 (the two ports after it are "
                "used as well). For example: PORT=6000 make run"
            )
        return cls(port=int(text), state_dir=state)

    def aws_environment(self) -> dict[str, str]:
        """Return this process's environment with AWS meaning the emulator, and nothing else of AWS.

        A profile or key of the user's own must never reach a process of the local stack.
        """
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return clean | {
            "AWS_ENDPOINT_URL": self.emulator_url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "HELIOGRAPH_STAGE": STAGE,
        }
